"""The tests. `scripts/test` runs them."""
