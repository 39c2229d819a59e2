"""-div(a grad u) = f on the unit square, u = 0 on the boundary: five-point finite volumes, many coefficients at once.

Nodes (i h, j h), h = 1 / n; the control volume of a node is the square of side h around it. The flux through the face
between two nodes is a at the middle of the face times the difference quotient. Order 2 for smooth a, with an error
expansion in h^2, so that (9 u_{h/3} - u_h) / 8 has order 4 (Richardson).

The systems are solved by conjugate gradients (`operators.numerics.conjugate_gradients`). The preconditioner scales the
coefficient away, A ~ sqrt(a) (-Lap) sqrt(a) (Concus and Golub), and inverts the Laplacian by two dense sine transforms.
For smooth a the iterations do not grow with n. A coefficient that jumps breaks the order and the preconditioner; it
needs `operators.numerics.substructuring`.

References: Eymard, Gallouet, Herbin 2000, Finite volume methods, doi:10.1016/S1570-8659(00)07005-8.
Concus and Golub 1973, doi:10.1137/0710092.
"""

import math

import numpy as np

from operators.arrays import Array
from operators.numerics import conjugate_gradients
from operators.work import PRODUCT, TRANSCENDENTAL, Work, elementwise

ITERATIONS = 500


def solve(east: Array, north: Array, node: Array, *, right: Array | float = 1.0, tolerance: float = 1e-10) -> Array:
    """Solve for every coefficient of a batch (last axis).

    Args:
        east: (n, n - 1, N) values of a at ((i + 1/2) h, j h), 0 < j < n.
        north: (n - 1, n, N) values of a at (i h, (j + 1/2) h), 0 < i < n.
        node: (n - 1, n - 1, N) values of a at the interior nodes; they enter the preconditioner only.
        right: f at the interior nodes, or one number.
        tolerance: relative residual at which the worst sample stops.

    Returns:
        (n + 1, n + 1, N) values of u at the nodes, zero on the boundary.
    """
    n = len(east)
    diagonal = east[:-1] + east[1:] + north[:, :-1] + north[:, 1:]
    inner_east, inner_north = east[1:-1], north[:, 1:-1]
    scale = 1.0 / np.sqrt(node)
    invert = _InverseLaplacian(n)

    def matrix(v: Array) -> Array:
        out = diagonal * v
        out[1:] -= inner_east * v[:-1]
        out[:-1] -= inner_east * v[1:]
        out[:, 1:] -= inner_north * v[:, :-1]
        out[:, :-1] -= inner_north * v[:, 1:]
        return out

    u = np.zeros((n + 1, n + 1, node.shape[-1]))
    u[1:-1, 1:-1] = conjugate_gradients.solve(
        matrix,
        np.broadcast_to(right, node.shape) / n**2,
        precondition=lambda r: scale * invert(scale * r),
        tolerance=tolerance,
        iterations=ITERATIONS,
    )
    return u


def work(n: int, batch: int, iterations: int) -> Work:
    """What `solve` takes for `batch` coefficients on n cells a side: in each iteration four sine transforms by products."""
    iteration = 4.0 * PRODUCT * n**3 + 40.0 * n**2
    prepared = elementwise(2.0 * n * n, 2.0 * TRANSCENDENTAL)
    return Work(batch * iteration * (iterations + 1), 16.0 * batch * n * n) + prepared


class _InverseLaplacian:
    """Map v to (five-point Laplacian of unit spacing)^-1 v for (n - 1, n - 1, N) interior values."""

    def __init__(self, n: int) -> None:
        k = np.arange(1, n)
        self.sine = math.sqrt(2.0 / n) * np.sin(math.pi * np.outer(k, k) / n)
        eigenvalues = 4.0 * np.sin(math.pi * k / (2.0 * n)) ** 2
        self.inverse = 1.0 / (eigenvalues[:, None] + eigenvalues)[..., None]

    def __call__(self, v: Array) -> Array:
        return self._transform(self.inverse * self._transform(v))

    def _transform(self, v: Array) -> Array:
        rows = (self.sine @ v.reshape(len(v), -1)).reshape(v.shape)
        return np.matmul(self.sine, rows)
