"""-div(a grad u) = 1 on the unit square, u = 0 on the boundary, for a constant on the control volumes of a uniform grid.

Nodes (i h, j h), h = 1 / n; a is constant on the square of side h around each node, with one of two values. The dual
cells, whose corners are four neighbouring nodes, then have four constant quadrants, so one of 16 patterns; all
singularities of u sit at the centres of the cells. The energy is minimised over functions whose traces on the edges of
the cells are piecewise polynomial and which solve the equation inside (`operators.numerics.subdomain`). Traces are smooth on
half edges, so the error falls geometrically with the degree.

Unknowns: v[kind, i, j, sample]; kind 0 is the node (i, j), then come 2 degree - 1 kinds for the edge from it to the node
(i + 1, j), then as many for the edge to (i, j + 1). Entries outside the open square stay 0.

The systems are solved by conjugate gradients, preconditioned by the problem with a = 1. Its matrix is invariant under
translations of the grid and reflections; sines and cosines reduce it to one small block for each pair of wave numbers.
The spectra are equivalent with constants min a and max a, so with c = max a / min a the error falls by (sqrt(c) - 1) /
(sqrt(c) + 1) an iteration (1/3 for 12/3), whatever n and the degree. Large contrasts cost sqrt(c) iterations.

References: Toselli and Widlund, Domain Decomposition Methods, Springer 2005, doi:10.1007/b137868.
Hou and Wu 1997, doi:10.1006/jcph.1997.5682 (functions that solve the equation inside cells).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.numerics import conjugate_gradients, subdomain
from operators.work import PRODUCT, TRANSCENDENTAL, Work, elementwise


@dataclass(frozen=True)
class Skeleton:
    """The discretisation: n cells a side, two values of a, degree of the traces, elements in half a cell."""

    n: int
    low: float
    high: float
    degree: int
    refinement: int

    def solve(self, high: NDArray[np.bool_], *, tolerance: float, iterations: int = 2000) -> Array:
        """Values of u at the nodes for every set of nodes where a is high: (n + 1, n + 1, N) booleans -> (n + 1, n + 1, N)."""
        patterns = high[:-1, :-1] + 2 * high[1:, :-1] + 4 * high[:-1, 1:] + 8 * high[1:, 1:]
        problems = [self._cell(pattern) for pattern in range(16)]
        loads = np.array([load for _, load in problems]).T / self.n**2
        matrices = [matrix for matrix, _ in problems]
        solution = conjugate_gradients.solve(
            _Matrix(self, patterns, matrices),
            self.assemble(loads[:, patterns]),
            precondition=_preconditioner(self.n, self.degree, self.refinement),
            tolerance=tolerance,
            iterations=iterations,
        )
        return solution[0]

    def work(self, batch: int, *, tolerance: float, iterations: int = 2000) -> Work:
        """What `solve` takes for so many samples at once."""
        kinds, local, nodes, n = 4 * self.degree - 1, 8 * self.degree, (self.n + 1) ** 2, self.n
        apply = 2.0 * PRODUCT * (local * n) ** 2 + 12.0 * local * n * n
        precondition = PRODUCT * (4.0 * kinds * (n + 1) ** 3 + nodes * kinds**2) + 16.0 * kinds * nodes
        rounds = 1 + self.iterations(tolerance, most=iterations)
        vectors = Work(batch * (apply + precondition + 8.0 * kinds * nodes), batch * (12.0 * kinds * nodes + 4.0 * local * n * n))
        return vectors.times(rounds)

    def preparation(self) -> Work:
        """What the local problems and the preconditioner take, once."""
        kinds, nodes = 4 * self.degree - 1, (self.n + 1) ** 2
        transforms = elementwise(2.0 * kinds * nodes, TRANSCENDENTAL, copies=1.0)
        blocks = PRODUCT * (4.0 * kinds**2 * (self.n + 1) ** 3 + 8.0 * nodes * kinds**3)
        return subdomain.work(self.degree, self.refinement).times(17) + transforms + Work(blocks, 4.0 * nodes * kinds**2)

    def iterations(self, tolerance: float, *, most: int) -> int:
        """Iterations that reduce the preconditioned residual by `tolerance`.

        With c = high / low its ratio after k is at most 2 sqrt(c) ((sqrt(c) - 1) / (sqrt(c) + 1))^k.
        """
        root = math.sqrt(self.high / self.low)
        if root <= 1.0:
            return 1
        rate = math.log((root + 1.0) / (root - 1.0))
        return min(most, math.ceil(math.log(2.0 * root / tolerance) / rate) + 1)

    def _cell(self, pattern: int) -> tuple[Array, Array]:
        a = [self.high if pattern >> corner & 1 else self.low for corner in range(4)]
        return subdomain.schur((a[0], a[1], a[2], a[3]), self.degree, self.refinement)

    def restrict(self, v: Array) -> Array:
        """Values of v on every cell: (kinds, n + 1, n + 1, N) -> (m, n, n, N)."""
        n, count = self.n, 2 * self.degree - 1
        node, horizontal, vertical = v[0], v[1 : 1 + count], v[1 + count :]
        cells = np.empty((4 + 4 * count, n, n, v.shape[-1]))
        cells[0], cells[1], cells[2], cells[3] = node[:-1, :-1], node[1:, :-1], node[:-1, 1:], node[1:, 1:]
        edges = cells[4:].reshape(4, count, n, n, -1)
        edges[0], edges[1] = horizontal[:, :-1, :-1], horizontal[:, :-1, 1:]
        edges[2], edges[3] = vertical[:, :-1, :-1], vertical[:, 1:, :-1]
        return cells

    def assemble(self, cells: Array) -> Array:
        """Transpose of `restrict`, with zero on the boundary: (m, n, n, N) -> (kinds, n + 1, n + 1, N)."""
        n, count = self.n, 2 * self.degree - 1
        v = np.zeros((1 + 2 * count, n + 1, n + 1, cells.shape[-1]))
        inner, edges = slice(1, n), cells[4:].reshape(4, count, n, n, -1)
        v[0, inner, inner] = cells[0, 1:, 1:] + cells[1, :-1, 1:] + cells[2, 1:, :-1] + cells[3, :-1, :-1]
        v[1 : 1 + count, :n, inner] = edges[0, :, :, 1:] + edges[1, :, :, :-1]
        v[1 + count :, inner, :n] = edges[2, :, 1:] + edges[3, :, :-1]
        return v


class _Matrix:
    """The assembled matrix: cells with one value of a share one Schur complement, the others go pattern by pattern."""

    def __init__(self, skeleton: Skeleton, patterns: NDArray[np.int_], matrices: list[Array]) -> None:
        flat = patterns.ravel()
        order = np.argsort(flat, kind="stable")
        ends = np.searchsorted(flat[order], np.arange(17))
        self.skeleton, self.matrices = skeleton, matrices
        self.low, self.high = flat == 0, flat == 15
        self.scale = np.where(self.high, skeleton.high / skeleton.low, 1.0)
        self.mixed = order[ends[1] : ends[15]]
        self.ends = ends - ends[1]

    def __call__(self, v: Array) -> Array:
        cells = self.skeleton.restrict(v)
        flat = cells.reshape(len(cells), -1)
        out = self.matrices[0] @ flat
        out *= self.scale
        mixed = flat[:, self.mixed]
        for pattern in range(1, 15):
            part = slice(self.ends[pattern], self.ends[pattern + 1])
            mixed[:, part] = self.matrices[pattern] @ mixed[:, part]
        out[:, self.mixed] = mixed
        return self.skeleton.assemble(out.reshape(cells.shape))


class _Transform:
    """Sines and cosines of every kind of unknown, orthonormal on the range of that kind."""

    def __init__(self, n: int, degree: int) -> None:
        k, i = np.arange(n + 1)[:, None], np.arange(n + 1)
        node = math.sqrt(2.0 / n) * np.sin(math.pi * k * i / n)
        node[[0, n]] = node[:, [0, n]] = 0.0
        even = np.where(k == n, math.sqrt(1.0 / n), math.sqrt(2.0 / n)) * np.sin(math.pi * k * (i + 0.5) / n)
        odd = np.where(k == 0, math.sqrt(1.0 / n), math.sqrt(2.0 / n)) * np.cos(math.pi * k * (i + 0.5) / n)
        even[:, n] = odd[:, n] = even[0] = odd[n] = 0.0
        edge = [even] * degree + [odd] * (degree - 1)
        self.x = np.array([node, *edge, *[node] * len(edge)])
        self.y = np.array([node, *[node] * len(edge), *edge])

    def forward(self, v: Array) -> Array:
        """Values (kinds, n + 1, n + 1, N) to amplitudes (kinds, n + 1, n + 1, N)."""
        return _both(self.x, self.y, v)

    def backward(self, v: Array) -> Array:
        """Amplitudes to values."""
        return _both(self.x.transpose(0, 2, 1), self.y.transpose(0, 2, 1), v)


def _both(x: Array, y: Array, v: Array) -> Array:
    return np.matmul(y[:, None], np.matmul(x, v.reshape(*v.shape[:2], -1)).reshape(v.shape))


@functools.lru_cache(maxsize=8)
def _preconditioner(n: int, degree: int, refinement: int) -> "_Laplacian":
    return _Laplacian(n, degree, refinement)


class _Laplacian:
    """The inverse of the problem with a = 1, one block (kinds, kinds) for each pair of wave numbers."""

    def __init__(self, n: int, degree: int, refinement: int) -> None:
        skeleton = Skeleton(n, 1.0, 1.0, degree, refinement)
        matrix, _ = subdomain.schur((1.0, 1.0, 1.0, 1.0), degree, refinement)
        self.transform = _Transform(n, degree)
        kinds = len(self.transform.x)
        blocks = np.zeros((n + 1, n + 1, kinds, kinds))
        for kind in range(kinds):
            unit = np.zeros((kinds, n + 1, n + 1, 1))
            unit[kind] = 1.0
            image = skeleton.assemble(np.tensordot(matrix, skeleton.restrict(self.transform.backward(unit)), 1))
            blocks[..., kind] = self.transform.forward(image)[..., 0].transpose(1, 2, 0)
        absent = np.abs(np.diagonal(blocks, axis1=2, axis2=3)) < 1e-10
        blocks += absent[..., None] * np.eye(kinds)
        self.inverse = np.linalg.inv(blocks)

    def __call__(self, v: Array) -> Array:
        amplitudes = self.transform.forward(v).transpose(1, 2, 0, 3)
        return self.transform.backward(np.ascontiguousarray(np.matmul(self.inverse, amplitudes).transpose(2, 0, 1, 3)))
