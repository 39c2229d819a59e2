"""What a bound is, what it says, and of what.

A `Bound` is data: name, status, source, hypotheses, and two questions answered by pure functions of a `Setting`:

    necessary(setting, target)   the least q (or d) of the declared sizes that the bound does not exclude from the target
    attainable(setting, q)       the best target the bound does not exclude for the size of this q

A target is an absorbed fraction rho of the noise (bound.target = "absorb") or a global relative L2 error ("relative"). The
answer is a `Statement`: a number with the status it has here. A statement that excludes nothing is `vacuous`, whatever the
status of its bound; so is one whose hypotheses the setting does not meet, and `note` then says which.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from operators.architectures import Architecture, DeepONet
from operators.arrays import Array
from operators.bounds.lemmas.covering import Norms
from operators.bounds.lemmas.rates import Law

Status = Literal["certified", "asymptotic", "heuristic", "vacuous"]
Quantity = Literal["q", "d", "rho", "relative error"]
Target = Literal["absorb", "relative"]

LARGEST_Q = 2**40


@dataclass(frozen=True)
class Statement:
    """What a bound says here: q or d >= value, rho <= value, relative error >= value.

    Attributes:
        bound: name of the bound.
        quantity: what is bounded.
        value: the number; inf where no size at all suffices.
        status: the bound's status, or `vacuous` if nothing is excluded.
        note: why it is vacuous, or what the number rests on.
    """

    bound: str
    quantity: Quantity
    value: float
    status: Status
    note: str = ""


@dataclass(frozen=True, eq=False)
class Setting:
    """What a bound may use.

    Attributes:
        n: number of labels.
        size: the declared sizes: the net of each q.
        shape: (N, M) of a grid design; None for scattered points and triples.
        law: noise law.
        sigma: standard deviation of the noise, in the units of the labels.
        failure_probability: delta.
        configurations: K, the configurations tried on the same noise.
        bits: storage of one parameter.
        norms: scales for norm-based bounds.
        signal: pairs (g, e): the clean outputs lie within mean squared error e of a matrix of rank g, offset included; (g, 0) if
            their rank is g; empty if nothing is known (`operators.bounds.lemmas.signal`).
        floors: certified mean squared errors for rank 0, 1, ..., the last one 0, of this very grid data set
            (`eckart_young.floors_of_deeponet`), if at hand.
        label_energy: mean square of these labels.
        noise_energy: V of these labels.
        spectrum: eigenvalues of the second moment of the outputs, decreasing, if known (`Task.output_spectrum`).
        q_values: the q for which `size` is declared; None for all.
    """

    n: int
    size: Callable[[int], DeepONet]
    shape: tuple[int, int] | None = None
    law: Law = "rademacher"
    sigma: float = 1.0
    failure_probability: float = 0.05
    configurations: int = 1
    bits: int = 32
    norms: Norms = field(default_factory=Norms)
    signal: tuple[tuple[int, float], ...] = ()
    floors: Array | None = None
    label_energy: float = 0.0
    noise_energy: float = 0.0
    spectrum: Array | None = None
    q_values: tuple[int, ...] | None = None

    @property
    def least_q(self) -> int:
        """The least declared q."""
        return min(self.q_values) if self.q_values is not None else 1

    def least_rank(self, mean_squared_error: float) -> int:
        """The least rank whose certified floor does not exceed the error.

        Raises:
            ValueError: no floors in this setting.
        """
        if self.floors is None:
            raise ValueError("expected a setting with floors")
        return int((self.floors <= mean_squared_error).argmax())

    def floor(self, net: Architecture) -> float:
        """The certified floor for the rank of a net; 0 without floors and where its rank has no limit."""
        rank = net.output_rank()
        return float(self.floors[min(rank, len(self.floors) - 1)]) if self.floors is not None and rank is not None else 0.0

    def smallest_q(self, allowed: Callable[[DeepONet], bool]) -> float:
        """The least declared q whose net is allowed; inf if none is."""
        return smallest_q(lambda q: allowed(self.size(q)), self.q_values)


@dataclass(frozen=True)
class Bound:
    """A lower bound on size: its statement as data.

    Attributes:
        name: key in `operators.bounds.BOUNDS`.
        title: the statement in one line.
        status: what its numbers are worth where it is not vacuous.
        citation: source, with version.
        hypotheses: what must hold, one phrase each.
        target: what `necessary` takes and `attainable` gives.
        necessary: least q or d for a target.
        attainable: best target for a q.
    """

    name: str
    title: str
    status: Status
    citation: str
    hypotheses: tuple[str, ...]
    target: Target
    necessary: Callable[[Setting, float], Statement]
    attainable: Callable[[Setting, int], Statement]


def smallest_q(allowed: Callable[[int], bool], q_values: Iterable[int] | None = None) -> float:
    """The least q that is allowed; inf if there is none.

    Without q_values, `allowed` must be monotone (false, then true): doubling to 2^40, then bisection. With q_values, all are
    scanned in increasing order.
    """
    if q_values is not None:
        return next((float(q) for q in sorted(q_values) if allowed(q)), math.inf)
    high = 1
    while not allowed(high):
        high *= 2
        if high > LARGEST_Q:
            return math.inf
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if allowed(middle) else (middle, high)
    return float(high)


def at_least_q(name: str, status: Status, value: float, *, least: int = 1, note: str = "") -> Statement:
    """Q >= value; vacuous if value is the least q declared."""
    return Statement(name, "q", value, status if value > least else "vacuous", note)


def at_least_error(name: str, status: Status, value: float, *, note: str = "") -> Statement:
    """Relative error >= value; vacuous if value is 0."""
    return Statement(name, "relative error", value, status if value > 0.0 else "vacuous", note)


def at_most_rho(name: str, status: Status, value: float, *, note: str = "") -> Statement:
    """Rho <= value; vacuous if value >= 1."""
    return Statement(name, "rho", min(value, 1.0), status if value < 1.0 else "vacuous", note)


def not_applicable(name: str, quantity: Quantity, note: str) -> Statement:
    """The empty statement of a bound whose hypotheses the setting does not meet."""
    value = {"q": 1.0, "d": 1.0, "rho": 1.0, "relative error": 0.0}[quantity]
    return Statement(name, quantity, value, "vacuous", note)
