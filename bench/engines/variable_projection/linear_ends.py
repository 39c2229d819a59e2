"""From solved linear heads to a DeepONet of the declared class.

    linear            the heads are the last layers
    activated-trunk   where phi(0) = 0 and phi'(0) = s > 0, phi(e z) = s e z + O(e^2): the trunk head times e and the branch head
                      over s e give B T^T as e -> 0. The relative error is (e z)^2 / 3 for tanh and of the order of e z for silu
                      and gelu, under 1e-7 at the e below. Column k takes e / max |T_k|. A factor costs no digits.

relu has no slope at 0 and sigmoid does not vanish there, so an activated trunk of these has no such limit; nor have sigmoid ends.

An activated trunk without hidden layers needs none, whatever the activation: its last layer is trained as a hidden one, T =
phi(Y C + c), and the branch head is the only linear one (`has_one_head`).
"""

import numpy as np

from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Layer
from operators.arrays import Array

LINEAR_LIMITS = {"tanh": (1.0, 1e-4), "silu": (0.5, 1e-7), "gelu": (0.5, 1e-7)}
"""phi'(0), and e."""


def has_one_head(net: DeepONet) -> bool:
    """Whether the trunk's last layer is its only one and activated, so that the branch alone has a linear head."""
    return net.ends == "activated-trunk" and not net.trunk_widths


def unsupported(net: DeepONet) -> str | None:
    """One sentence why the ends of this net cannot stand for linear heads, or None."""
    if net.ends not in ("linear", "activated-trunk"):
        return f"expected linear or activated-trunk ends for the recipe 'variable-projection', got {net.ends!r}; use 'soap'"
    if net.ends == "activated-trunk" and net.activation not in LINEAR_LIMITS and not has_one_head(net):
        expected = (
            f"expected an activation among {sorted(LINEAR_LIMITS)} for the recipe 'variable-projection' with an activated trunk"
        )
        return f"{expected}, got {net.activation!r}; use linear ends or 'soap'"
    return None


def last_matrices(net: DeepONet, branch: Array, trunk: Array, trunk_values: Array) -> tuple[Array, Array]:
    """Matrices of the last layers of branch and trunk, bias as last row.

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
    return branch, trunk


def last_layers(net: DeepONet, branch: Array, trunk: Array, trunk_values: Array) -> tuple[Layer, Layer]:
    """The same as layers."""
    matrices = last_matrices(net, branch, trunk, trunk_values)
    last_branch, last_trunk = (Layer(matrix[:-1].copy(), matrix[-1].copy()) for matrix in matrices)
    return last_branch, last_trunk
