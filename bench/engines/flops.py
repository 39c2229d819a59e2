"""Floating-point work of training, by formula.

A product of an (r, a) by an (a, b) matrix counts 2 r a b operations; a training step counts three times its forward pass (one
forward, two of the same size backward). Activations and the optimiser, linear in the number of values, are left out. Other
architectures than the DeepONet count what they state of their own forward pass (`operations`), activations included.
"""

from itertools import pairwise

from bench.cell import Cell
from operators.architectures import DeepONet


def step_flops(cell: Cell) -> float:
    """Operations of one optimiser step: branch on B functions, trunk on the distinct points, B M inner products of length q."""
    net, labels = cell.net(), cell.batch * cell.points
    distinct = cell.points if cell.design == "grid" else min(labels, len(cell.request().task.points()))
    if not isinstance(net, DeepONet):
        return 3.0 * net.operations(cell.batch, distinct, labels)
    branch = cell.batch * _products(net.branch_sizes())
    trunk = distinct * _products(net.trunk_sizes())
    return 3.0 * 2.0 * (branch + trunk + labels * net.q)


def training_flops(cell: Cell) -> float:
    """Operations of the whole budget of a cell."""
    return cell.steps * step_flops(cell)


def _products(sizes: tuple[int, ...]) -> int:
    return sum(a * b for a, b in pairwise(sizes))
