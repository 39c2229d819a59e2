"""A user's outputs, N functions by M points, read in blocks so that a memory-mapped file need not fit into memory.

Blocks are float64, scaled by a power of two (exact) so that the largest entry lies in [1/2, 1): squares neither overflow nor
vanish. The matrix is read along its longer side; A below is Y where N >= M and its transpose otherwise, so A has m = min(N, M)
columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.errors import UserError

BLOCK_ENTRIES = 2**21
LEAST_EXPONENT = -1021


@dataclass(frozen=True, eq=False)
class OutputMatrix:
    """Outputs that have been looked through once.

    Attributes:
        values: Y, (N, M), real, finite, not all rows constant.
        exponent: the largest absolute value lies in [2^(exponent - 1), 2^exponent).
        energy: |Y|_F^2 in the scaled units, that is times 4^(-exponent).
        constant_rows: functions whose outputs do not depend on the point.
    """

    values: NDArray[Any]
    exponent: int
    energy: float
    constant_rows: int

    @property
    def shape(self) -> tuple[int, int]:
        """(N, M)."""
        return self.values.shape[0], self.values.shape[1]

    @property
    def tall(self) -> bool:
        """Whether N >= M, so that A = Y."""
        return self.shape[0] >= self.shape[1]

    @property
    def length(self) -> int:
        """Rows of A: max(N, M)."""
        return max(self.shape)

    @property
    def side(self) -> int:
        """Columns of A: m = min(N, M)."""
        return min(self.shape)

    @property
    def rms(self) -> float:
        """Root mean square of Y, in the user's units."""
        return float(np.ldexp(np.sqrt(self.energy / (self.length * self.side)), self.exponent))

    def blocks(self, rows: int) -> Iterator[Array]:
        """A, scaled, in blocks of at most this many rows, in C order."""
        along = self.values if self.tall else self.values.T
        for start in range(0, self.length, rows):
            yield _scaled(along[start : start + rows], self.exponent)

    def sample(self, rows: int) -> Array:
        """At most this many rows of A, evenly spaced, scaled."""
        along = self.values if self.tall else self.values.T
        return _scaled(along[:: max(1, self.length // rows)][:rows], self.exponent)


def output_matrix(values: NDArray[Any], name: str = "outputs") -> OutputMatrix:
    """Look through outputs (N, M) once.

    Raises:
        UserError: not real numbers in a matrix, empty, not finite (names the first), all zero, or constant in every row.
    """
    _require_matrix(values, name)
    count = max(1, BLOCK_ENTRIES // values.shape[1])
    exponent, energy, constant = None, 0.0, 0
    for start in range(0, len(values), count):
        with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinity, and is refused
            rows = np.asarray(values[start : start + count], dtype=np.float64)
        high, low = rows.max(axis=1), rows.min(axis=1)
        peak = float(max(high.max(), -low.min()))
        if not np.isfinite(peak) or not np.isfinite(low.min()):
            _refuse_first(values, rows, start, name)
        constant += int(np.count_nonzero(high == low))
        if peak > 0.0:
            _, power = np.frexp(peak)
            new = int(power) if exponent is None else max(exponent, int(power))
            energy = 0.0 if exponent is None else float(np.ldexp(energy, 2 * (exponent - new)))
            exponent = new
            energy += float(np.sum(np.square(_scaled(rows, new))))
    if exponent is None:
        raise UserError(f"expected outputs that do not all vanish, got {name!r} with nothing but zeros; choose the outputs G(u)")
    if exponent < LEAST_EXPONENT:
        raise UserError(
            f"expected outputs whose largest value is a normal number of float64, 2.3e-308 or more, got less in {name!r}; save it"
            " in other units"
        )
    if constant == len(values):
        raise UserError(
            f"expected outputs that depend on the point, got {name!r} of shape {values.shape} constant in every row;"
            " give functions as rows and points as columns"
        )
    return OutputMatrix(values, exponent, energy, constant)


def require_real(values: NDArray[Any], name: str) -> None:
    """Raise UserError unless the array holds real numbers, none of them masked."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        masked = np.count_nonzero(np.ma.getmaskarray(values))
        raise UserError(
            f"expected a number at every entry, got {name!r} with {masked} masked ones; fill them in, or leave their functions or"
            " points out"
        )
    kind = values.dtype.kind
    if kind == "c":
        raise UserError(
            f"expected real numbers, got {name!r} of type {values.dtype}; give real and imaginary parts as further points"
        )
    if kind not in "bfiu":
        raise UserError(f"expected real numbers, got {name!r} of type {values.dtype}; save it as float64")


def _require_matrix(values: NDArray[Any], name: str) -> None:
    require_real(values, name)
    if values.size == 0:
        raise UserError(f"expected at least one function and one point, got {name!r} of shape {values.shape}")
    if values.ndim != 2:
        how = f"{name}.reshape(N, -1)" if values.ndim < 2 else f"{name}.reshape({values.shape[0]}, -1)"
        raise UserError(f"expected a matrix, functions by points, got {name!r} of shape {values.shape}; save {how}")


def _refuse_first(values: NDArray[Any], rows: Array, start: int, name: str) -> None:
    row, column = np.unravel_index(int(np.argmin(np.isfinite(rows))), rows.shape)
    value = values[start + row, column]
    what = "outputs that float64 can hold" if np.isfinite(value) else "finite outputs"
    raise UserError(
        f"expected {what}, got {value!s} in {name!r} at row {start + int(row)}, column {int(column)} (counted from 0);"
        " remove or repair that function"
    )


def _scaled(values: NDArray[Any], exponent: int) -> Array:
    """Values times 2^(-exponent), as a new float64 array in C order."""
    block = np.array(values, dtype=np.float64, order="C")
    if -1000 < exponent < 1000:
        return np.multiply(block, 2.0**-exponent, out=block)
    return np.ldexp(block, -exponent)
