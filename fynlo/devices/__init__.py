"""Kitchen displays and tills: pairing them by a code (RFC 8628), and signing in on them by PIN."""
