"""What a computation takes, from its sizes alone: an upper bound of its operations and of the numbers it holds.

The unit of operations is one number that an elementwise operation of NumPy reads and writes. In this unit

    a multiply-add of a matrix product               1/4
    exp, cos, a normal variate                       20
    a real transform of length n                     5 n log2 n       (twice the operations of a power of two)
    singular values of a k x k matrix                2 k^3,  with vectors 10 k^3    (LAPACK works on vectors half of the time)

and RATE units take a second of one core. It is rough, and meant to err on the costly side: machines of the last ten years stream
about 1e9 float64 numbers a second and reach 5e9 or more multiply-adds in matrix products, twice and more of what is assumed.
Plans of trainings rest on recorded costs (`bench.execution.cost_model`); this serves where nothing may be run before.
"""

import math
from dataclasses import dataclass
from typing import Self

RATE = 5e8
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
    return 5.0 * length * math.log2(length + 1.0)
