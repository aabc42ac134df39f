"""The room: its tables, and what is open at them."""
