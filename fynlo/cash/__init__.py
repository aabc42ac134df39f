"""Cash drawers: who has them, what goes in and out, and the count at the end."""
