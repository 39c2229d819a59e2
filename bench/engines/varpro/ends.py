"""From solved linear heads to a DeepONet of the declared class.

    linear            the heads are the last layers
    activated-trunk   phi(e z) = phi(0) + phi'(0) e z + O(e^2): with phi(0) = 0 and phi'(0) = s the trunk head times e and the branch
                      head over s e give B T^T as e -> 0. For tanh the error is (e z)^2 / 3 relative, for silu and gelu of the
                      order of e z; at the e below both are under 1e-7. Column k takes e / max |T_k|. Scaling by e costs no digits.

relu and sigmoid have no such limit (one is flat, the other is not zero at 0), nor has a DeepONet with sigmoid ends: these are refused.
"""

import numpy as np

from operators.deeponet import DeepONet, Layer
from operators.task import Array

LINEAR_LIMITS = {"tanh": (1.0, 1e-4), "silu": (0.5, 1e-7), "gelu": (0.5, 1e-7)}
"""phi'(0), and e."""


def unsupported(net: DeepONet) -> str | None:
    """One sentence why the ends of this net cannot stand for linear heads, or None."""
    if net.ends == "sigmoid":
        return "expected linear or activated-trunk ends for the recipe 'varpro', got 'sigmoid'; use 'soap'"
    if net.ends == "activated-trunk" and net.activation not in LINEAR_LIMITS:
        expected = f"expected an activation among {sorted(LINEAR_LIMITS)} for the recipe 'varpro' with an activated trunk"
        return f"{expected}, got {net.activation!r}; use linear ends or 'soap'"
    return None


def last_layers(net: DeepONet, branch: Array, trunk: Array, trunk_values: Array) -> tuple[Layer, Layer]:
    """Last layers of branch and trunk.

    Args:
        net: the architecture.
        branch: W_b (a, q), bias as last row.
        trunk: W_t (c, q), bias as last row.
        trunk_values: T W_t (M, q) at the training points.
    """
    if net.ends == "activated-trunk":
        slope, size = LINEAR_LIMITS[net.activation]
        largest = np.abs(trunk_values).max(axis=0)
        factor = size / np.where(largest > 0.0, largest, 1.0)
        branch, trunk = branch / (slope * factor), trunk * factor
    return Layer(branch[:-1].copy(), branch[-1].copy()), Layer(trunk[:-1].copy(), trunk[-1].copy())
