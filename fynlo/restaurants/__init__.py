"""Restaurants: the tenants, and the settings that orders are stamped with."""
