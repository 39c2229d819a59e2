"""What determines a data set: a task, a design, sizes, noise and a replicate."""

from dataclasses import dataclass
from typing import Literal

from operators.errors import UserError
from operators.tasks.task import Task

Design = Literal["grid", "scattered", "triples"]
NoiseLaw = Literal["none", "rademacher", "uniform", "gaussian"]
Control = Literal["none", "permuted-noise", "permuted-labels"]
DESIGNS: tuple[Design, ...] = ("grid", "scattered", "triples")
NOISE_LAWS: tuple[NoiseLaw, ...] = ("none", "rademacher", "uniform", "gaussian")
CONTROLS: tuple[Control, ...] = ("none", "permuted-noise", "permuted-labels")

MEMORY_LIMIT_BYTES = 4 * 2**30
LEAST_SIGMA, LARGEST_SIGMA = 1e-12, 1e12  # beyond, float64 loses the noise in the outputs or the outputs in the noise


@dataclass(frozen=True)
class Request:
    """What determines a data set.

    Attributes:
        task: the operator.
        design: how query points are laid out.
        functions: N.
        points: M, query points per function; 1 for triples.
        noise_law: law of z.
        sigma: standard deviation of z over the task's root mean square of clean outputs.
        replicate: selects the streams `inputs`, `points`, `noise`, `control` and `test`.
        test_functions: held-out functions.
        control: a control experiment on noisy labels (see `operators.data.sampling.controlled`).

    Raises:
        UserError: sizes or laws that do not fit the task or the memory.
    """

    task: Task
    design: Design = "grid"
    functions: int = 64
    points: int = 64
    noise_law: NoiseLaw = "none"
    sigma: float = 0.0
    replicate: int = 0
    test_functions: int = 64
    control: Control = "none"

    def __post_init__(self) -> None:
        available = len(self.task.points())
        if self.design not in DESIGNS:
            raise UserError(f"expected a design among {list(DESIGNS)}, got {self.design!r}")
        if self.noise_law not in NOISE_LAWS:
            raise UserError(f"expected a noise law among {list(NOISE_LAWS)}, got {self.noise_law!r}")
        for name, count in (("function", self.functions), ("held-out function", self.test_functions)):
            if count < 1:
                raise UserError(f"expected at least one {name}, got {count}")
        limit = self.task.functions_available()
        if limit is not None and self.functions + self.test_functions > limit:
            raise UserError(
                f"expected N + N' <= {limit} functions of task {self.task.name!r}, got N = {self.functions} and N' ="
                f" {self.test_functions} held-out ones; lower one of them"
            )
        if self.design == "triples" and self.points != 1:
            raise UserError(f"expected M = 1 for the design 'triples', got M = {self.points}")
        if not 1 <= self.points <= available:
            raise UserError(f"expected 1 <= M <= {available} query points of task {self.task.name!r}, got M = {self.points}")
        if not (self.sigma == 0.0 if self.noise_law == "none" else LEAST_SIGMA <= self.sigma <= LARGEST_SIGMA):
            raise UserError(
                f"expected sigma = 0 for noise law 'none' and {LEAST_SIGMA:g} <= sigma <= {LARGEST_SIGMA:g} otherwise,"
                f" got law {self.noise_law!r} and sigma = {self.sigma}"
            )
        if self.control not in CONTROLS:
            raise UserError(f"expected a control among {list(CONTROLS)}, got {self.control!r}")
        if self.control != "none" and self.noise_law == "none":
            raise UserError(f"expected noisy labels for the control {self.control!r}, got noise law 'none'")
        needed = self.bytes()
        if needed > MEMORY_LIMIT_BYTES:
            raise UserError(
                f"expected a data set of at most {MEMORY_LIMIT_BYTES / 2**30:.0f} GiB, got N = {self.functions} functions of"
                f" {available} outputs = {needed / 2**30:.1f} GiB; lower N or the task's resolution"
            )

    def bytes(self) -> int:
        """Bytes of the functions to generate, at all query points; an upper bound for what the data set keeps."""
        count = self.functions + self.test_functions
        return 8 * count * (len(self.task.points()) + len(self.task.sensors()))
