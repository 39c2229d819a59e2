"""barrier.csv: what is linear stands at or above its floor, what is not may lie below; slopes that were planted come back."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.answers import barrier as answer
from results.charts.barrier import barrier_charts
from results.charts.model import Chart, Line
from results.tables.architectures import COLUMNS as COST_COLUMNS
from results.tables.architectures import architectures
from results.tables.barrier import ABOVE, COLUMNS, CROSSES, LINEAR, PARTLY, WITHOUT_TERMS, barrier

ENERGY = 4.0


def run(architecture: str, q: int, error: float, *, limit: int = 0, floor: float = np.nan, **fields: Any) -> dict[str, Any]:
    """A row of the tidy frame: limit > 0 for a linear one; `floor` is the relative floor of q terms."""
    values = {
        "task": "planted",
        "parameters": "",
        "design": "grid",
        "N": 8,
        "M": 4,
        "sigma": 0.0,
        "control": "none",
        "architecture": architecture,
        "q": q,
        "q_eff": limit,
        "d": 10 * q + 1,
        "replicate": 0,
        "problem": 0,
        "status": "done",
        "relative": error,
        "training_mse": ENERGY * error**2,
        "cpu_seconds": 2.0,
        "test_relative": error,
        "test_relative_l1": error**2,
        "floor": ENERGY * floor**2 if limit else np.nan,
        "bound_linear_floor": np.nan if limit or not q else floor,
        "bound_linear_floor_held_out": np.nan if limit or not q else floor,
        "bound_linear_rank_held_out": np.nan if limit else 20.0,
    }
    return {**values, **fields}


def planted(factor: float = 0.5) -> list[dict[str, Any]]:
    """Floors q^-1/2; linear ones 1.2 times that, shift-DeepONets `factor` times, and a plain net."""
    rows = [run("deeponet", q, 1.2 * q**-0.5, limit=q, floor=q**-0.5) for q in (2, 4, 8, 16)]
    rows += [run("shift-deeponet {}", q, factor * q**-0.5, floor=q**-0.5) for q in (2, 4, 8, 16)]
    return [*rows, run("mlp {}", 0, 0.15)]


def table_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = barrier(pd.DataFrame(rows))
    assert table is not None
    assert list(table) == list(COLUMNS)
    return table


def test_planted_floors_slopes_and_standings_come_back() -> None:
    table = table_of(planted())
    linear, shifted, plain = (table[table["architecture"] == name] for name in ("deeponet", "shift-deeponet", "mlp"))
    assert set(linear["standing"]) == {LINEAR}
    assert linear["below"].isna().all()
    assert set(shifted["standing"]) == {CROSSES}
    assert set(plain["standing"]) == {WITHOUT_TERMS}
    assert plain["rank"].isna().all()
    for part in (linear, shifted):
        np.testing.assert_allclose(part["floor_held_out"], part["rank"].astype(float) ** -0.5)
        np.testing.assert_allclose(part["floor_train"], part["rank"].astype(float) ** -0.5)
        np.testing.assert_allclose(part["slope_l1"], -1.0)
        np.testing.assert_allclose(part["slope_floor"], -0.5)
    assert plain["slope_l1"].isna().all()


FACTORS = (((0.9, 0.8), CROSSES, 2), ((0.9, 1.1), PARTLY, 1), ((1.3, 1.1), ABOVE, 0))


@pytest.mark.parametrize(("factors", "standing", "below"), FACTORS)
def test_a_crossing_is_counted_run_by_run(factors: tuple[float, float], standing: str, below: int) -> None:
    rows = [run("shift-deeponet {}", 4, factor * 0.5, floor=0.5, replicate=place) for place, factor in enumerate(factors)]
    row = table_of([*rows, run("deeponet", 4, 0.6, limit=4, floor=0.5)]).set_index("architecture").loc["shift-deeponet"]
    assert (row["standing"], row["below"], row["done"]) == (standing, below, 2)


def test_a_run_is_held_against_the_floor_of_its_own_data() -> None:
    rows = [run("shift-deeponet {}", 4, 0.45, floor=floor, replicate=place) for place, floor in enumerate((0.5, 0.4))]
    row = table_of([*rows, run("deeponet", 4, 0.6, limit=4, floor=0.5)]).set_index("architecture").loc["shift-deeponet"]
    assert (row["standing"], row["below"], row["floor_held_out"]) == (PARTLY, 1, 0.4)


@pytest.mark.parametrize(
    "rows",
    [
        [run("deeponet", 4, 0.6, limit=4, floor=0.5)],
        [run("mlp {}", 0, 0.6)],
        [run("mlp {}", 0, 0.6), run("deeponet", 4, 0.6, limit=4, floor=0.5, problem=1)],
        [run("mlp {}", 0, 0.6, sigma=0.1), run("deeponet", 4, 0.6, limit=4, floor=0.5, sigma=0.1)],
    ],
)
def test_there_is_no_table_unless_both_kinds_meet_on_clean_data(rows: list[dict[str, Any]]) -> None:
    assert barrier(pd.DataFrame(rows)) is None


def test_cells_without_a_result_are_counted_and_give_no_slope() -> None:
    rows = planted()
    missing = dict.fromkeys(("relative", "training_mse", "test_relative", "test_relative_l1", "cpu_seconds"), np.nan)
    rows[4] = {**rows[4], "status": "missing", **missing, "bound_linear_floor": np.nan, "bound_linear_floor_held_out": np.nan}
    shifted = table_of(rows).query("architecture == 'shift-deeponet'")
    assert shifted["done"].tolist() == [0, 1, 1, 1]
    assert shifted["slope_l1"].isna().all()


class Study(dict[str, pd.DataFrame]):
    """Tables by name, as answers and charts take them."""


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (
            0.5,
            "shift-deeponet with 2 terms has held-out error 0.354, where no linear reconstruction of rank 2 has less than 0.707",
        ),
        (1.5, "No net without a limit of rank (shift-deeponet) goes below the certified floor of its terms"),
    ],
)
def test_the_answer_says_who_lies_below_and_that_it_is_allowed(factor: float, words: str) -> None:
    (said,) = answer.answers(Study(barrier=table_of(planted(factor))))  # type: ignore[arg-type]
    assert words in said.finding
    assert "mlp has 0.15, for which linear reconstruction needs rank 20 or more" in said.finding
    assert "deeponet: -1.00" in said.finding
    assert ("allowed" in said.finding) == (factor < 1.0)
    assert "violat" not in said.finding


def test_each_architecture_stands_with_its_best_error_and_what_one_training_of_that_size_took() -> None:
    """DeepONets 0.85 to 0.3, so shifted ones at half the floor reach their best from 4 terms on, and the plain net does."""
    rows = planted()
    for place, seconds in ((4, 1.0), (5, 5.0), (6, 3.0), (7, 30.0), (8, 7.0)):
        rows[place] = {**rows[place], "cpu_seconds": seconds}
    table = architectures(table_of(rows))
    assert list(table) == list(COST_COLUMNS)
    assert table["architecture"].tolist() == ["shift-deeponet", "mlp", "deeponet"]
    assert table["test_relative"].tolist() == pytest.approx([0.125, 0.15, 0.3])
    assert table["cpu_seconds"].tolist() == [30.0, 7.0, 2.0]
    assert table["cpu_sizes"].tolist() == [39.0, 7.0, 8.0]
    assert table["cpu_to_deeponet"].tolist() == [3.0, 7.0, 2.0]
    assert table["rank"].tolist() == [16, pd.NA, 16]
    (said,) = answer.of_architectures(Study(architectures=table))  # type: ignore[arg-type]
    assert "shift-deeponet 0.125 in 30 s, mlp 0.15 in 7 s and deeponet 0.3 in 2 s" in said.finding


def test_an_architecture_that_never_comes_as_near_has_no_time_to_the_best_deeponet() -> None:
    table = architectures(table_of([*planted(1.5), run("mlp {}", 0, 0.7)])).set_index("architecture")
    assert np.isnan(table.loc["shift-deeponet", "cpu_to_deeponet"])
    assert table.loc["deeponet", "cpu_to_deeponet"] == 2.0


def test_the_charts_draw_the_floor_in_l2_and_the_slope_in_l1() -> None:
    table = table_of(planted())
    evidence = type("Evidence", (), {"tables": Study(barrier=table)})()
    first, second = barrier_charts(evidence)
    assert isinstance(first, Chart)
    for chart, label, falling in ((first, "linear reconstruction of as many terms", -0.5), (second, "1 / q", -1.0)):
        (place,) = (number for number, switch in enumerate(chart.switches) if switch.label.startswith(label))
        (line,) = (layer for layer in chart.layers if isinstance(layer, Line) and layer.switches == (place,))
        x, y = (np.log(np.asarray(values, dtype=float)) for values in (line.x, line.y))
        assert np.polyfit(x, y, 1)[0] == pytest.approx(falling, abs=1e-4)
        (plain,) = (number for number, switch in enumerate(chart.switches) if switch.label == "mlp, without terms")
        (level,) = (layer for layer in chart.layers if isinstance(layer, Line) and layer.switches == (plain,))
        assert (len(set(level.y)), list(level.x)) == (1, [2, 16])
        assert "allowed: shift-deeponet" in chart.alt
