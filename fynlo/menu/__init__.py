"""What a restaurant sells: the menu as screens see it, and products as orders price them."""
