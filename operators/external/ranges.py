"""The range of a user's values, looked at once when they are declared.

Means, deviations, errors and floors are made of squares. Values whose squares leave the range of float64, and inputs or outputs
that are one number throughout, are found here, before anything is trained, and named with their range.
"""

import math

import numpy as np

from operators.errors import UserError
from operators.external.part import Part
from operators.magnitude import squares_fit

BLOCK_ENTRIES = 2**21


def require_scale(part: Part, of: str) -> None:
    """Refuse values that cannot be scaled; those that are not finite are left to who uses them.

    Args:
        part: the selected values.
        of: what they are: inputs or outputs.

    Raises:
        UserError: with the array, its range and the remedy.
    """
    low, high = _range(part)
    if low > high:
        return
    where = f"array {part.name!r} of {part.path}"
    if low == high:
        raise UserError(
            f"expected {of} that differ between functions, got {where} with {low:.6g} everywhere; declare the array that holds"
            f" the {of}"
        )
    if not (math.isfinite(low) and math.isfinite(high) and squares_fit(low, high)):
        raise UserError(
            f"expected {of} whose largest value lies between 2^-480 and 2^480 (about 1e-144 and 1e144), got {where} from"
            f" {low:.3g} to {high:.3g}; save it in other units"
        )


def _range(part: Part) -> tuple[float, float]:
    """The least and the largest finite value; infinity and its negative if there is none."""
    values = part.values()
    rows = max(1, BLOCK_ENTRIES // max(1, math.prod(values.shape[1:])))
    low, high = math.inf, -math.inf
    for start in range(0, len(values), rows):
        block = np.asarray(values[start : start + rows])
        finite = block[np.isfinite(block)] if block.dtype.kind == "f" else block
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return low, high
