"""What a computation takes, from its sizes alone: an upper bound of its operations and of the numbers it holds.

The unit of operations is one number that an elementwise operation of NumPy reads and writes. In this unit

    a multiply-add of a matrix product               1/4
    exp, cos, a normal variate                       20
    a real transform of length n                     5/2 n log2 n     (the operations of a power of two)
    singular values of a k x k matrix                k^3 / 2,  with vectors 5 k^3 / 2

and RATE units take a second of one core. RATE is calibrated against verifications of many sizes (tests/speed), so that what is
stated is what it takes or a few times as much, which that test holds it to; it is no promise of a slower machine.
Plans of trainings rest on recorded costs (`bench.execution.cost_model`); this serves where nothing may be run before.
"""

import math
from dataclasses import dataclass
from typing import Self

RATE = 2e9
PRODUCT = 0.25
TRANSCENDENTAL = 20.0


@dataclass(frozen=True)
class Work:
    """An upper bound.

    Attributes:
        operations: in the unit above.
        numbers: float64 numbers in memory at once.
    """

    operations: float = 0.0
    numbers: float = 0.0

    def __add__(self, other: Self) -> "Work":
        """Both, what either holds being held to the end."""
        return Work(self.operations + other.operations, self.numbers + other.numbers)

    def times(self, count: float) -> "Work":
        """`count` times one after another in the same memory."""
        return Work(self.operations * count, self.numbers)

    @property
    def seconds(self) -> float:
        """CPU seconds."""
        return self.operations / RATE


def elementwise(numbers: float, passes: float = 1.0, *, copies: float = 2.0) -> Work:
    """`passes` operations on an array of so many numbers, with so many copies at once."""
    return Work(numbers * passes, numbers * copies)


def product(rows: float, inner: float, columns: float) -> Work:
    """A matrix product; it holds its result."""
    return Work(PRODUCT * rows * inner * columns, rows * columns)


def transform(length: float) -> float:
    """Operations of a real Fourier transform."""
    return 2.5 * length * math.log2(length + 1.0)
