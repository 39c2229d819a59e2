"""Hypothesis classes in NumPy: shapes, forward pass, rank and count. No training. One line per entry."""

from operators.architectures.architecture import Architecture, Factors
from operators.architectures.deeponet import DeepONet
from operators.architectures.fourier import FourierOperator
from operators.architectures.mlp import MLP
from operators.architectures.modified_deeponet import ModifiedDeepONet
from operators.architectures.pod_deeponet import PODDeepONet
from operators.architectures.shift_deeponet import ShiftDeepONet
from operators.architectures.weights import Weights

ARCHITECTURES: dict[str, type[Architecture]] = {
    architecture.name: architecture
    for architecture in (
        DeepONet,
        PODDeepONet,
        ShiftDeepONet,
        ModifiedDeepONet,
        MLP,
        FourierOperator,
    )
}

__all__ = [
    "ARCHITECTURES",
    "MLP",
    "Architecture",
    "DeepONet",
    "Factors",
    "FourierOperator",
    "ModifiedDeepONet",
    "PODDeepONet",
    "ShiftDeepONet",
    "Weights",
]
