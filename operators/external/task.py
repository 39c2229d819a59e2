"""A user's own data as a task: pairs (u_i, G(u_i)), i = 1, ..., F, read from a file.

map        whatever made the file; only its values are known
domain     the coordinates given with the file, else uniform grids of [0, 1] along each axis, ends included
inputs     the selected part of an array, functions x sensors (x sensors), flattened to (F, m)
outputs    the selected part of an array, functions x points (x points), flattened to (F, P)
law        uniform over the F functions, without replacement: replicate r takes them in a random order pi_r; those of training are
           pi_r(1), pi_r(2), ..., held-out ones pi_r(F), pi_r(F - 1), ..., and N + N' <= F keeps them apart
constants  means and deviations that scale inputs and outputs: of up to 256 functions of the file, the same for all replicates
scheme     none: values are those of the file, in float64
regime     noise in the file is part of the outputs: floors hold for them as they are, and noise is only what a study adds

The file is identified by its SHA-256, which is part of the task's identity, as are the selections; where it lies is not. Formats:
`operators.external.arrays`; the layouts of PDEBench and FNO: docs/external.md.
"""

import dataclasses
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.errors import DataInvalid, UserError
from operators.external.part import find_part
from operators.external.ranges import require_scale
from operators.external.selection import parse_selection, parse_selections
from operators.external.source import Declaration, checksum, layout, source
from operators.seeds import StreamName, stream
from operators.tasks.task import Card, Task
from operators.work import TRANSCENDENTAL, Work, elementwise

PREFIX = "external-"
NAME = re.compile(r"external-[a-z0-9][a-z0-9-]{0,54}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LOCATION = "file"


@dataclass(frozen=True)
class External(Task):
    """Data of a file as a task.

    Attributes:
        file: path of the file; no part of the identity. A task without it can be named and compared, but not read.
        sha256: checksum of the file.
        input_array: array and index of the inputs, functions along the first axis.
        output_array: array and index of the outputs, functions along the first axis.
        sensor_coordinates: arrays of sensor coordinates, see `operators.external.coordinates`.
        point_coordinates: arrays of the coordinates of the query points.

    Raises:
        UserError: a name without the prefix `external-`, no checksum, or a selection that cannot be read.
    """

    file: str = ""
    sha256: str = ""
    input_array: str = ""
    output_array: str = ""
    sensor_coordinates: str = ""
    point_coordinates: str = ""

    generated: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the declaration, and write each selection in one way."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        wrong = next((name for name, value in fields.items() if not isinstance(value, str)), None)
        if wrong is not None:
            raise UserError(f"expected {wrong} of task {self.name!r} to be text, got {fields[wrong]!r}")
        if not NAME.fullmatch(self.name):
            raise UserError(f"expected {PREFIX!r} and lower-case letters, digits and hyphens as a name, got {self.name!r}")
        if not SHA256.fullmatch(self.sha256):
            raise UserError(f"expected the SHA-256 of the file of task {self.name!r}, 64 hexadecimal digits, got {self.sha256!r}")
        for name in ("input_array", "output_array"):
            object.__setattr__(self, name, str(parse_selection(fields[name])))
        for name in ("sensor_coordinates", "point_coordinates"):
            object.__setattr__(self, name, ", ".join(map(str, parse_selections(fields[name]))))

    @property
    def card(self) -> Card:
        """What is known of the data."""
        return Card(
            equation=f"{self.input_array} -> {self.output_array}",
            input_law="functions of a file, in random order, without replacement",
            scheme=f"read from the file with SHA-256 {self.sha256}",
            truth="none: the values of the file are taken as they are",
            solver_error=math.nan,
            references=(),
            caution="noise in the file counts as part of the outputs",
        )

    def parameters(self) -> dict[str, str]:
        """The parameters that make this task again in any process: `find_task(task.name, task.parameters())`."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "name"]
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def identity(self) -> str:
        """Canonical JSON of class, version, checksum and selections, without the location of the file."""
        fields = {name: value for name, value in self.parameters().items() if name != LOCATION}
        return json.dumps({"class": "External", "version": self.version, **fields}, sort_keys=True, separators=(",", ":"))

    def sensors(self) -> Array:
        """Coordinates (m, dimension), in the order of the array's axes.

        Raises:
            UserError: the file is not there, is another, or does not fit the declaration.
        """
        return layout(self._declaration()).sensors

    def points(self) -> Array:
        """Coordinates (P, dimension), in the order of the array's axes.

        Raises:
            UserError: as `sensors`.
        """
        return layout(self._declaration()).points

    def functions_available(self) -> int:
        """F, the number of functions of the file."""
        return layout(self._declaration()).functions

    def work(self, count: int) -> Work:
        """Values are read, converted and looked at."""
        return elementwise(count * (len(self.sensors()) + len(self.points())), 2.0 * TRANSCENDENTAL, copies=4.0)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """The first `count` functions (count, 1) of a random order, as numbers from 0 among those selected."""
        return generator.permutation(self.functions_available())[:count, None].astype(np.float64)

    def coefficients(self, name: StreamName, replicate: int, *, first: int, count: int) -> Array:
        """Numbers (count, 1) of functions of the file; held-out ones from the end of the order of training. Fewer at its end."""
        order = "inputs" if name == "test" else name
        drawn = self.draw(stream(order, self.identity(), replicate), self.functions_available())
        return (drawn[::-1] if name == "test" else drawn)[first : first + count]

    def inputs(self, coefficients: Array) -> Array:
        """Sensor values (count, m).

        Raises:
            DataInvalid: a value that is not finite, naming array and function.
        """
        found = source(self._declaration())
        return self._rows(found.inputs, coefficients, self.input_array, found.layout.input_rows)

    def outputs(self, coefficients: Array) -> Array:
        """Values at the query points (count, P).

        Raises:
            DataInvalid: a value that is not finite, naming array and function.
        """
        found = source(self._declaration())
        return self._rows(found.outputs, coefficients, self.output_array, found.layout.output_rows)

    def _rows(self, array: NDArray[Any], coefficients: Array, name: str, file_rows: range) -> Array:
        numbers = coefficients[:, 0].astype(np.int64)
        with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinity, and is refused
            rows = np.ascontiguousarray(array[numbers].reshape(len(numbers), math.prod(array.shape[1:])), dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if bad.size:
            sample = min(file_rows[int(numbers[row])] for row in bad)
            where = f"sample {sample} of array {parse_selection(name).name!r}"
            raise DataInvalid(f"task {self.name!r}: {where} holds NaN or infinity")
        return rows

    def _declaration(self) -> Declaration:
        if not self.file:
            raise UserError(
                f"expected the file of task {self.name!r}, got none; it is a user's own data with SHA-256 {self.sha256}, and only"
                " who has the file can read them"
            )
        return Declaration(
            Path(self.file), self.sha256, self.input_array, self.output_array, self.sensor_coordinates, self.point_coordinates
        )


def external(
    name: str,
    file: Path | str,
    *,
    inputs: str,
    outputs: str,
    sensors: str = "",
    points: str = "",
    sha256: str | None = None,
) -> External:
    """Declare the data of a file as a task.

    Args:
        name: of the task; begins with `external-`.
        file: a .npz, HDF5 or MATLAB file.
        inputs: array and index of the inputs, as in `tensor[:, 0, ::4]`; functions along the first axis.
        outputs: the same for the outputs.
        sensors: arrays of coordinates of the sensors; uniform grids of [0, 1] by default.
        points: arrays of coordinates of the query points, as in `t-coordinate[:201], x-coordinate[::4]`.
        sha256: checksum that the file must have; computed by default.

    Raises:
        UserError: a file that cannot be read, or is another than declared, arrays that do not fit, or values without a scale.
    """
    path = Path(file).absolute()
    task = External(
        name,
        file=str(path),
        sha256=checksum(path) if sha256 is None else sha256,
        input_array=inputs,
        output_array=outputs,
        sensor_coordinates=sensors,
        point_coordinates=points,
    )
    task.points()
    for of, text in (("inputs", task.input_array), ("outputs", task.output_array)):
        require_scale(find_part(path, text), of)
    return task


def find_external(name: str, parameters: dict[str, Any]) -> External:
    """Make an external task again from its parameters; only reading its data needs the file.

    Raises:
        UserError: unknown or missing parameters.
    """
    known = [field.name for field in dataclasses.fields(External) if field.name != "name"]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UserError(f"expected parameters of task {name!r} among {known}, got {unknown[0]!r}")
    return External(name, **parameters)
