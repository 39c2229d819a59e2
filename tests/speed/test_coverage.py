"""Coverage of the exponent intervals: 200 simulated studies for each beta, printed as the table of docs/theory.md.

Run alone with `pytest tests/speed/test_coverage.py --benchmark-only -s`. A study has thresholds q* = 4 2^u (n / n_0)^beta with u
uniform on [0, 1) and lognormal scatter 0.15, seen on the grid 1, 2, 4, ..., 2048 only; beta is to lie in its 95 % interval. A
slope that is refused ("not identifiable") has no interval and is counted apart. `tests/tables/test_exponents.py` holds a
cheaper check.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from results.statistics.interval_censored import NotIdentifiable, fit_slope

STUDIES = 200
SCATTER = 0.15
GRID = 2.0 ** np.arange(12)
BETAS = (0.25, 0.5, 1.0)
DESIGNS = {"4 n x 3 replicates": (4.0 ** np.arange(4, 8), 3), "8 n x 3 replicates": (2.0 ** np.arange(8, 16), 3)}


def coverage(beta: float, sizes: Sequence[float], replicates: int) -> tuple[int, int, float]:
    """Intervals that hold beta, intervals that were refused, and the median width."""
    random = np.random.Generator(np.random.PCG64(2024))
    n = np.repeat(np.asarray(sizes, dtype=float), replicates)
    covered, refused, widths = 0, 0, []
    for _ in range(STUDIES):
        q = 4.0 * 2.0 ** random.uniform() * (n / n[0]) ** beta * np.exp(SCATTER * random.standard_normal(len(n)))
        place = np.searchsorted(GRID, q)
        low = np.where(place > 0, np.log(GRID[np.maximum(place - 1, 0)]), -np.inf)
        high = np.where(place < len(GRID), np.log(GRID[np.minimum(place, len(GRID) - 1)]), np.inf)
        try:
            fit = fit_slope(np.log(n), low, high)
        except NotIdentifiable:
            refused += 1
            continue
        covered += fit.low <= beta <= fit.high
        widths.append(fit.high - fit.low)
    return covered, refused, float(np.median(widths))


@pytest.mark.benchmark(group="coverage")
def test_coverage_of_exponent_intervals(benchmark: Any) -> None:
    cases = list(itertools.product(DESIGNS, BETAS))
    table = benchmark.pedantic(lambda: [coverage(beta, *DESIGNS[design]) for design, beta in cases], rounds=1)
    print("\n| design | beta | studies | covered | not identifiable | coverage | median width |\n|" + " --- |" * 7)
    for (design, beta), (covered, refused, width) in zip(cases, table, strict=True):
        rate = covered / (STUDIES - refused)
        print(f"| {design} | {beta:g} | {STUDIES} | {covered} | {refused} | {rate:.3f} | {width:.3f} |")
        assert covered >= binom.ppf(0.001, STUDIES - refused, 0.95)
