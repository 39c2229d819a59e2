"""The noise level from replicate measurements of the same outputs.

K >= 2 measurements y_k = g + z_k of L labels: sigma^2 ~ sum_l sum_k (y_kl - mean_k y_kl)^2 / (L (K - 1)), unbiased. For
Gaussian noise the sum over sigma^2 is chi-squared with L (K - 1) degrees of freedom, which gives an interval for sigma.
"""

import math
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.bounds.setting import FAILURE_PROBABILITY
from operators.errors import UserError
from operators.magnitude import exponent, times_power
from operators.sizing.noise import Noise
from operators.sizing.output_matrix import BLOCK_ENTRIES, require_real


def noise_from_replicates(
    replicates: NDArray[Any], outputs: NDArray[Any], *, name: str = "replicates", failure_probability: float = FAILURE_PROBABILITY
) -> Noise:
    """Estimate Gaussian noise.

    Args:
        replicates: (N, M), a second measurement of the outputs; or (K, N', M'), K measurements of any labels of equal noise.
        outputs: (N, M).
        name: of the replicates, for messages.
        failure_probability: delta; the interval fails with a quarter of it.

    Raises:
        UserError: shapes that do not fit, values that are not finite, or measurements without any difference.
    """
    require_real(replicates, name)
    paired = replicates.shape == outputs.shape and outputs.ndim == 2
    if not paired and not (replicates.ndim == 3 and len(replicates) >= 2 and replicates.size):
        raise UserError(
            f"expected replicates of shape {outputs.shape}, or (K, N, M) with K >= 2 measurements, got {name!r} of shape"
            f" {replicates.shape}; stack the measurements along the first axis"
        )
    measured = [outputs, replicates] if paired else list(replicates)
    count, functions, labels = len(measured), len(measured[0]), measured[0].size
    step = max(1, BLOCK_ENTRIES * functions // (labels * count))
    total, power = 0.0, 0
    for start in range(0, functions, step):
        with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinity, and is refused
            block = np.stack([np.asarray(one[start : start + step], dtype=np.float64) for one in measured])
        if not np.isfinite(block).all():
            raise UserError(
                f"expected finite replicates, got NaN or infinity in {name!r} among functions {start} to"
                f" {min(start + step, functions) - 1}; remove or repair them"
            )
        total, power = _added(total, power, block)
    degrees = labels * (count - 1)
    if total == 0.0:
        raise UserError(
            f"expected replicates that differ by their noise, got {name!r} equal in every measurement; leave them out"
        )
    low, high = (
        math.ldexp(math.sqrt(total / (2.0 * scipy.special.gammaincinv(degrees / 2.0, p))), power)
        for p in (1.0 - failure_probability / 8, failure_probability / 8)
    )
    source = f"estimated from {count} measurements of {labels} labels in {name!r}, Gaussian noise assumed"
    sigma = math.ldexp(math.sqrt(total / degrees), power)
    return Noise(sigma, low, high, "gaussian", source, failure_probability)


def _added(total: float, power: int, block: Array) -> tuple[float, int]:
    """The sum of squares total * 4^power with that of a block (K, N, M) about the mean of its measurements added."""
    differences = times_power(block, -exponent(block))
    differences = differences - differences.mean(axis=0)
    own = exponent(block) + exponent(differences)
    square = float(np.sum(np.square(times_power(differences, -exponent(differences)))))
    if total == 0.0:
        return square, own
    if square == 0.0:
        return total, power
    larger = max(power, own)
    return math.ldexp(total, 2 * (power - larger)) + math.ldexp(square, 2 * (own - larger)), larger
