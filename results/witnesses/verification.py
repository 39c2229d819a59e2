"""Verifying witnesses: do these weights reach their target on these data? NumPy only, in float64.

    witness file -> header, weights -> data generated again -> error, floor -> does it pass?

This is the one path from a file to the facts about it, whoever asks: `verify`, entering, tables, searches. No fact is taken from
beside the file; what was measured may be kept (`results.witnesses.measurements`). `results.witnesses.error` says what is measured
and why a witness that passes anywhere passes everywhere. Time and memory are those of generating the data and of one or two
passes over them; what takes more than `results.witnesses.cost.Limits` by its header is refused before any is generated.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from operators import find_task
from operators.bounds.outward import rounded_down
from operators.data.dataset import BlockCache, Dataset, Request, build
from operators.errors import DataInvalid, UserError
from results.records.manifest import Target
from results.witnesses.constructed import not_as_constructed
from results.witnesses.cost import Limits, cost
from results.witnesses.disturbance import DATA_BITS
from results.witnesses.error import (
    DRIFT_FACTOR,
    ENTERING_MARGIN,
    FRESH,
    LEAST_ALLOWED,
    VERIFYING_MARGIN,
    Measured,
    measure,
)
from results.witnesses.file import Witness, load_witness
from results.witnesses.header import Header, identity_sha256
from results.witnesses.measurements import Measurements
from results.witnesses.stated_data import request_of_data
from results.witnesses.untrusted_files import Unreadable

STANDARD = Limits()


@dataclass(frozen=True)
class Verification:
    """The outcome; what could not be determined is None.

    Attributes:
        passed: whether the target is reached, with the margin asked for.
        reason: one sentence.
        sha256: address of the witness.
        header: its header.
        bits: of one parameter, 32 or 64.
        weights: hash of the weights.
        measured: error, allowed error, absorbed fraction and certified floor.
    """

    passed: bool
    reason: str
    sha256: str | None = None
    header: Header | None = None
    bits: int | None = None
    weights: str | None = None
    measured: Measured | None = None

    @property
    def target(self) -> Target | None:
        """What the witness claims to reach."""
        return self.header.target if self.header else None

    @property
    def error(self) -> float | None:
        """Relative error |y - h| / |y| over all training labels."""
        return self.measured.error if self.measured else None

    @property
    def floor(self) -> float | None:
        """Certified least relative error for the rank of this net, on grids."""
        return self.measured.floor if self.measured else None

    @property
    def q(self) -> int | None:
        """Output dimension."""
        return getattr(self.header.architecture, "q", None) if self.header else None

    @property
    def d(self) -> int | None:
        """Trainable scalars."""
        return self.header.net().parameter_count() if self.header else None

    @property
    def n(self) -> int | None:
        """Training labels."""
        return self.header.data.functions * self.header.data.points if self.header else None


def verify(
    source: Path | Witness,
    cache: BlockCache | None = None,
    *,
    entering: bool = False,
    kept: bool = False,
    limits: Limits | None = STANDARD,
    dataset: Dataset | None = None,
) -> Verification:
    """Measure a witness against its target; nothing that the file holds makes this raise.

    Args:
        source: a file, or a witness already read.
        cache: where generated functions and measurements are kept.
        entering: ask for the full margin and for insensitivity to rounding.
        kept: take what this version has measured of the very bytes before, if it has.
        limits: of what measuring may take by the header; None for weights of our own.
        dataset: its data (`request_of` its header), where they are built already.

    Raises:
        UserError: the cache cannot be written.
    """
    try:
        witness = source if isinstance(source, Witness) else load_witness(source)
        found = Verification(
            False, "", sha256=witness.sha256, header=witness.header, bits=witness.bits, weights=witness.weights.sha256()
        )
    except Unreadable as error:
        return Verification(False, str(error))
    measurements, reason = Measurements.beside(cache), None
    measured = measurements.get(witness.sha256) if kept and not entering else None
    try:
        request = request_of(witness.header, limits if measured is None else None)
    except UserError as error:
        return dataclasses.replace(found, reason=str(error))
    if measured is None:
        measured, reason = _measured(witness, lambda: dataset or build(request, cache), entering)
    if measured is not None:
        measurements.keep(witness.sha256, measured)
        reason = _objection(measured, witness.header.target, entering)
    verdict = f"reaches the target, {witness.header.target.label}"
    return dataclasses.replace(found, passed=reason is None, reason=reason or verdict, measured=measured)


def _measured(witness: Witness, data: Callable[[], Dataset], disturb: bool) -> tuple[Measured | None, str | None]:
    """The measurement, or why there is none: constants of the task may be such that nothing sensible comes out."""
    try:
        dataset = data()
    except UserError:
        raise
    except (DataInvalid, ArithmeticError, ValueError, MemoryError) as error:
        return None, f"expected valid data, got {type(error).__name__}: {error}"
    try:
        again = not_as_constructed(witness, dataset)
        return (None, again) if again else (measure(witness, dataset, disturb=disturb), None)
    except (ArithmeticError, ValueError, MemoryError) as error:
        return None, f"expected data that can be measured, got {type(error).__name__}: {error}"


def verify_file(
    path: Path, cache: BlockCache | None = None, *, kept: bool = False, limits: Limits | None = STANDARD
) -> Verification:
    """Verify a witness of a results folder, as `verify`; it must lie under its own address.

    Raises:
        UserError: the cache cannot be written.
    """
    found = verify(path, cache, kept=kept, limits=limits)
    if found.sha256 is not None and path.name != f"{found.sha256}.npz":
        reason = f"expected the witness under its address {found.sha256}, got another name; it was altered or renamed"
        return dataclasses.replace(found, passed=False, reason=reason)
    return found


def verify_folder(
    folder: Path, cache: BlockCache | None = None, limits: Limits = STANDARD
) -> Iterator[tuple[Path, Verification]]:
    """Verify every witness of a results folder, in order of address, as `verify_file`.

    Raises:
        UserError: the cache cannot be written.
    """
    for path in sorted((folder / "witnesses").glob("*.npz")):
        yield path, verify_file(path, cache, limits=limits)


def request_of(header: Header, limits: Limits | None = STANDARD, *, independent: bool = False) -> Request:
    """The data set of a witness, if this release generates the same, it fits the net, and verifying keeps within the limits.

    Args:
        header: of the witness.
        limits: of what measuring may take.
        independent: count the second evaluation, too (`results.witnesses.cost.cost`).

    Raises:
        UserError: unknown task, other version or constants, sizes that do not fit, or more than the limits.
    """
    data, net = header.data, header.net()
    task = find_task(data.task, dict(data.parameters))
    if data.task_version != task.version:
        raise UserError(
            f"expected version {task.version} of task {task.name!r}, got a witness for version {data.task_version};"
            " other versions generate other data"
        )
    if data.task_identity != identity_sha256(task.identity()):
        raise UserError(f"expected the identity of task {task.name!r} with these parameters, got that of another task")
    points = task.points()
    sizes = len(task.sensors()), points.shape[1]
    if (net.sensors, net.coordinates) != sizes:
        raise UserError(
            f"expected a net on {sizes[0]} sensors and {sizes[1]} coordinates for task {task.name!r},"
            f" got one on {net.sensors} and {net.coordinates}"
        )
    request = request_of_data(data)
    new_functions = FRESH if header.target.kind == "population" else 0
    if new_functions and (data.design, data.points) != ("grid", len(points)):
        raise UserError(
            f"expected a grid of all {len(points)} points for a target about new functions, got {data.design!r} of {data.points}"
        )
    if limits is not None:
        limits.require(cost(request, net, independent=independent, new_functions=new_functions))
    return request


def _objection(measured: Measured, target: Target, entering: bool) -> str | None:
    """Why a measured witness does not pass; None if it does."""
    error, allowed, again = measured.error, measured.allowed, measured.disturbed
    margin = ENTERING_MARGIN if entering else VERIFYING_MARGIN
    if not math.isfinite(error):
        return "expected finite predictions, got NaN or infinity"
    if measured.below_floor:
        floor = rounded_down(measured.floor or 0.0, 9)
        return f"lies below the certified floor {floor}, relative error {error:.9g}: the floor or the data are wrong"
    if allowed < LEAST_ALLOWED:
        return (
            f"expected a target of relative error >= {LEAST_ALLOWED:g}, got {allowed:.3g}: machines may differ about finer ones"
        )
    if error > allowed * (1.0 - margin):
        return f"misses the target, {target.label}: relative error {error:.9g}, allowed {allowed:.9g} less {margin:g} of it"
    if again is not None and not error + DRIFT_FACTOR * abs(again - error) <= allowed * (1.0 - VERIFYING_MARGIN):
        return (
            f"depends on rounding: relative error {error:.9g}, but {again:.9g} with data rounded to {DATA_BITS} bits and sums"
            f" reversed, allowed {allowed:.9g}; machines may differ about it"
        )
    return None
