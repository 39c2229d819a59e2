"""The certified floor of a training error, and the one rule by which it excludes.

On a grid the labels, less the offset that is trained, form a matrix; an architecture of output rank r leaves at least the
Eckart-Young tail of rank r (`operators.bounds.eckart_young`). In float64 the tail and a measured error are right to about
1e-6 of themselves and 1e-12 of the squared scale s of the outputs, so

    a mean squared error e lies below the floor f     if  e < f (1 - RELATIVE) - ABSOLUTE s^2
    f is resolved                                     if  f > RESOLUTION s^2

No architecture without a limit of rank, and no design without common points, has a floor.

Floors depend on labels, offset and scale alone, and searching the offset takes half a second: those of the last PROBLEMS_KEPT
grids of at most LARGEST_KEPT labels are held, by the bytes of what they are computed of.
"""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from operators.architectures.architecture import Architecture
from operators.arrays import Array
from operators.bounds.eckart_young import floors_of_deeponet, floors_of_features
from operators.data.normalisation import Problem

RELATIVE = 1e-6
ABSOLUTE = 1e-12
RESOLUTION = 1e-7
PROBLEMS_KEPT = 96
LARGEST_KEPT = 2**20


@dataclass(frozen=True)
class Floor:
    """A certified lower bound on a mean squared error, in physical units.

    Attributes:
        value: the bound.
        unit: s, the scale of the outputs.
    """

    value: float
    unit: float

    @property
    def resolved(self) -> bool:
        """Whether the floor stands out from rounding."""
        return self.value > RESOLUTION * self.unit * self.unit

    def excludes(self, mean_squared_error: float) -> bool:
        """Whether no weights of this rank reach an error as small as this."""
        return bool(below(np.array(mean_squared_error), np.array(self.value), np.array(self.unit)))


def below(errors: Array, floors: Array, units: Array) -> NDArray[np.bool_]:
    """Whether errors lie below floors, elementwise; False where one of them is NaN."""
    with np.errstate(invalid="ignore"):
        return errors < lowered(floors, units)


def lowered(floors: Array, units: Array) -> Array:
    """Floors less their tolerance; -inf, which excludes nothing, where float64 cannot hold s^2."""
    with np.errstate(over="ignore"):
        return floors * (1.0 - RELATIVE) - ABSOLUTE * units**2


def floors_of(problem: Problem) -> Array | None:
    """Floors of rank 0, 1, ..., min(N, M) of a grid problem, not to be written to; None for other designs."""
    if problem.design != "grid":
        return None
    if problem.labels.size > LARGEST_KEPT:
        return floors_of_deeponet(problem.labels, problem.mean, problem.scale)
    return _floors(_Grid.of(problem.labels, problem.mean, problem.scale))


@dataclass(frozen=True)
class _Grid:
    """What floors are computed of; equal where shapes, types and bytes are."""

    sha256: bytes
    arrays: tuple[Array, Array, Array] = field(compare=False)

    @classmethod
    def of(cls, labels: Array, mean: Array, scale: Array) -> "_Grid":
        digest = hashlib.sha256()
        for array in (labels, mean, scale):
            digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
        return cls(digest.digest(), (labels, mean, scale))


@lru_cache(maxsize=PROBLEMS_KEPT)
def _floors(grid: _Grid) -> Array:
    found = floors_of_deeponet(*grid.arrays)
    found.setflags(write=False)
    return found


def feature_floors_of(problem: Problem) -> tuple[Array, Array] | None:
    """Floors by the features of a linear branch end and of a linear trunk end of a grid problem; None for other designs."""
    return floors_of_features(problem.labels, problem.mean, problem.scale) if problem.design == "grid" else None


def floor_of(net: Architecture, problem: Problem, floors: Array | None) -> Floor | None:
    """The floor of an architecture on a problem with these `floors_of`; None where there is none."""
    rank = net.output_rank()
    return None if floors is None or rank is None else Floor(float(floors[min(rank, len(floors) - 1)]), problem.unit)


def least_rank(allowed: float, problem: Problem, floors: Array) -> int:
    """The least rank, or number of features, whose floor does not exclude a mean squared error."""
    return int(np.argmin(below(np.full(len(floors), allowed), floors, np.full(len(floors), problem.unit))))
