"""The contract of a task: an operator G: a -> u, a law for a, sensors and query points.

A task is a frozen dataclass whose fields are the constants of the problem. It is sampled in two steps, so that the
operator is evaluated from the function itself and not from its sensor values:

    coefficients = task.draw(generator, N)     (N, k)  the random numbers that determine each a_i
    task.inputs(coefficients)                  (N, m)  a_i at the sensors
    task.outputs(coefficients)                 (N, P)  u_i = G(a_i) at the query points

`draw` uses the same count of random numbers for each function, in order, so that N functions are a prefix of any larger
draw. All arrays are float64.
"""

import dataclasses
import json
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from operators.arrays import Array
from operators.errors import UserError
from operators.seeds import StreamName, stream
from operators.work import Work


def _checked(task: str, field: "dataclasses.Field[Any]", value: Any) -> int | float:
    """Return the constant in its declared type or raise UserError."""
    whole = field.type is int
    least, above, most = (
        field.metadata.get(key, limit) for key, limit in (("least", -math.inf), ("above", -math.inf), ("most", math.inf))
    )
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < math.inf
    if not number or (whole and value != int(value)) or not (least <= value <= most and value > above):
        limits = [f"{sign} {limit:g}" for sign, limit in ((">=", least), (">", above), ("<=", most)) if abs(limit) < math.inf]
        kind = " ".join(["a whole number" if whole else "a finite number", " and ".join(limits)]).strip()
        raise UserError(f"expected {field.name} of task {task!r} to be {kind}, got {value!r}")
    return int(value) if whole else float(value)


@dataclass(frozen=True)
class Card:
    """What a reader must know of a task: its map, its truth, its stated error, its sources.

    `solver_error` is a relative L2 bound that the tests check against the independent truth named in
    `truth`; 0.0 stands for a closed form evaluated to rounding.
    """

    equation: str
    input_law: str
    scheme: str
    truth: str
    solver_error: float
    references: tuple[str, ...]
    caution: str = ""


def constant(default: float, *, least: float = -math.inf, above: float = -math.inf, most: float = math.inf) -> Any:
    """Declare a constant of a task: its default and the range every value must lie in (>= least, > above and <= most)."""
    return dataclasses.field(default=default, metadata={"least": least, "above": above, "most": most})


@dataclass(frozen=True)
class Task(ABC):
    """An operator with a law for its input. Concrete tasks are frozen and final; their fields are `int` or `float` constants."""

    name: str
    version: ClassVar[int] = 1
    generated: ClassVar[bool] = True
    """Whether functions are computed, and so worth keeping on the disk, or read from a file."""
    gaussian: ClassVar[bool] = False
    """Whether coefficients are i.i.d. N(0, 1) and inputs linear in them, as Theorem E1 asks (`operators.bounds.first_layer`)."""

    def __post_init__(self) -> None:
        """Check every constant against its declaration; 128.0 becomes 128 where the constant is an integer.

        Raises:
            UserError: a constant that is not a finite number in its range, or not a whole number where one is due.
        """
        for field in dataclasses.fields(self):
            if field.name != "name":
                object.__setattr__(self, field.name, _checked(self.name, field, getattr(self, field.name)))

    @property
    @abstractmethod
    def card(self) -> Card:
        """Equation, law, scheme, truth, stated solver error and references."""

    @abstractmethod
    def sensors(self) -> Array:
        """Coordinates (m, space dimension) at which the input function is sampled."""

    @abstractmethod
    def points(self) -> Array:
        """Coordinates (P, trunk dimension) of all query points; time, if any, is the last column."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """Draw the coefficients (count, k) of `count` input functions."""

    def coefficients(self, name: StreamName, replicate: int, *, first: int, count: int) -> Array:
        """Coefficients of functions `first` to `first + count - 1` of a stream; `first` is a multiple of `count`."""
        return self.draw(stream(name, self.identity(), replicate, first // count), count)

    def functions_available(self) -> int | None:
        """How many functions there are; None where the law can be drawn from without end."""
        return None

    @abstractmethod
    def inputs(self, coefficients: Array) -> Array:
        """Evaluate the input functions at the sensors: (count, m)."""

    @abstractmethod
    def outputs(self, coefficients: Array) -> Array:
        """Evaluate the output functions at the query points: (count, P)."""

    @abstractmethod
    def work(self, count: int) -> Work:
        """What `count` functions take: drawing, inputs, outputs and the check of invariants, together. Nothing is computed."""

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        """Name what breaks the task's invariants (mean conserved, maximum principle, ...); none by default."""
        return []

    def output_spectrum(self) -> Array | None:
        """Eigenvalues of the covariance of G(a), decreasing, where a closed form is known and G(a) has mean zero.

        So they are those of the second moment, too. Normalised so that their sum is E of the mean square of u over the query
        points.
        """
        return None

    def sensor_floor(self) -> float | None:
        """Relative error over fresh functions that no map of the sensor values goes below, where the law gives it.

        Asymptotic, in the distance of the sensors; None where none is known, and where the sensors determine the outputs.
        """
        return None

    def identity(self) -> str:
        """Canonical JSON of class, version and constants: what determines the data, and no more."""
        constants = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "name"}
        return json.dumps(
            {"class": type(self).__name__, "version": self.version, **constants}, sort_keys=True, separators=(",", ":")
        )

    def with_parameters(self, parameters: dict[str, Any]) -> "Task":
        """Return the task with some constants replaced.

        Raises:
            UserError: a name that is no constant of this task, or a value the task refuses.
        """
        known = [field.name for field in dataclasses.fields(self) if field.name != "name"]
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise UserError(f"expected parameters of task {self.name!r} among {known}, got {unknown[0]!r}")
        return dataclasses.replace(self, **parameters) if parameters else self
