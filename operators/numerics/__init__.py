"""Solvers and random fields; none of them knows a task."""
