"""Fynlo: the backend of a restaurant point of sale."""

__version__ = "0.1.0"
