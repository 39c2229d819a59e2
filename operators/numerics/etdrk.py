"""Exponential time differencing, fourth-order Runge-Kutta (ETDRK4), for stiff systems v' = L v + N(v).

Cox and Matthews' scheme,

    a = e^{hL/2} v + Q N(v),  b = e^{hL/2} v + Q N(a),  c = e^{hL/2} a + Q (2 N(b) - N(v)),
    v+ = e^{hL} v + f1 N(v) + 2 f2 (N(a) + N(b)) + f3 N(c),

with Q = h/2 phi_1(hL/2), f1 = h (phi_1 - 3 phi_2 + 4 phi_3)(hL), f2 = h (phi_2 - 2 phi_3)(hL), f3 = h (4 phi_3 -
phi_2)(hL) and phi_1(z) = (e^z - 1)/z, phi_{j+1}(z) = (phi_j(z) - 1/j!)/z. A constant N is integrated exactly. Order 4
for smooth solutions; the stiff order can be lower when N(v) does not satisfy the boundary conditions of L.

The phi functions suffer from cancellation near z = 0. For a diagonal L they are means over a circle around z (Kassam
and Trefethen); for a matrix they are blocks of one augmented matrix exponential (Sidje; Al-Mohy and Higham).

References: Cox and Matthews 2002, doi:10.1006/jcph.2002.6995. Kassam and Trefethen 2005, doi:10.1137/S1064827502410633.
Al-Mohy and Higham 2011, doi:10.1137/100788860.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array

State = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Etdrk4:
    """The coefficients of one step of length h; `product(v, coefficient)` applies one to states (N, n)."""

    product: Callable[[State, State], State]
    full: State
    half: State
    q: State
    f1: State
    f2: State
    f3: State

    def step(self, v: State, nonlinear: Callable[[State], State]) -> State:
        """Advance states (N, n) by one step."""
        times = self.product
        n_v = nonlinear(v)
        half_v = times(v, self.half)
        a = half_v + times(n_v, self.q)
        n_a = nonlinear(a)
        n_b = nonlinear(half_v + times(n_a, self.q))
        n_c = nonlinear(times(a, self.half) + times(2.0 * n_b - n_v, self.q))
        return times(v, self.full) + times(n_v, self.f1) + times(2.0 * (n_a + n_b), self.f2) + times(n_c, self.f3)


def _assemble(product: Callable[[State, State], State], h: float, whole: tuple[State, ...], half: tuple[State, ...]) -> Etdrk4:
    exponential, phi1, phi2, phi3 = whole
    return Etdrk4(
        product=product,
        full=exponential,
        half=half[0],
        q=h / 2.0 * half[1],
        f1=h * (phi1 - 3.0 * phi2 + 4.0 * phi3),
        f2=h * (phi2 - 2.0 * phi3),
        f3=h * (4.0 * phi3 - phi2),
    )


def diagonal(eigenvalues: State, h: float) -> Etdrk4:
    """Coefficients for L = diag(eigenvalues), real or complex, acting on states (N, n)."""
    return _assemble(np.multiply, h, _phi_diagonal(h * eigenvalues), _phi_diagonal(h / 2.0 * eigenvalues))


def dense(matrix: Array, h: float) -> Etdrk4:
    """Coefficients for a full matrix L (n, n), acting on each row of states (N, n)."""
    return _assemble(np.matmul, h, _phi_dense(h * matrix), _phi_dense(h / 2.0 * matrix))


def _phi_diagonal(z: State) -> tuple[State, ...]:
    """e^z, phi_1, phi_2, phi_3 by the mean over a unit circle around z: 64 points, of which real z need the upper half only."""
    roots = np.exp(1j * np.pi * (np.arange(64 if np.iscomplexobj(z) else 32) + 0.5) / 32)
    w = z[:, None] + roots
    phi1 = (np.exp(w) - 1.0) / w
    phi2 = (phi1 - 1.0) / w
    phi3 = (phi2 - 0.5) / w
    means = (phi if np.iscomplexobj(z) else phi.real for phi in (phi1, phi2, phi3))
    return (np.exp(z), *(phi.mean(axis=1) for phi in means))


def _phi_dense(z: Array) -> tuple[Array, ...]:
    """Transposes of e^Z, phi_1(Z), phi_2(Z), phi_3(Z): first row of exp [[Z, I, 0, 0], [0, 0, I, 0], [0, 0, 0, I], 0]."""
    n = len(z)
    augmented = np.zeros((4 * n, 4 * n))
    augmented[:n, :n] = z
    augmented[: 3 * n, n:] += np.eye(3 * n)
    top = scipy.linalg.expm(augmented)[:n]
    return tuple(np.ascontiguousarray(top[:, j * n : (j + 1) * n].T) for j in range(4))
