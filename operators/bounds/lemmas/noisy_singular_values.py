"""Noise on a grid where clean outputs and noise are known by their ranks or singular values only.

Y = G + Z on N functions and M points. What the floors of Y say exactly (`operators.bounds.noisy_grid`), from less:

 b  rank G <= g:  tail_{r+g}(Z) <= tail_r(Y), since |Y - H| = |Z - (H - G)| with rank(H - G) <= r + g; and for r >= g
    tail_r(Y) <= tail_{r-g}(Z), by Weyl s_{k+g}(Y) <= s_k(Z) (for r < g signal is left over).
    So absorbing eps needs sum_{k <= r+g} s_k(Z)^2 >= N M eps.
 c  any G = G_g + rest (truncated SVD): with p = r + g <= min(N, M), the best over g of
    N M R >= |Z + rest|_F^2 - (sqrt(sum_{k <= p} s_k(Z)^2) + sqrt(sum_{k <= p} s_k(rest)^2))^2
    (triangle inequality for the Ky Fan norm). Useful when noise and signal are known by their singular values only.

An offset counts as one more rank: use g + 1.

Oracle: used by tests only.
"""

import math

import numpy as np

from operators.arrays import Array
from operators.bounds.lemmas.singular_values import singular_values, tail_sums


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
