"""Noise on a grid, deterministically: what the singular values of this very noise leave room for.

Y = G + Z on N functions and M points, V = |Z|_F^2 / (N M).

 a  Exact. A model of rank r and offset absorbs rho only if its floor against Y is at most (1 - rho) V; the least such r is the
    exact minimal rank over all predictors of that kind.
 b  rank G <= g:  tail_{r+g}(Z) <= tail_r(Y), since |Y - H| = |Z - (H - G)| with rank(H - G) <= r + g; and for r >= g
    tail_r(Y) <= tail_{r-g}(Z), by Weyl s_{k+g}(Y) <= s_k(Z) (for r < g signal is left over).
    So absorbing eps needs sum_{k <= r+g} s_k(Z)^2 >= N M eps.
 c  any G = G_g + rest (truncated SVD): with p = r + g <= min(N, M), the best over g of
    N M R >= |Z + rest|_F^2 - (sqrt(sum_{k <= p} s_k(Z)^2) + sqrt(sum_{k <= p} s_k(rest)^2))^2
    (triangle inequality for the Ky Fan norm). Useful when noise and signal are known by their singular values only.

An offset counts as one more rank in b and c: use g + 1.
"""

import math

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import Bound, Setting, Statement, at_least_q, at_most_rho, not_applicable
from operators.bounds.lemmas.singular_values import singular_values, tail_sums

NOTE = "needs the floors of a noisy grid design"


def sandwich(noise: Array, rank: int, signal_rank: int) -> tuple[float, float]:
    """Bounds b on the least mean squared error of rank `rank`, clean matrix of rank <= signal_rank; above inf if rank is less."""
    tails = tail_sums(singular_values(noise) ** 2) / noise.size
    return _at(tails, rank + signal_rank), _at(tails, rank - signal_rank) if rank >= signal_rank else math.inf


def necessary_rank(noise: Array, eps: float, signal_rank: int) -> int:
    """Least r with sum_{k <= r + g} s_k(Z)^2 >= N M eps, at least 0: form b."""
    energies = np.cumsum(singular_values(noise) ** 2) / noise.size
    if eps <= 0.0:
        return 0
    return max(int(np.searchsorted(energies, eps * (1.0 - 1e-12))) + 1 - signal_rank, 0)


def floor_without_alignment(noise: Array, clean: Array, rank: int) -> float:
    """Form c: a floor of the mean squared error, the best over all g."""
    left, values, right = np.linalg.svd(clean, full_matrices=False)
    noise_energy = np.concatenate([[0.0], np.cumsum(singular_values(noise) ** 2)])
    best = 0.0
    for g in range(len(values) - rank + 1):
        rest = (left[:, g:] * values[g:]) @ right[g:]
        kept = values[g : g + rank + g]
        top = np.sqrt(noise_energy[rank + g]) + np.sqrt(np.sum(kept**2))
        best = max(best, float(np.sum((noise + rest) ** 2) - top**2))
    return best / noise.size


def _at(tails: Array, rank: int) -> float:
    return float(tails[rank]) if rank < len(tails) else 0.0


def _necessary(setting: Setting, target: float) -> Statement:
    if setting.floors is None or setting.noise_energy <= 0.0:
        return not_applicable(BOUND.name, "q", NOTE)
    rank = setting.least_rank((1.0 - target) * setting.noise_energy)
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(BOUND.name, BOUND.status, q, least=setting.least_q, note=f"rank >= {rank} with a scalar bias")


def _attainable(setting: Setting, q: int) -> Statement:
    if setting.floors is None or setting.noise_energy <= 0.0:
        return not_applicable(BOUND.name, "rho", NOTE)
    return at_most_rho(BOUND.name, BOUND.status, 1.0 - setting.floor(setting.size(q)) / setting.noise_energy)


BOUND = Bound(
    name="noisy-grid",
    title="exact: q is at least the least rank whose floor against these noisy labels is (1 - rho) V",
    status="certified",
    citation="derived in docs/theory.md from Eckart and Young 1936",
    hypotheses=("grid design, these labels", "h = scalar bias + <b(u), t(y)> with q_eff products"),
    target="absorb",
    necessary=_necessary,
    attainable=_attainable,
)
