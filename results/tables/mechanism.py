"""mechanism.csv: how noise was absorbed, tested on the proof-term audits of all noisy records (docs/theory.md, section 5).

One row per test and a group of cells that differ in nothing but what the test varies; a test without such cells has one row that
says so. Per replicate the best restart counts; verdicts are those of `results.statistics.equivalence`.

B.1  capacity      no run absorbs more than bit counting allows its d parameters
B.2  plateau       at a fixed net n R(rho) / d tends to a plateau: rho ~ n^-1. `paper-shaped` would allow n^(-1/2)
B.3  fresh noise   noise drawn after training is not absorbed: its score, in standard deviations, stays below
                   (2 ln(2 K / DELTA))^(1/2), which K runs all do with probability 1 - DELTA (sub-Gaussian tails, union bound)
B.4  q at fixed d  at equal n and d (within 5 %) a larger q does not absorb more, where `paper-shaped` would allow rho ~ q; in a
                   second row, rho follows d_eff
B.5  noise law     two laws of equal variance are absorbed alike, up to the difference of their rates
B.6  permutation   noise permuted over the labels, or labels reassigned among functions, is absorbed like noise that was not

The slopes of B.2 and B.4 take scatter for shared: by the replicates of one n or q, and by the n or q of one replicate.
B.2 and B.4 read parameters off rho, so they use runs with 0 < rho <= SATURATED that are more than 5 % above the floor of their
rank (at the floor it is rank, not d, that limits rho), B.2 also with n > d. On square grids B.2 identifies nothing: rank alone
gives rho ~ n^(-1/2).
"""

from collections.abc import Callable, Iterator

import pandas as pd

from results.statistics.regression import FEWEST_VALUES
from results.tables import mechanism_tests
from results.tables.frame import ASKED, COUNTS
from results.tables.mechanism_row import SHOWN, USED, Claim, row_of
from results.tables.noisy_cells import Extent, NoisyCells

COLUMNS: dict[str, str] = {
    "test": "B.1 capacity, B.2 plateau, B.3 fresh noise, B.4 q at fixed d, B.5 noise law, B.6 permutation",
    **{name: f"{ASKED[name]}; all values in the group" for name in SHOWN},
    "statistic": "what `value` is",
    "value": "the statistic, a mean over replicates in B.2 and B.4 to B.6",
    "low": "lower end of its 95 % interval; of the slopes of B.2 and B.4 one that holds if replicates share scatter",
    "high": "upper end",
    "least": "the statement holds if the whole interval lies between `least` and `most`",
    "most": "see `least`",
    "prediction": "the statement",
    "verdict": "holds, fails or not identifiable",
    "reason": "why it is not identifiable, or what to know",
    "used": "runs that the value rests on",
    **COUNTS,
}


TESTS: dict[str, Callable[[NoisyCells, int], Iterator[dict[str, object]]]] = {
    "B.1 capacity": lambda noisy, _: mechanism_tests.capacity(noisy),
    "B.2 plateau": lambda noisy, _: mechanism_tests.plateau(noisy),
    "B.3 fresh noise": mechanism_tests.fresh,
    "B.4 q at fixed d": lambda noisy, _: mechanism_tests.fixed_d(noisy),
    "B.5 noise law": lambda noisy, _: mechanism_tests.law(noisy),
    "B.6 permutation": lambda noisy, _: mechanism_tests.permuted(noisy),
}
NOTHING = {
    "B.1 capacity": "no run",
    "B.2 plateau": f"no net was asked for at {FEWEST_VALUES} n along a path",
    "B.3 fresh noise": "no record carries a score",
    "B.4 q at fixed d": "no two nets of equal d and different q at one n",
    "B.5 noise law": "no net was asked for under two noise laws of equal variance",
    "B.6 permutation": "no net was asked for with and without a control",
}


def mechanism(frame: pd.DataFrame, runs: int | None = None) -> pd.DataFrame:
    """All tests, from the tidy frame; no rows without noise.

    Args:
        frame: the rows.
        runs: `noisy_runs` of the study, where the rows are a part of it.
    """
    noisy = noisy_cells(frame)
    rows: list[dict[str, object]] = []
    if len(noisy):
        for name, test in TESTS.items():
            found = [{"test": name, **row} for row in test(noisy, noisy_runs(frame) if runs is None else runs)]
            rows += found or [nothing_found(name, noisy.extent())]
    return typed_rows(rows)


def noisy_cells(frame: pd.DataFrame) -> NoisyCells:
    """The cells that the tests are made of."""
    return NoisyCells(frame.loc[frame["sigma"] > 0, [name for name in frame if name in USED]], SHOWN)


def noisy_runs(cells: pd.DataFrame) -> int:
    """Noisy cells that are done."""
    return int(((cells["sigma"] > 0) & (cells["status"] == "done")).sum())


def nothing_found(name: str, noisy: Extent) -> dict[str, object]:
    """The row of a test that has no cells to compare, among all noisy ones."""
    return {"test": name, **row_of(noisy.told(), Claim("", ""), reason=NOTHING[name])}


def typed_rows(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows as the table."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({name: "float" for name in ("value", "low", "high", "least", "most")})
