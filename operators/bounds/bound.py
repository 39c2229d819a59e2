"""What a bound is and what it says.

A `Bound` is data: name, status, source, hypotheses, and two questions answered by pure functions of a `Setting`:

    necessary(setting, target)   the least q (or d) of the declared sizes that the bound does not exclude from the target
    attainable(setting, q)       the best target the bound does not exclude for the size of this q

A target is an absorbed fraction rho of the noise (bound.target = "absorb"), or a global relative L2 error, of training
("relative") or over fresh functions ("population"). The answer is a `Statement`: a number with what it is worth. A statement that
excludes nothing is vacuous, whatever the status of its bound; so is one where the setting lacks what the bound needs, and `note`
then says what.

All that is known of a bound stands in its fields, and a statement carries what a verdict rests on. Nobody outside this folder
tells bounds apart by their names, so that a bound under another name is judged alike. Words are made last: `claim`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from operators.bounds.outward import DIGITS, rounded_down, rounded_up
from operators.bounds.setting import FAILURE_PROBABILITY, NEEDS, OF_DATA, OF_LABELS, Need, Setting

Status = Literal["certified", "asymptotic", "heuristic"]
Worth = Literal["certified", "asymptotic", "heuristic", "vacuous"]
Limited = Literal["q", "d", "norms"]
Quantity = Literal["q", "d", "norms", "rho", "relative error"]
Target = Literal["absorb", "relative", "population"]
Assumption = Literal["norms", "labels", "spectrum", "per-record"]
Growth = Literal["d >= C n", "q^2 d >= C n", "q >= C min(N, M)"]
Asked = TypeVar("Asked")

CONFIDENCE = 1.0 - FAILURE_PROBABILITY
NEAR_ONE = 0.999
TRIVIAL: dict[Quantity, float] = {"q": 1.0, "d": 1.0, "norms": 0.0, "rho": 1.0, "relative error": 0.0}


@dataclass(frozen=True)
class Answer:
    """What the mathematics of a bound gives: a number, whether it excludes nothing, and what it rests on."""

    value: float
    vacuous: bool
    note: str = ""


@dataclass(frozen=True)
class Statement:
    """What a bound says here: q, d or norms >= value, rho <= value, relative error >= value.

    Attributes:
        bound: name of the bound.
        quantity: what is bounded.
        value: the number; inf where no size at all suffices.
        status: the bound's status.
        vacuous: whether nothing is excluded.
        probability: with which it holds over the draw of the noise; None if nothing in it is random.
        assumptions: what must be assumed beyond what is recorded.
        note: why it is vacuous, or what the number rests on.
    """

    bound: str
    quantity: Quantity
    value: float
    status: Status
    vacuous: bool
    probability: float | None = None
    assumptions: frozenset[Assumption] = frozenset()
    note: str = ""

    @property
    def worth(self) -> Worth:
        """The status, or that it excludes nothing."""
        return "vacuous" if self.vacuous else self.status

    def text(self, digits: int = DIGITS) -> str:
        """The value to this many significant digits, rounded outward: up for what is at most rho, down for all else."""
        return rounded_up(self.value, digits) if self.quantity == "rho" else rounded_down(self.value, digits)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A lower bound on size: its statement as data.

    Attributes:
        name: key in `operators.bounds.BOUNDS`.
        title: the statement in one line.
        status: what its numbers are worth where they are not vacuous.
        citation: source, with version.
        hypotheses: what must hold, one phrase each.
        target: what `necessary` takes and `attainable` gives.
        limits: what `necessary` bounds from below.
        probability: with which it holds over the draw of the noise at the default failure probability; None if it is
            deterministic, or no theorem.
        assumptions: what must be assumed beyond what is recorded: `norms` of layers, inputs and points, a bound of the `labels`,
            the `spectrum` of the outputs; `per-record`, what only the fit of a record can tell.
        needs: what a setting must have.
        growth: how size must grow with n, up to logarithms, for a fixed absorbed fraction; None where this is no power law.
        remark: what to know when this growth is compared with a measured one.
        least_size: least q or d for a target, asked only where the needs are met; None if the bound gives none.
        best_target: best target for a q; likewise.
    """

    name: str
    title: str
    status: Status
    citation: str
    hypotheses: tuple[str, ...]
    target: Target
    limits: Limited = "q"
    probability: float | None
    assumptions: frozenset[Assumption]
    needs: frozenset[Need]
    growth: Growth | None = None
    remark: str = ""
    least_size: Callable[[Setting, float], Answer] | None
    best_target: Callable[[Setting, int], Answer] | None

    @property
    def of_labels(self) -> bool:
        """Whether it speaks of one data set, replicate by replicate, and not of a series."""
        return bool(self.needs & OF_LABELS)

    def necessary(self, setting: Setting, target: float) -> Statement:
        """The least q or d of the declared sizes that is not excluded from the target.

        Raises:
            ValueError: a target that is NaN.
        """
        if math.isnan(target):
            raise ValueError("expected a target, got nan")
        return self._said(self.limits, setting, self.least_size, target, q=setting.least_q)

    def attainable(self, setting: Setting, q: int) -> Statement:
        """The best target that is not excluded for the size of this q."""
        return self._said("rho" if self.target == "absorb" else "relative error", setting, self.best_target, q, q=q)

    def says(self, quantity: Quantity, answer: Answer, *, failure_probability: float = FAILURE_PROBABILITY) -> Statement:
        """A number of this bound with all that a verdict on it rests on."""
        return Statement(
            bound=self.name,
            quantity=quantity,
            value=answer.value,
            status=self.status,
            vacuous=answer.vacuous,
            probability=None if self.probability is None else 1.0 - failure_probability,
            assumptions=self.assumptions,
            note=answer.note,
        )

    def _said(
        self, quantity: Quantity, setting: Setting, answer: Callable[[Setting, Asked], Answer] | None, asked: Asked, *, q: int
    ) -> Statement:
        missing = setting.missing(self.needs, q)
        if answer is None or missing:
            note = f"needs {', '.join(NEEDS[need] for need in missing)}" if missing else f"limits {self.limits} alone"
            said = Answer(TRIVIAL[quantity], True, note)
        else:
            said = answer(setting, asked)
        return self.says(quantity, said, failure_probability=setting.failure_probability)


def at_least_q(value: float, *, least: int = 1, note: str = "") -> Answer:
    """Q >= value; vacuous if value is the least q declared."""
    return Answer(value, not value > least, note)


def at_least_error(value: float, *, note: str = "") -> Answer:
    """Relative error >= value; vacuous if value is 0."""
    return Answer(value, not value > 0.0, note)


def at_most_rho(value: float, *, note: str = "") -> Answer:
    """Rho <= value; vacuous if value >= 1."""
    return Answer(min(value, 1.0), not value < 1.0, note)


def on_q(bounds: Mapping[str, Bound], target: Target, *, of_labels: bool) -> dict[str, Bound]:
    """The bounds of q for a target: those that records tell of one data set, or that can be asked of a series and its sizes."""
    return {
        name: bound
        for name, bound in bounds.items()
        if bound.target == target and bound.limits == "q" and bound.of_labels == of_labels and not bound.needs & OF_DATA
    }


def assumed(assumptions: frozenset[Assumption]) -> str:
    """Assumptions as text, in alphabetical order; empty if there are none."""
    return " and ".join(sorted(assumptions))


def probability_text(probability: float | None) -> str:
    """A probability in words for people: `0.95`, and `1 - 1e-12` near 1; empty if nothing is random (None or NaN)."""
    if probability is None or math.isnan(probability):
        return ""
    return f"{probability:g}" if probability < NEAR_ONE else f"1 - {1.0 - probability:.1g}"


def claim(status: str, *, vacuous: bool = False, probability: float | None = None, assumptions: str = "") -> str:
    """What a statement is worth, in words for people: `certified, probability 1 - 1e-12, norms assumed`; `vacuous here`.

    Args:
        status: certified, asymptotic or heuristic.
        vacuous: whether it excludes nothing.
        probability: with which it holds; None or NaN if nothing is random.
        assumptions: as `assumed` writes them.
    """
    if vacuous:
        return "vacuous here"
    chance = probability_text(probability)
    parts = [status, f"probability {chance}" if chance else "", f"{assumptions} assumed" if assumptions else ""]
    return ", ".join(part for part in parts if part)
