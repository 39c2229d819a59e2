"""Bit counting after training: a net that still absorbs noise when stored in fewer bits was described by that many bits.

Quantise every tensor to b bits a number with one float32 scale a tensor. If the quantised net absorbs rho', then with
probability >= 1 - delta over the noise

    (b d + 32 tensors + 5) ln 2 >= n R(rho') - ln(1 / delta),

for all b <= 32 at once: the 5 bits choose b (a prefix code, so the union bound costs nothing more). Sharper than counting 32 bits
whenever the net survives the rounding; `failure_probability` is delta / K when K configurations were tried on the same noise.

Oracle: used by tests only.
"""

import math

import numpy as np

from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.bounds.lemmas.rates import Law
from operators.bounds.lemmas.rates import absorbable_fraction as absorbable_by_nats
from operators.bounds.setting import FAILURE_PROBABILITY

SCALE_BITS = 32
CHOICE_BITS = 5
MOST_BITS = 32


def absorbable_fraction(
    n: int, d: int, *, bits: int, tensors: int, law: Law = "rademacher", failure_probability: float = FAILURE_PROBABILITY
) -> float:
    """Largest rho' that a net of d numbers in this many tensors, quantised to `bits` bits each, may absorb.

    Raises:
        ValueError: bits not in 1..32.
    """
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"expected 1 to {MOST_BITS} bits, got {bits}")
    nats = (bits * d + SCALE_BITS * tensors + CHOICE_BITS) * math.log(2.0)
    return absorbable_by_nats(law, n, nats, failure_probability=failure_probability)


def quantised(weights: Weights, bits: int) -> Weights:
    """The weights with every tensor rounded to multiples of its scale: at most 2^bits values a tensor, bits >= 2."""
    return weights.changed(lambda array: _rounded(array, bits))


def _rounded(array: Array, bits: int) -> Array:
    if bits < 2:
        raise ValueError(f"expected at least 2 bits for a symmetric grid, got {bits}")
    steps = 2.0 ** (bits - 1) - 1.0
    scale = float(np.float32(np.max(np.abs(array), initial=0.0) / steps))
    return np.clip(np.rint(array / scale), -steps, steps) * scale if scale > 0.0 else np.zeros_like(array)
