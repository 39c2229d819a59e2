"""Bracket searches: which training to ask for next, and what is certified below."""
