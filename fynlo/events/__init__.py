"""The event log, page by page: for whoever follows it without a socket."""
