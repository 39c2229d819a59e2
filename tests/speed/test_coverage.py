"""How often intervals of 95 % hold what was planted, and how often a test at 5 % finds a trend where there is none.

Run alone with `pytest tests/speed/test_coverage.py --benchmark-only -s` (about an hour of one core); it prints the tables
of docs/theory.md. Each row counts STUDIES simulated studies (`simulated_studies`) of the seeds 0, 1, ..., refused ones apart.
A row must lie in ASKED, or above it where `Row.conservative` says why.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from other_intervals import exponent_with_a_floor_of_either_sign, slope_by_satterthwaite
from simulated_studies import (
    COARSE,
    RAY_POINTS,
    RAY_REPLICATES,
    SMOKE,
    THRESHOLD,
    Count,
    Estimate,
    Scatter,
    counted,
    errors,
    no_trend,
    scattered,
    seeds,
    thresholds,
)

from results.statistics.interval_censored import fit_slope
from results.statistics.power_law import fit_power_law
from results.statistics.regression import replicated_slope, shared_slope
from results.statistics.trend import fall_p_value

STUDIES = 2000
ASKED = (0.935, 0.965)
NOTHING, POSITIVE = (-np.inf, np.inf), (0.0, np.inf)
FURTHER = replace(THRESHOLD, q=(*THRESHOLD.q, *(THRESHOLD.q[-1] * 2.0 ** (k / 2) for k in range(1, 9))))
EIGHT, TWELVE = (replace(THRESHOLD, n=tuple(THRESHOLD.n[0] * 2.0**k for k in range(count))) for count in (8, 12))
DESIGNS = {
    "`threshold`, 6 n x 3": THRESHOLD,
    "`threshold`, q to 512": FURTHER,
    "`threshold`, 8 n x 3": EIGHT,
    "`threshold`, 8 n x 1": replace(EIGHT, replicates=1),
    "`threshold`, 12 n x 3": TWELVE,
    "`smoke`, 6 n x 3": SMOKE,
    "powers of 2, 4 n x 3": COARSE,
}
COARSELY_SEEN = "thresholds scatter by less than the step between two q, so that any slope which meets all steps fits"
BEYOND = "the largest thresholds lie beyond every q tried: that they do is known, and used"
FLOOR_IS_POSITIVE = "E_inf >= 0 is known, and used"
HULL = "the hull of two intervals, each right in one case"
DIFFERENCE = "not used: a variance that is a difference, of which no more is taken off than leaves its parts"
Slopes = Callable[[np.random.Generator], Estimate]


@dataclass(frozen=True)
class Row:
    """One line of a table: what is simulated, and why more than ASKED may be covered."""

    names: tuple[str, ...]
    planted: float
    estimate: Slopes
    conservative: str = ""

    def count(self, studies: int = STUDIES, *, nothing: Estimate = NOTHING) -> Count:
        """Count the intervals of so many studies."""
        return counted(studies, self.planted, self.estimate, nothing=nothing)

    def fails(self, count: Count) -> bool:
        """Whether the coverage is not what is asked for."""
        rate = count.covered / count.intervals
        return rate < ASKED[0] or (rate > ASKED[1] and not self.conservative)


def slope_row(name: str, beta: float, scatter: Scatter, first: float, conservative: str = "") -> Row:
    """An exponent of thresholds."""

    def estimate(random: np.random.Generator) -> Estimate:
        fit = fit_slope(*thresholds(random, DESIGNS[name], beta, scatter, first=first))
        return fit.low, fit.high

    names = (name, f"{beta:g}", f"{scatter.alone:g}", f"{scatter.shared:g}", f"{first:g} to {2 * first:g}")
    return Row(names, beta, estimate, conservative)


def law_row(
    name: str, exponent: float, floor: float, scatter: Scatter, conservative: str = "", *, either_sign: bool = False
) -> Row:
    """An exponent of errors."""

    def estimate(random: np.random.Generator) -> Estimate:
        seen = errors(random, DESIGNS[name], exponent, floor, scatter)
        if either_sign:
            return exponent_with_a_floor_of_either_sign(*seen)
        fit = fit_power_law(*seen)
        return fit.low, fit.high

    names = (
        f"{name.split(',')[0]}, {len(DESIGNS[name].q)} q x 3",
        f"{exponent:g}",
        f"{scatter.alone:g}",
        f"{scatter.shared:g}",
        f"{floor:g}",
    )
    return Row(names, exponent, estimate, conservative)


INTERVALS = {"`shared_slope`": shared_slope, "`replicated_slope`": replicated_slope}


def regression_row(name: str, scatter: Scatter, slopes: float, conservative: str = "") -> Row:
    """A slope of -1 over 4 x and 6 replicates, whose own slopes scatter by `slopes`."""
    x = np.log(np.array([1024.0, 2048.0, 4096.0, 8192.0]))

    def estimate(random: np.random.Generator) -> Estimate:
        own = slopes * random.standard_normal(6)
        y = scattered(random, -x, 6, scatter) + (x - x.mean())[:, None] * own
        if name not in INTERVALS:
            return slope_by_satterthwaite(x, y)
        at, replicates = np.repeat(x, 6), np.tile(np.arange(6), 4).tolist()
        found = INTERVALS[name](at, replicates, y.ravel())
        assert found is not None
        return found.low, found.high

    return Row((name, f"{scatter.alone:g}", f"{scatter.shared:g}", f"{slopes:g}"), -1.0, estimate, conservative)


WIDER, WIDEST = Scatter(0.3), Scatter(0.5, 0.5)  # as wide as the step between two q: ln 4/3 to ln 3/2, ln 2
ALONE, SHARED, MOSTLY, LARGE = Scatter(0.15), Scatter(0.15, 0.15), Scatter(0.05, 0.2), Scatter(0.3, 0.3)
FIRST = {0.25: 2.5, 0.5: 2.5, 1.0: 1.5}
SEEN = {0.25: "", 0.5: "", 1.0: BEYOND}
SLOPES = [
    *(
        slope_row("`threshold`, 6 n x 3", beta, scatter, FIRST[beta], COARSELY_SEEN if scatter is ALONE else SEEN[beta])
        for scatter, beta in itertools.product((SHARED, MOSTLY, ALONE), FIRST)
    ),
    slope_row("`threshold`, q to 512", 1.0, MOSTLY, FIRST[1.0]),
    slope_row("`threshold`, 6 n x 3", 0.5, LARGE, FIRST[0.5]),
    *(slope_row("`threshold`, 8 n x 3", beta, LARGE, first) for beta, first in ((0.5, 10.0), (1.0, 6.0))),
    slope_row("`threshold`, 8 n x 1", 1.0, WIDER, 6.0, BEYOND),
    *(slope_row("`threshold`, 12 n x 3", beta, LARGE, first) for beta, first in ((0.5, 8.0), (1.0, 6.0))),
    slope_row("`threshold`, 12 n x 3", 1.0, SHARED, 6.0, BEYOND),
    *(slope_row(name, 1.0, LARGE, FIRST[1.0]) for name in ("`threshold`, 6 n x 3", "`smoke`, 6 n x 3")),
    slope_row("`threshold`, 6 n x 3", 1.0, WIDEST, 8.0),
    *(slope_row("`smoke`, 6 n x 3", beta, SHARED, FIRST[beta], SEEN[beta]) for beta in FIRST),
    *(slope_row("`threshold`, 6 n x 3", beta, SHARED, first, BEYOND) for beta, first in ((0.5, 6.0), (1.0, 8.0))),
    *(slope_row("powers of 2, 4 n x 3", beta, ALONE, 4.0, COARSELY_SEEN) for beta in FIRST),
    slope_row("powers of 2, 4 n x 3", 0.5, MOSTLY, 4.0, COARSELY_SEEN),
    *(slope_row("`threshold`, 6 n x 3", beta, WIDER, FIRST[beta], SEEN[beta]) for beta in FIRST),
    *(slope_row("powers of 2, 4 n x 3", beta, WIDEST, 4.0) for beta in FIRST),
]
MIXED = Scatter(0.05, 0.1)
WITH_A_KNOWN_SIGN = [
    *(("`threshold`, 6 n x 3", 0.5, floor, MIXED) for floor in (0.5, 1.0)),
    *(("`threshold`, 6 n x 3", exponent, 0.1, Scatter(0.1)) for exponent in (0.5, 1.0)),
    *(("`smoke`, 6 n x 3", 0.5, floor, MIXED) for floor in (0.1, 2.0)),
    ("`smoke`, 6 n x 3", 1.0, 0.1, MIXED),
]
LAWS = [
    *(law_row("`threshold`, 6 n x 3", 0.5, floor, MIXED) for floor in (0.0, 0.1, 2.0)),
    *(law_row("`threshold`, 6 n x 3", 1.0, floor, MIXED) for floor in (0.0, 0.1, 0.5, 1.0, 2.0)),
    *(law_row("`threshold`, 6 n x 3", exponent, 2.0, Scatter(0.1)) for exponent in (0.5, 1.0)),
    law_row("`smoke`, 6 n x 3", 1.0, 2.0, MIXED),
    *(law_row(*row, conservative=FLOOR_IS_POSITIVE) for row in WITH_A_KNOWN_SIGN),
]
OF_EITHER_SIGN = [
    law_row("`threshold`, 6 n x 3", 0.5, 0.0, MIXED, either_sign=True),
    *(law_row(*row, either_sign=True) for row in WITH_A_KNOWN_SIGN),
]
REGRESSIONS = [
    *(regression_row("`shared_slope`", Scatter(0.1, shared), 0.0) for shared in (0.0, 0.1, 0.3)),
    regression_row("`replicated_slope`", Scatter(0.1), 0.0, HULL),
    regression_row("`replicated_slope`", Scatter(0.1, 0.3), 0.0),
    regression_row("`replicated_slope`", Scatter(0.1, 0.1), 0.0),
    regression_row("`replicated_slope`", Scatter(0.1, 0.1), 0.1),
    regression_row("`replicated_slope`", Scatter(0.1), 0.3),
    *(regression_row("Satterthwaite 1946", Scatter(0.1, shared), 0.0, DIFFERENCE) for shared in (0.0, 0.1)),
    regression_row("Satterthwaite 1946", Scatter(0.1, 0.3), 0.0),
]
OF_ERRORS = ("design", "a", "s alone", "s shared", "E_inf / (A q_max^-a)")
COUNTED = ("studies", "refused", "one-sided", "coverage", "median width")
TABLES: dict[str, tuple[Sequence[str], list[Row], Estimate]] = {
    "exponents of thresholds": (("design", "beta", "s alone", "s shared", "first q*"), SLOPES, NOTHING),
    "exponents of errors": (OF_ERRORS, LAWS, POSITIVE),
    "exponents of errors, E_inf of either sign": (OF_ERRORS, OF_EITHER_SIGN, POSITIVE),
    "slopes": (("interval", "s alone", "s shared", "s of the replicates' slopes"), REGRESSIONS, NOTHING),
}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", TABLES)
def test_intervals_hold_what_was_planted_as_often_as_they_say(benchmark: Any, name: str) -> None:
    head, rows, nothing = TABLES[name]
    columns = [*head, *COUNTED, "may cover more because"]
    print(f"\n{name}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")

    def table() -> list[Count]:
        counts = []
        for row in rows:
            counts.append(row.count(nothing=nothing))
            print(f"| {' | '.join(row.names)} | {counts[-1].cells()} | {row.conservative} |", flush=True)
        return counts

    counts = benchmark.pedantic(table, rounds=1)
    assert [row.names for row, count in zip(rows, counts, strict=True) if row.fails(count)] == []


@pytest.mark.parametrize(("points", "replicates"), [(4, 3), (RAY_POINTS, RAY_REPLICATES)])
def test_no_trend_is_found_where_there_is_none(benchmark: Any, points: int, replicates: int) -> None:
    scatters = [Scatter(0.1, shared) for shared in (0.0, 0.05, 0.1, 0.3)]

    def rates() -> list[float]:
        return [
            float(np.mean([fall_p_value(no_trend(random, points, replicates, scatter)) <= 0.05 for random in seeds(STUDIES)]))
            for scatter in scatters
        ]

    found = benchmark.pedantic(rates, rounds=1)
    print(f"\n{points} points x {replicates} replicates, share of falls found at 0.05:")
    for scatter, rate in zip(scatters, found, strict=True):
        print(f"| {scatter.alone:g} | {scatter.shared:g} | {rate:.3f} |")
        assert rate <= 0.05 + 3.0 * (0.05 * 0.95 / STUDIES) ** 0.5
