"""Companion experiments: the mathematics of the other strands of the programme."""
