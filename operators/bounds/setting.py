"""What a bound may use: the declared sizes and what is known of the data and the noise.

A bound names what it needs of a setting in the closed vocabulary `Need`, so that who asks can tell before asking whether it can
answer. `floors`, `noise` and `labels` are known of one data set only, replicate by replicate (OF_LABELS); no record tells the
`labels`, so that only who has the data can ask (OF_DATA). The rest is known of a series.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np

from operators.architectures import Architecture, DeepONet
from operators.arrays import Array
from operators.bounds.lemmas.covering import Norms
from operators.bounds.lemmas.rates import Law

Need = Literal["grid", "signal", "floors", "noise", "labels", "spectrum", "rademacher", "relu"]
Known = TypeVar("Known")

NEEDS: dict[Need, str] = {
    "grid": "a grid design",
    "signal": "how near the clean outputs are to low rank",
    "floors": "the floors of these labels",
    "noise": "the noise energy of these labels",
    "labels": "these labels",
    "spectrum": "the spectrum of the outputs in closed form",
    "rademacher": "Rademacher noise",
    "relu": "ReLU and ends without sigmoid",
}
OF_LABELS: frozenset[Need] = frozenset({"floors", "noise", "labels"})
OF_DATA: frozenset[Need] = frozenset({"labels"})
FAILURE_PROBABILITY = 1e-12
STORED_BITS = 32
LARGEST_Q = 2**40
LARGEST_COUNT = 2**80
LEAST_SIGMA, LARGEST_SIGMA = 1e-60, 1e60  # fourth powers of the units of the labels stay within float64
LEAST_LOG_CHANCE = -300.0 * math.log(10.0)
LEAST_SUM = 1e-280


@dataclass(frozen=True, eq=False)
class Setting:
    """What a bound may use.

    Attributes:
        n: number of labels.
        size: the declared sizes: the net of each q.
        shape: (N, M) of a grid design; None for scattered points and triples.
        law: noise law.
        sigma: standard deviation of the noise, in the units of the labels.
        failure_probability: delta, of one statement about one draw of the noise. At FAILURE_PROBABILITY up to a million of them
            hold together with probability 1 - 1e-6; that costs 28 nats, 1.25 parameters of 32 bits.
        configurations: K, architectures of which one statement is made; 1 where the architecture is fixed before the noise is
            drawn, as that of a series or a record is. Over all nets of given depths K depends on d
            (`bit_counting.necessary_parameters_of_class`).
        bits: storage of one parameter; a record tells its own, STORED_BITS is for nets that nobody has stored yet.
        norms: scales for norm-based bounds.
        signal: pairs (g, e): the clean outputs lie within mean squared error e of a matrix of rank g, offset included; (g, 0) if
            their rank is g; empty if nothing is known (`operators.bounds.lemmas.signal`).
        floors: certified mean squared errors for rank 0, 1, ..., the last one 0, of this very grid data set
            (`eckart_young.floors_of_deeponet`), if at hand.
        label_energy: mean square of these labels.
        noise_energy: V of these labels.
        labels: (labels - mean) / scale, of one mean and one scale, in any order, if at hand.
        label_scale: that scale.
        spectrum: eigenvalues of the covariance of outputs of mean zero, decreasing, if known (`Task.output_spectrum`).
        q_values: the q for which `size` is declared; None for all.

    Raises:
        ValueError: a value outside the range in which the bounds are computed in float64.
    """

    n: int
    size: Callable[[int], DeepONet]
    shape: tuple[int, int] | None = None
    law: Law = "rademacher"
    sigma: float = 1.0
    failure_probability: float = FAILURE_PROBABILITY
    configurations: int = 1
    bits: int = STORED_BITS
    norms: Norms = field(default_factory=Norms)
    signal: tuple[tuple[int, float], ...] = ()
    floors: Array | None = None
    label_energy: float = 0.0
    noise_energy: float = 0.0
    labels: Array | None = None
    label_scale: float = 1.0
    spectrum: Array | None = None
    q_values: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        sides = self.shape or (1, 1)
        for name, count in (("n", self.n), ("N", sides[0]), ("M", sides[1]), ("bits", self.bits)):
            if not 1 <= count <= LARGEST_COUNT:
                raise ValueError(f"expected 1 <= {name} <= 2^80, got {count}")
        if not LEAST_SIGMA <= self.sigma <= LARGEST_SIGMA:
            raise ValueError(
                f"expected sigma > 0, between {LEAST_SIGMA:g} and {LARGEST_SIGMA:g}, got {self.sigma}; scale labels and sigma"
            )
        if not 0.0 < self.failure_probability < 1.0:
            raise ValueError(f"expected a failure probability in (0, 1), got {self.failure_probability}")
        if self.configurations < 1 or math.log(self.failure_probability) - math.log(self.configurations) < LEAST_LOG_CHANCE:
            raise ValueError(f"expected at least one configuration and delta / K >= 1e-300, got K = {self.configurations}")
        for name, energy in (("label", self.label_energy), ("noise", self.noise_energy)):
            if not 0.0 <= energy < math.inf:
                raise ValueError(f"expected a finite {name} energy >= 0, got {energy}")
        if not all(g >= 0 and 0.0 <= e < math.inf for g, e in self.signal):
            raise ValueError(f"expected pairs (g, e) of a signal with g >= 0 and finite e >= 0, got {self.signal}")
        if self.floors is not None and not (_are_finite(self.floors) and self.floors[-1] == 0.0):
            raise ValueError("expected finite floors >= 0 for rank 0, 1, ..., the last one 0, got others")
        if self.spectrum is not None and not (_are_finite(self.spectrum) and LEAST_SUM <= self.spectrum.sum() < math.inf):
            raise ValueError(f"expected finite eigenvalues >= 0 whose sum is finite and at least {LEAST_SUM:g}, got others")

    def has(self, need: Need, q: int) -> bool:
        """Whether the setting, with the net of this q, has what a bound needs."""
        match need:
            case "grid":
                return self.shape is not None
            case "signal":
                return bool(self.signal)
            case "floors":
                return self.floors is not None
            case "noise":
                return self.noise_energy > 0.0
            case "labels":
                return self.labels is not None
            case "spectrum":
                return self.spectrum is not None
            case "rademacher":
                return self.law == "rademacher"
            case "relu":
                return is_piecewise_polynomial(self.size(q))

    def missing(self, needs: frozenset[Need], q: int) -> tuple[Need, ...]:
        """What is needed and not there, in the order of NEEDS."""
        return tuple(need for need in NEEDS if need in needs and not self.has(need, q))

    @property
    def least_q(self) -> int:
        """The least declared q."""
        return min(self.q_values) if self.q_values is not None else 1

    def least_rank(self, mean_squared_error: float) -> int:
        """The least rank whose certified floor does not exceed the error.

        Raises:
            ValueError: no floors in this setting.
        """
        return int((known(self.floors) <= mean_squared_error).argmax())

    def floor(self, net: Architecture) -> float:
        """The certified floor for the rank of a net; 0 without floors and where its rank has no limit."""
        rank = net.output_rank()
        return float(self.floors[min(rank, len(self.floors) - 1)]) if self.floors is not None and rank is not None else 0.0

    def smallest_q(self, allowed: Callable[[DeepONet], bool]) -> float:
        """The least declared q whose net is allowed; inf if none is."""
        return smallest_q(lambda q: allowed(self.size(q)), self.q_values)


def known(value: Known | None) -> Known:
    """A part of a setting that its bound needs.

    Raises:
        ValueError: it is not there.
    """
    if value is None:
        raise ValueError("expected a setting that has what the bound needs (its floors, shape or spectrum), got None")
    return value


def _are_finite(values: Array) -> bool:
    """Whether there are values, all finite and >= 0."""
    return values.ndim == 1 and values.size > 0 and bool(np.all((values >= 0.0) & np.isfinite(values)))


def is_piecewise_polynomial(net: DeepONet) -> bool:
    """Whether the outputs are piecewise polynomial in the parameters: ReLU, and no sigmoid ends."""
    return net.activation == "relu" and net.ends != "sigmoid"


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
