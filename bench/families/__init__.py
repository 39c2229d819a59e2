"""How each family of experiments runs a cell."""
