"""Execution: cells in, records out, on whatever executor; costs in advance."""
