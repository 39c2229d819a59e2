"""Norms instead of sizes: Rademacher complexity of bias-free DeepONets and what absorbing noise asks of their weights.

Rademacher noise +-s, D >= |h - g| on the design. With probability >= 1 - delta every h of the class has

    eps <= 2 s Rad + s D sqrt(8 ln(1 / delta) / n),     Rad = E sup_h (1/n) sum e_i h_i.

Proof. S(z) = sup [2 <z, h - g>_n - |h - g|_n^2] >= eps; E S <= 2 s Rad (drop the square, the term in g has mean zero); changing
one z_i moves S by at most 4 s D / n; McDiarmid.

Nets without biases, activation |.| (positively homogeneous and multiplicative), L weight matrices B_1..B_L and T_1..T_L, heads
B_L, T_L (Gopalani, Karmakar, Kumar, Mukherjee 2024, arXiv 2205.11359):

    capacity = [sum_{k1,k2} |(B_L^T T_L)_{k1 k2}| |row k1 of B_{L-1}| |row k2 of T_{L-1}|] prod_{j <= L-2} |B_j|_F |T_j|_F
    Rad(capacity <= c) <= 2^(L-1) c sqrt(sum_i |u_i|^2 |y_i|^2) / n.

Proof. Write |<b,.>||<t,.>| = |b||t| |<b^,.><t^,.>| with unit vectors; l1 norm of the coefficients times supremum; the
contraction E sup |sum e_i phi(f_i)| <= 2 E sup |sum e_i f_i| (phi 1-Lipschitz, phi(0) = 0) removes |.|; once per hidden layer,
with Cauchy and Schwarz for the Frobenius norms; at the inputs the supremum over unit vectors is an operator norm, at most
sqrt(sum |u|^2 |y|^2) in the mean.

Without hidden layers, L = 1, the net is <B_1 u, T_1 y> = <B_1^T T_1, u y^T> and Cauchy and Schwarz alone give the same statement
with capacity |B_1^T T_1|_F.

Unchanged under B_1 -> c B_1, B_L -> B_L / c and the like. To absorb eps the capacity must grow like sqrt(n); q and d do not
enter, so the bound answers neither question of a size. Oracle: what follows is used by tests only.
"""

import math
from collections.abc import Sequence

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import CONFIDENCE, Bound


def capacity(branch: Sequence[Array], trunk: Sequence[Array]) -> float:
    """The capacity of weight matrices (fan out, fan in), from the input to the head.

    Raises:
        ValueError: no matrix, or not the same number in both.
    """
    if len(branch) != len(trunk) or not branch:
        raise ValueError(f"expected the same number >= 1 of weight matrices in both nets, got {len(branch)} and {len(trunk)}")
    if len(branch) == 1:
        return float(np.linalg.norm(branch[0].T @ trunk[0]))
    rows = [np.linalg.norm(matrices[-2], axis=1) for matrices in (branch, trunk)]
    outer = float(rows[0] @ np.abs(branch[-1].T @ trunk[-1]) @ rows[1])
    inner = [np.linalg.norm(matrix) for matrices in (branch, trunk) for matrix in matrices[:-2]]
    return outer * float(np.prod(inner))


def complexity(bound: float, matrices: int, *, data_norm: float, n: int) -> float:
    """Upper bound on Rad of {capacity <= bound} for L = matrices; data_norm = sqrt(sum_i |u_i|^2 |y_i|^2) over the n labels."""
    return 2.0 ** (matrices - 1) * bound * data_norm / n


def deviation(n: int, s: float, width: float, *, failure_probability: float) -> float:
    """The term s D sqrt(8 ln(1 / delta) / n) for D = width."""
    return s * width * math.sqrt(-8.0 * math.log(failure_probability) / n)


def absorbable_energy(bound: float, matrices: int, *, data_norm: float, n: int, s: float, chance: float) -> float:
    """Largest eps of {capacity <= bound}; `chance` is the deviation term."""
    return 2.0 * s * complexity(bound, matrices, data_norm=data_norm, n=n) + chance


def necessary_capacity(eps: float, matrices: int, *, data_norm: float, n: int, s: float, chance: float) -> float:
    """Least capacity of a net that absorbs eps; 0 where the statement is empty."""
    return max(0.0, (eps - chance) * n / (2.0**matrices * s * data_norm))


BOUND = Bound(
    name="rademacher-capacity",
    title="capacity >= (eps - s D sqrt(8 ln(1/delta)/n)) n / (2^L s sqrt(sum |u|^2 |y|^2)): norms must grow like sqrt(n)",
    status="certified",
    citation="Gopalani, Karmakar, Kumar, Mukherjee 2024, arXiv 2205.11359 (capacity); inequality derived in docs/theory.md",
    hypotheses=("no biases, activation |.|, L matrices in each net", "Rademacher noise drawn once", "|h - g| <= D on the design"),
    target="absorb",
    limits="norms",
    probability=CONFIDENCE,
    assumptions=frozenset({"per-record"}),
    needs=frozenset({"rademacher"}),
    least_size=None,
    best_target=None,
)
