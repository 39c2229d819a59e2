"""Witnesses: weights that anybody can re-verify with NumPy alone."""
