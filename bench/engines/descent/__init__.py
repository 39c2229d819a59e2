"""Gradient descent compiled by XLA: the loop, the losses, the networks and the optimisers."""
