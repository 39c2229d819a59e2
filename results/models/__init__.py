"""Trained nets as files: a DeepONet of its own units in NumPy, and the formats that other frameworks read."""
