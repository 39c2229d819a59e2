"""`bench fit` where functions share no points: each has its own, or rows are triples (u, y, value)."""
