"""Hypothesis classes in NumPy: shapes, forward pass, rank and count. No training. One line per entry."""

from operators.architectures.architecture import Architecture, Factors
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights

ARCHITECTURES: dict[str, type[Architecture]] = {architecture.name: architecture for architecture in (DeepONet,)}

__all__ = ["ARCHITECTURES", "Architecture", "DeepONet", "Factors", "Weights"]
