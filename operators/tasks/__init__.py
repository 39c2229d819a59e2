"""Operators to be learnt, one per file; none of them knows training."""
