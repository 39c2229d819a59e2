"""Arrays of a user's file as data to fit: selections as for `bench size` and tasks (docs/external.md).

Inputs and outputs may name several arrays, set apart by commas: input functions stand side by side, outputs are components.
Points of shape (functions, points) or (functions, points, dimension) are each function's own; one output and one point per row of
the inputs are triples (`bench.fit.unaligned.labels`). Where all functions have the same points, they are a grid.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bench.fit.arrays import FitData, fit_data
from bench.fit.unaligned.labels import own_points, triples
from operators.arrays import Array
from operators.errors import UserError
from operators.external.coordinates import coordinates
from operators.external.part import Part, find_part, require_partners, require_real
from operators.external.selection import parse_selections
from operators.external.stored_array import shown

Layout = Literal["common", "own", "triples"]


@dataclass(frozen=True)
class Files:
    """Which arrays of a file are what.

    Attributes:
        data: a .npz, .npy, HDF5 or MATLAB file.
        inputs: arrays of inputs.
        outputs: arrays of outputs.
        points: arrays of coordinates; uniform grids of [0, 1] if empty.
        split: array with 0, 1 or 2 for each function; empty: a split is drawn.
        seed: of the draw.
    """

    data: Path
    inputs: str
    outputs: str
    points: str = ""
    split: str = ""
    seed: int = 0


def read(files: Files) -> FitData:
    """Read, validate and split.

    Raises:
        UserError: a file or selections that do not fit, see `operators.external.part` and `bench.fit.arrays`.
    """
    inputs, outputs = _parts(files, files.inputs, "inputs"), _parts(files, files.outputs, "outputs")
    for other in (*inputs[1:], *outputs):
        require_partners(inputs[0], other)
    split = None
    if files.split:
        part = find_part(files.data, files.split)
        require_real(part)
        split = part.values()
    given = [p.matrix() for p in inputs]
    layout, points = _points(files, outputs[0]) if files.points else ("common", None)
    if layout == "common" or points is None:
        return fit_data(given, [p.values() for p in outputs], points, split=split, seed=files.seed)
    read_labels = triples if layout == "triples" else own_points
    return read_labels(given, [p.values() for p in outputs], points, split=split, seed=files.seed)


def _parts(files: Files, text: str, of: str) -> list[Part]:
    parts = [find_part(files.data, str(selection)) for selection in parse_selections(text)]
    if not parts:
        raise UserError(f"expected --{of} with an array of {shown(str(files.data))}, got none")
    for part in parts:
        part.require_functions(of)
    return parts


def _points(files: Files, outputs: Part) -> tuple[Layout, Array]:
    """Coordinates, and whether they are common to all functions."""
    selections = parse_selections(files.points)
    first = find_part(files.data, str(selections[0]))
    if (
        len(selections) == 1
        and len(first.shape) > 1
        and len(outputs.shape) > 1
        and first.shape[: len(outputs.shape)] == outputs.shape
    ):
        require_real(first)
        values = np.asarray(first.values(), dtype=np.float64)
        if not np.array_equal(values, np.broadcast_to(values[:1], values.shape)):
            return "own", values
        return "common", values[0].reshape(int(np.prod(outputs.shape[1:])), -1)
    if outputs.shape[1:] in ((), (1,)) and len(outputs.rows) > 1 and first.shape[:1] == outputs.shape[:1]:
        parts = [find_part(files.data, str(selection)) for selection in selections]
        for part in parts:
            require_real(part)
        if any(part.shape[:1] != outputs.shape[:1] for part in parts):
            raise UserError(
                f"expected coordinates of {outputs.shape[0]} rows, got {[part.shape for part in parts]}; one point per row"
            )
        return "triples", np.hstack([np.asarray(part.values(), dtype=np.float64).reshape(len(part.rows), -1) for part in parts])
    found = coordinates(files.data, selections, outputs.shape[1:] or (1,), of="points", functions=outputs.functions)
    return "common", found
