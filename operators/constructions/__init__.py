"""Nets that are written down: explicit ones that attain a floor without training, and what pruning leaves of them."""
