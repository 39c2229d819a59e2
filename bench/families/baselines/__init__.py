"""Data sets: what regression reaches on them."""
