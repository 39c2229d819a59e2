"""Square sections lie, rectangular ones certify: the bi-infinite dimerised chain.

    (A x)_k = h_(k-1) x_(k-1) + h_k x_(k+1),   h_k alternately 1 and 2,

is self-adjoint with spectrum {+-|1 + 2 e^(it)|} = [-3, -1] u [1, 3].

    square section       P_n A P_n; one that cuts the strong bonds at both ends has two eigenvalues +-(3/2) 2^(-n/2) (1 + o(1)),
                         which tend to 0, a point at distance 1 from the spectrum
    rectangular section  P_(n+2) (A - z) P_n, all that A - z does to vectors on n sites: its smallest singular value is
                         min |(A - z) x| / |x| over them, hence at least dist(z, spectrum), never grows with n, and tends to it

(Ben-Artzi, Colbrook, Hansen, Nevanlinna, Seidel 2015, arXiv 1508.03280.)
"""

import numpy as np

from operators.arrays import Array

WEAK, STRONG = 1.0, 2.0


def hoppings(count: int, *, strong_first: bool) -> Array:
    """The first bonds of a stretch of the chain."""
    strong = (np.arange(count) % 2 == 0) == strong_first
    return np.asarray(np.where(strong, STRONG, WEAK), dtype=np.float64)


def chain(bonds: Array) -> Array:
    """The section between these bonds: one more site than bonds."""
    return np.asarray(np.diag(bonds, 1) + np.diag(bonds, -1), dtype=np.float64)


def square_eigenvalues(n: int, *, cuts_strong: bool) -> Array:
    """Eigenvalues of the square section of n sites, n even, whose ends cut strong or weak bonds."""
    section = chain(hoppings(n - 1, strong_first=not cuts_strong))
    return np.asarray(np.linalg.eigvalsh(section), dtype=np.float64)


def injection_modulus(n: int, z: complex, *, cuts_strong: bool) -> float:
    """Smallest singular value of the section of n + 2 rows and n columns of A - z."""
    whole = chain(hoppings(n + 1, strong_first=cuts_strong)) - z * np.eye(n + 2)
    return float(np.linalg.svd(whole[:, 1:-1], compute_uv=False)[-1])


def distance_to_spectrum(z: complex) -> float:
    """dist(z, [-3, -1] u [1, 3])."""
    low, high = STRONG - WEAK, STRONG + WEAK
    nearest = min(max(abs(z.real), low), high)
    return float(np.hypot(nearest - abs(z.real), z.imag))
