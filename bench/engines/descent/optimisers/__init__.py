"""Optimisers of the descent loop, one per file."""
