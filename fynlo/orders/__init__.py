"""Orders: what was asked for, what it costs, how far it has come, and how it was paid."""
