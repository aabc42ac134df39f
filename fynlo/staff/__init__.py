"""Who works in a restaurant: inviting them, their roles, their PINs, letting them go."""
