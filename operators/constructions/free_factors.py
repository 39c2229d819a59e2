"""Sigmoid ends: factors in (0, 1) sought without a net, and the net that has them.

With sigmoid ends h = mean + scale (B T^T + b0) on a grid, all entries of B (N, q) and T (M, q) in (0, 1), and Theorem U
(`operators.constructions.explicit`) gives any such B and T: its heads interpolate their logits. So

    min over logits of B and T, and b0, of the mean square of  B T^T + b0 - (labels - mean) / scale

is what wide nets with sigmoid ends reach, and no such net, however deep, goes below it. It is not convex. What L-BFGS finds from
STARTS points is an upper end; below stands the floor of rank q alone, which knows nothing of signs.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from operators.architectures.activations import sigmoid
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.constructions.explicit import HIDDEN, interpolating, widths_of_steps
from operators.data.normalisation import Problem
from operators.seeds import stream

STARTS, ITERATIONS, EVALUATIONS, TOLERANCE = 6, 3000, 4000, 1e-12


@dataclass(frozen=True, eq=False)
class FreeFactors:
    """Factors in (0, 1).

    Attributes:
        branch: logits of B, (N, q).
        trunk: logits of T, (M, q).
        bias: b0.
        error: mean (B T^T + b0 - target)^2.
    """

    branch: Array
    trunk: Array
    bias: float
    error: float


def free_factors(target: Array, q: int, *, starts: int = STARTS) -> FreeFactors:
    """The factors of least error that L-BFGS finds for a matrix (N, M)."""
    functions, points = target.shape

    def loss(free: Array) -> tuple[float, Array]:
        branch, trunk = sigmoid(free[: functions * q].reshape(functions, q)), sigmoid(free[functions * q : -1].reshape(points, q))
        residual = branch @ trunk.T + free[-1] - target
        slopes = residual @ trunk * branch * (1.0 - branch), residual.T @ branch * trunk * (1.0 - trunk)
        gradient = np.concatenate([*(slope.ravel() for slope in slopes), [residual.sum()]])
        return float(np.mean(residual**2)), 2.0 / target.size * gradient

    def descended(number: int) -> Any:
        start = stream("init", "free factors", number).standard_normal((functions + points) * q + 1)
        return scipy.optimize.minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": ITERATIONS, "maxfun": EVALUATIONS, "ftol": TOLERANCE, "gtol": TOLERANCE},
        )

    found = [descended(number) for number in range(starts)]
    best = min(found, key=lambda one: float(one.fun))
    branch, trunk = np.split(best.x[:-1], [functions * q])
    return FreeFactors(branch.reshape(functions, q), trunk.reshape(points, q), float(best.x[-1]), float(best.fun))


def sigmoid_net(like: DeepONet, problem: Problem, q: int) -> tuple[DeepONet, Weights]:
    """The net with the depths and activation of another whose factors are those found for a grid.

    Raises:
        ValueError: other ends, no grid, no hidden layer on a side, an activation that Theorem U does not name, or arguments too
            near one another.
    """
    if like.ends != "sigmoid" or problem.design != "grid" or problem.scale.ndim:
        raise ValueError(f"expected sigmoid ends, a grid and one scale, got {like.ends!r}, {problem.design!r}")
    if not (like.branch_widths and like.trunk_widths) or like.activation not in HIDDEN:
        raise ValueError(f"expected hidden layers on both sides with an activation among {list(HIDDEN)}")
    found = free_factors((problem.labels - problem.mean) / problem.scale, q)
    rows, columns = problem.labels.shape
    branch, trunk = widths_of_steps(len(like.branch_widths), rows), widths_of_steps(len(like.trunk_widths), columns)
    net = replace(like, branch_widths=branch, trunk_widths=trunk, q=q)
    layers = (
        interpolating(problem.inputs, found.branch, net, depth=len(branch)),
        interpolating(problem.points[problem.index], found.trunk, net, depth=len(trunk)),
    )
    return net, deeponet_weights(*layers, found.bias)
