"""Hypothesis classes in NumPy: shapes, forward pass, rank and count. No training."""
