"""What the server promises over HTTP, asked of a server that runs."""
