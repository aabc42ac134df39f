"""Webhooks: a restaurant's events, sent to endpoints of its choice (standardwebhooks.com)."""
