"""Pages without a build step: the kitchen display, the API viewer, and `fynlo.js`, which they stand on."""
