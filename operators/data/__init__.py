"""Data sets: requests, sampling, generated functions, noise, normalisation."""
