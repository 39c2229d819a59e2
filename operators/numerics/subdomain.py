"""-div(a grad u) = 1 on one cell with four constant quadrants, reduced to the values of u on the boundary of the cell.

    cell [0, 1]^2, a = a00, a10, a01, a11 on its quadrants (first index: x), u = g on the boundary, g in the trace space
    energy of the solution = g^T S g / 2 - b^T g + constant;   S the Schur complement (m, m), b the load (m,)

Trace space: continuous on the boundary, and on each half of each edge (a jumps at the midpoints) a polynomial of degree
`degree`: m = 4 + 4 (2 degree - 1) numbers. Coordinates, in this order: the corners 00, 10, 01, 11; then for the edges y
= 0, y = 1, x = 0, x = 1 the midpoint, the symmetric and the antisymmetric combinations (u(s) +- u(1 - s)) / sqrt(2) of
the Gauss-Lobatto points s inside the first half.

The interior is solved by bilinear finite elements on a tensor grid graded quadratically to the lines x = 1/2 and y =
1/2, so that the singularity r^lambda at the centre (lambda > 0.59 for contrast 4) costs no accuracy. S and b scale as 1
and h^2 with the size h of the cell.

References: Toselli and Widlund, Domain Decomposition Methods, Springer 2005, chapter 4 (Schur complements),
doi:10.1007/b137868. Grisvard, Elliptic Problems in Nonsmooth Domains, SIAM 2011, doi:10.1137/1.9781611972030 (corner
singularities).
"""

import functools
import math

import numpy as np
import scipy

from operators.arrays import Array
from operators.work import Work


@functools.lru_cache(maxsize=128)
def schur(quadrants: tuple[float, float, float, float], degree: int, refinement: int) -> tuple[Array, Array]:
    """Return S (m, m) and b (m,) for the coefficients (a00, a10, a01, a11), with 2 * refinement elements a side."""
    x = _graded(refinement)
    halves = (range(refinement), range(refinement, 2 * refinement))
    stiffness, mass = zip(*(_one_dimensional(x, half) for half in halves), strict=True)
    terms = [
        a * (scipy.sparse.kron(stiffness[i], mass[j]) + scipy.sparse.kron(mass[i], stiffness[j]))
        for a, (j, i) in zip(quadrants, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True)
    ]
    matrix = sum(terms[1:], terms[0]).tocsc()
    widths = np.asarray((mass[0] + mass[1]).sum(axis=1)).ravel()
    traces = _boundary_values(x, degree)
    interior = np.arange(len(x) ** 2).reshape(len(x), len(x))[1:-1, 1:-1].ravel()
    extension = traces.copy()
    extension[interior] = -scipy.sparse.linalg.splu(matrix[interior][:, interior]).solve(matrix[interior] @ traces)
    reduced = extension.T @ (matrix @ extension)
    return 0.5 * (reduced + reduced.T), extension.T @ np.kron(widths, widths)


def work(degree: int, refinement: int) -> Work:
    """What `schur` takes: a factorisation of the five-point pattern on N points, N^(3/2), and a solve for every trace."""
    points, traces = (2.0 * refinement + 1.0) ** 2, 8.0 * degree
    fill = 31.0 * points * math.log2(points)
    return Work(200.0 * points**1.5 + 2.0 * traces * fill + points * traces**2, 3.0 * fill + 6.0 * points * traces)


def _graded(refinement: int) -> Array:
    """2 refinement + 1 points of [0, 1], quadratically graded to 1/2."""
    t = 0.5 * (np.arange(refinement + 1) / refinement) ** 2
    return np.concatenate([0.5 - t[::-1], 0.5 + t[1:]])


def _one_dimensional(x: Array, elements: range) -> "tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]":
    """Stiffness and mass matrices of linear elements, summed over these intervals of the grid x."""
    stiffness, mass = np.zeros((2, len(x), len(x)))
    for e in elements:
        width = x[e + 1] - x[e]
        stiffness[e : e + 2, e : e + 2] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / width
        mass[e : e + 2, e : e + 2] += np.array([[2.0, 1.0], [1.0, 2.0]]) * width / 6.0
    return scipy.sparse.csr_array(stiffness), scipy.sparse.csr_array(mass)


def _edge_functions(x: Array, degree: int) -> Array:
    """Trace functions of one edge at x: (len(x), 2 degree + 1); first end, last end, midpoint, symmetric, antisymmetric."""
    inner = np.polynomial.legendre.Legendre.basis(degree).deriv().roots().real
    lobatto = 0.25 * (1.0 + np.concatenate([[-1.0], inner, [1.0]]))
    left = np.zeros((len(x), degree + 1))
    first = x <= 0.5
    for j in range(degree + 1):
        others = np.delete(lobatto, j)
        left[first, j] = np.prod((x[first, None] - others) / (lobatto[j] - others), axis=1)
    right = left[::-1]
    middle = np.where(first, left[:, -1], right[:, -1])
    symmetric, antisymmetric = left[:, 1:-1] + right[:, 1:-1], left[:, 1:-1] - right[:, 1:-1]
    return np.column_stack([left[:, 0], right[:, 0], middle, symmetric / np.sqrt(2.0), antisymmetric / np.sqrt(2.0)])


def _boundary_values(x: Array, degree: int) -> Array:
    """Values of the m trace functions at all grid points, zero inside: (len(x)^2, m)."""
    count, size = 2 * degree - 1, len(x)
    edge = _edge_functions(x, degree)
    values = np.zeros((size, size, 4 + 4 * count))
    for side, line in enumerate((0, size - 1)):
        values[:, line, [2 * side, 2 * side + 1]] = edge[:, :2]
        values[line, :, [side, side + 2]] = edge[:, :2].T
        values[:, line, 4 + side * count : 4 + (side + 1) * count] = edge[:, 2:]
        values[line, :, 4 + (2 + side) * count : 4 + (3 + side) * count] = edge[:, 2:]
    return values.reshape(size**2, -1)
