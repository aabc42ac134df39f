"""Orders: what was asked for, what it costs, and how far it has come."""
