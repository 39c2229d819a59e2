"""frontier.csv: planted slopes come back, with their verdicts; what cannot carry a slope says so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from results.tables.brackets import COLUMNS as BRACKET_COLUMNS
from results.tables.frontier import COLUMNS, frontier


def planted(b: float, c: float, *, noise: float = 0.0, seed: int = 0, replicates: int = 3) -> pd.DataFrame:
    """A brackets table whose d are 3 n^b q^c, times log-normal noise."""
    generator = np.random.default_rng(seed)
    rows = [
        {
            **dict.fromkeys(BRACKET_COLUMNS),
            "task": "planted",
            "parameters": "",
            "design": "triples",
            "noise_law": "rademacher",
            "sigma": 1.0,
            "target": "absorb 0.5",
            "standing": "witnessed",
            "n": n,
            "q": q,
            "d_upper": 3.0 * n**b * q**c * np.exp(noise * generator.standard_normal()),
        }
        for n in (256, 512, 1024, 2048)
        for q in (2, 4, 8, 16)
        for _ in range(replicates)
    ]
    return pd.DataFrame(rows, columns=list(BRACKET_COLUMNS))


@given(b=st.floats(0.2, 2.0), c=st.floats(-2.5, 1.0))
def test_planted_slopes_come_back_exactly(b: float, c: float) -> None:
    table = frontier(planted(b, c))
    assert list(table) == list(COLUMNS)
    assert list(table["slope"]) == ["n", "q"]
    assert np.allclose(table["estimate"].astype(float), [b, c], atol=1e-9)


@pytest.mark.parametrize(
    ("c", "verdict"), [(0.0, "d = C n"), (-2.0, "q^2 d = C n"), (-1.0, "neither"), (0.6, "neither")], ids=lambda value: f"{value}"
)
def test_the_verdict_on_q_names_the_slope_that_was_planted(c: float, verdict: str) -> None:
    on_n, on_q = frontier(planted(1.0, c, noise=0.1)).to_dict("records")
    assert on_q["verdict"] == verdict
    assert on_n["verdict"] == "both"
    assert on_q["low"] < c < on_q["high"]


def test_intervals_cover_at_their_nominal_rate() -> None:
    covered = 0
    for seed in range(200):
        row = frontier(planted(1.0, -0.5, noise=0.3, seed=seed, replicates=1)).iloc[1]
        covered += bool(row["low"] <= -0.5 <= row["high"])
    assert binom.ppf(0.001, 200, 0.95) <= covered <= binom.ppf(0.999, 200, 0.95)


def test_missing_and_impossible_points_are_counted_and_few_points_give_no_slope() -> None:
    rows = planted(1.0, 0.0, replicates=1)
    rows.loc[rows["q"] == 2, ["d_upper", "standing"]] = [None, "certified impossible"]
    rows.loc[rows["q"] == 4, ["d_upper", "standing"]] = [None, "no witness"]
    row = frontier(rows).iloc[0]
    assert (row["witnessed"], row["questions"], row["impossible"]) == (8, 16, 4)
    rows.loc[(rows["q"] != 16) | (rows["n"] > 512), "d_upper"] = None
    table = frontier(rows)
    assert set(table["verdict"]) == {"not identifiable"}
    assert table["estimate"].isna().all()
    assert [text[:20] for text in table["reason"]] == ["n: 2 distinct values", "q: 1 distinct values"]


def test_questions_without_a_fixed_q_are_left_out() -> None:
    assert frontier(planted(1.0, 0.0).assign(q=None)).empty
