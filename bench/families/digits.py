"""How a small net is trained before the K-digit barrier, on matrices read in full or to some bits."""

import numpy as np
from numpy.typing import NDArray

from bench.families.family import Context
from bench.families.measuring import Measuring
from operators.arrays import Array
from operators.companions import digits
from operators.companions.two_layer import TanhNet
from operators.seeds import stream
from results.families.digits import Cell, Measured

BITS = range(1, 31)
FINEST = 32

Whole = NDArray[np.int64]


class DigitsExecution(Measuring):
    """Trains and measures."""

    name = "digits"
    cell = Cell

    def measure(self, cell: Cell, context: Context) -> Measured:
        """Closed form at n = reading, and the errors of the net over all n and j."""
        n, unit = cell.reading or BITS[-1], 10.0**cell.digits
        matrices = [digits.matrix(cell.digits, n, j) for j in (0, 1)]
        points = [digits.minimiser(cell.digits, n, j) for j in (0, 1)]
        mean, worst = digits.least_errors(cell.digits, BITS, cell.reading)
        errors = _errors(cell) * unit
        return Measured(
            separation=digits.separation(cell.digits, n) * unit,
            perturbation=float(np.linalg.norm(matrices[0] - matrices[1], 2)) * 2.0**n,
            duality_gap=max(abs(digits.duality_gap(a, digits.right_side(), z)) for a, z in zip(matrices, points, strict=True)),
            alike=float(np.mean([digits.read_alike(cell.digits, bits, cell.reading) for bits in BITS])),
            least_mean=mean * unit,
            least_worst=worst * unit,
            mean=float(errors.mean()),
            worst=float(errors.max()),
            within_K=float(np.mean(errors <= 1.0)),
            within_one_less=float(np.mean(errors <= 10.0)),
        )

    def label(self, cell: Cell) -> str:
        """K, bits and samples."""
        return f"digits K={cell.digits}, {cell.reading or 'all'} bits read, {cell.samples} samples"


def _errors(cell: Cell) -> Array:
    """Distances of the net's answers from the minimisers of all instances, (60,)."""
    random = stream("inputs", "digits", cell.digits, cell.samples, cell.replicate)
    bits, j = random.integers(BITS[0], BITS[-1] + 1, cell.samples), random.integers(0, 2, cell.samples)
    net = TanhNet(inputs=2, width=cell.width, outputs=2)
    start = net.start(stream("init", "digits", cell.samples, cell.replicate))
    unit = 10.0**cell.digits
    theta = net.fitted(start, _features(cell, bits, j), _targets(cell, bits, j) * unit, iterations=cell.iterations)
    every, both = np.repeat(np.array(BITS), 2), np.tile([0, 1], len(BITS))
    misfit = net.apply(theta, _features(cell, every, both)) / unit - _targets(cell, every, both)
    return np.asarray(np.linalg.norm(misfit, axis=1))


def _features(cell: Cell, bits: Whole, j: Whole) -> Array:
    """What the net sees: sum and difference of the entries that were read, the difference on a scale where no n is small."""
    first, second = digits.read(digits.entries(cell.digits, bits, j), cell.reading).T
    scale = np.arcsinh(2.0**FINEST)
    return np.stack(
        [first + second - 2.0 * digits.entry(cell.digits), np.arcsinh(2.0**FINEST * (first - second)) / scale], axis=1
    )


def _targets(cell: Cell, bits: Whole, j: Whole) -> Array:
    """The two coordinates of the minimisers that are not always 0, (m, 2)."""
    return np.eye(2)[j] / (digits.entry(cell.digits) + 2.0 ** -(bits + 1.0))[:, None]
