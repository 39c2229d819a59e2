"""Exponents: planted laws are recovered with honest intervals, and what the data do not support is refused with the reason."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import linregress

from results.records.manifest import Target
from results.statistics.interval_censored import NotIdentifiable, fit_slope
from results.statistics.power_law import fit_power_law
from results.statistics.trend import page_p_value
from results.tables import exponents, rays, thresholds
from results.tables.predicted_exponents import predicted_exponents, slope_guides
from results.tables.rays import ray_points, ray_table
from results.tables.series import paths, with_series
from results.tables.thresholds import isotonic_crossing, locate

Array = NDArray[np.float64]
GRID = 2.0 ** np.arange(10)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def planted_thresholds(
    random: np.random.Generator, beta: float, sizes: Sequence[float], seeds: int, *, scatter: float = 0.15, first: float = 4.0
) -> tuple[Array, Array, Array]:
    """Thresholds q* = first (n / n_0)^beta with lognormal scatter, seen on GRID only."""
    n = np.repeat(np.asarray(sizes, dtype=float), seeds)
    q = first * (n / n[0]) ** beta * np.exp(scatter * random.standard_normal(len(n)))
    place = np.searchsorted(GRID, q)
    low = np.where(place > 0, np.log(GRID[np.maximum(place - 1, 0)]), -np.inf)
    high = np.where(place < len(GRID), np.log(GRID[np.minimum(place, len(GRID) - 1)]), np.inf)
    return np.log(n), low, high


@pytest.mark.parametrize("beta", [0.25, 0.5, 1.0])
def test_planted_exponents_lie_in_their_intervals_in_nine_of_ten_of_200_studies(beta: float) -> None:
    random, covered, fitted, widths = generator(7), 0, 0, []
    for _ in range(200):
        try:
            fit = fit_slope(*planted_thresholds(random, beta, 4.0 ** np.arange(4, 8), 3))
        except NotIdentifiable:
            continue
        fitted += 1
        covered += fit.low <= beta <= fit.high
        widths.append(fit.high - fit.low)
    assert fitted >= 150
    assert covered >= 0.9 * fitted
    assert 0.05 < np.median(widths) < 0.4


def test_intervals_cover_where_thresholds_and_grid_double_together() -> None:
    """n and the grid of q of ratio 2 and beta = 1 put every threshold at the same place between two q: little is seen of s."""
    random, covered = generator(1), 0
    for _ in range(100):
        x, low, high = planted_thresholds(random, 1.0, 2.0 ** np.arange(8, 16), 3, first=2.0 * 2.0**0.4)
        fit = fit_slope(x, low, high)
        covered += fit.low <= 1.0 <= fit.high
    assert covered >= 90


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_the_fit_agrees_with_lifelines_on_interval_censored_lognormal_times() -> None:
    from lifelines import LogNormalAFTFitter

    x, low, high = planted_thresholds(generator(3), 0.5, 4.0 ** np.arange(3, 9), 4, scatter=0.3)
    low[0], high[-1] = -np.inf, np.inf
    table = pd.DataFrame({"x": x - x.mean(), "low": np.exp(np.maximum(low, -20.0)), "high": np.exp(np.minimum(high, 30.0))})
    oracle = LogNormalAFTFitter(fit_intercept=True)
    oracle.fit_interval_censoring(table, lower_bound_col="low", upper_bound_col="high")
    mine = fit_slope(x, low, high)
    assert mine.value == pytest.approx(oracle.params_["mu_"]["x"], abs=2e-4)
    assert mine.intercept + mine.value * x.mean() == pytest.approx(oracle.params_["mu_"]["Intercept"], abs=2e-4)
    assert mine.scatter == pytest.approx(np.exp(oracle.params_["sigma_"]["Intercept"]), rel=2e-3)


def test_narrow_intervals_give_the_least_squares_line_and_nearly_its_interval() -> None:
    random = generator(5)
    x = np.linspace(0.0, 5.0, 40)
    y = 1.0 + 0.7 * x + 0.2 * random.standard_normal(40)
    mine, ols = fit_slope(x, y - 1e-5, y + 1e-5), linregress(x, y)
    assert mine.value == pytest.approx(ols.slope, abs=1e-5)
    assert mine.intercept == pytest.approx(ols.intercept, abs=1e-4)
    assert mine.high - mine.low == pytest.approx(2 * 2.024 * ols.stderr, rel=0.05)


@settings(max_examples=25, deadline=None)
@given(shift=st.floats(-3, 3), stretch=st.floats(0.2, 5.0), seed=st.integers(0, 100))
def test_units_do_not_matter(shift: float, stretch: float, seed: int) -> None:
    x, low, high = planted_thresholds(generator(seed), 0.5, 4.0 ** np.arange(4, 9), 3)
    base, moved = fit_slope(x, low, high), fit_slope(stretch * x + shift, low + shift, high + shift)
    for name in ("value", "low", "high"):
        assert stretch * getattr(moved, name) == pytest.approx(getattr(base, name), abs=2e-3)


def test_lines_through_every_interval_bound_the_slope() -> None:
    x = np.log([1.0, 2.0, 4.0, 8.0, 16.0])
    fit = fit_slope(x, x - 0.2, x + 0.2)
    steepest = 0.4 / (x[-1] - x[0])
    assert fit.low < 1.0 - steepest / 2 < fit.value < 1.0 + steepest / 2 < fit.high


@pytest.mark.parametrize(
    ("x", "low", "high", "reason"),
    [
        ([], [], [], "no run"),
        ([1, 2, 3, 4], [-np.inf] * 4, [1] * 4, "below the sizes tried"),
        ([1, 2, 3, 4], [1] * 4, [np.inf] * 4, "above the sizes tried"),
        ([1, 2, 3, 4], [-np.inf, -np.inf, 1, 1], [1, 1, np.inf, np.inf], "one side"),
        ([1, 1, 2, 2], [0, 1, 1, 2], [1, 2, 2, 3], "2 distinct n"),
        ([1, 1, 1, 1], [0, 1, 1, 2], [1, 2, 2, 3], "1 distinct n"),
        ([1, 2, 3, 4], [0, 0, 1, 1], [1, 1, 2, 2], "2 distinct thresholds"),
        ([1, 2, 3], [0, 1, 2], [1, 2, 3], "3 thresholds, at least 4"),
        ([1, 2, 3, 4], [-np.inf] * 4, [np.inf] * 4, "no run"),
    ],
)
def test_slopes_the_data_do_not_support_are_refused(x: list[float], low: list[float], high: list[float], reason: str) -> None:
    with pytest.raises(NotIdentifiable, match=reason):
        fit_slope(np.array(x, dtype=float), np.array(low, dtype=float), np.array(high, dtype=float))


def test_an_empty_interval_is_a_programming_mistake() -> None:
    with pytest.raises(ValueError, match="low < high"):
        fit_slope(np.zeros(4), np.ones(4), np.ones(4))


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ([False, False, True, True], ("interval", 2, 4, True)),
        ([False, True, False, True], ("interval", 4, 8, False)),
        ([True, True, True, True], ("left", None, 1, True)),
        ([True, False, False, False], ("right", 8, None, False)),
        ([False, False, False, False], ("right", 8, None, False)),
        ([None, None, None, None], ("unknown", None, None, False)),
        ([False, None, True, True], ("interval", 1, 4, True)),
        ([None, True, True, True], ("left", None, 2, True)),
        ([False, True, None, False], ("interval", 1, 2, False)),
        ([False, False, None, None], ("right", 2, None, False)),
        ([True, False, True, True], ("interval", 2, 4, True)),
    ],
)
def test_thresholds_are_located_with_a_second_pass_as_guard(met: list[bool | None], expected: tuple[object, ...]) -> None:
    found = locate([1, 2, 4, 8], met)
    assert (found.kind, found.q_low, found.q_high, found.confirmed) == expected


@given(q=st.integers(1, 8))
def test_a_clean_step_is_bracketed_by_its_neighbours(q: int) -> None:
    grid = [1, 2, 3, 4, 6, 8]
    found = locate(grid, [value >= q for value in grid])
    assert (found.q_low or 0) < q <= (found.q_high or 0)


def test_isotonic_crossing_agrees_with_the_threshold_of_a_monotone_curve() -> None:
    q = [1, 2, 4, 8]
    errors = np.log([0.8, 0.4, 0.2, 0.1])
    assert isotonic_crossing(q, errors, np.log(0.25)) == 4.0
    assert isotonic_crossing(q, errors, np.log(0.05)) is None
    assert isotonic_crossing(q, np.log([0.8, 0.2, 0.3, 0.1]), np.log(0.25)) == 2.0


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(8, 8), (16, 16), (32, 32)], {"N = M": 3}),
        ([(8, 4), (16, 4), (32, 4)], {"M = 4": 3}),
        ([(8, 8), (16, 16), (32, 32), (4, 8), (16, 8)], {"N = M": 3, "M = 8": 3}),
        ([(8, 8), (16, 8)], {"M = 8": 2}),
        ([(8, 4)], {"N = 8, M = 4": 1}),
        ([(8, 4), (16, 2), (5, 5)], {"other": 3}),
    ],
)
def test_paths_of_the_data(shapes: list[tuple[int, int]], expected: dict[str, int]) -> None:
    assert {name: len(path) for name, path in paths(shapes).items()} == expected


def test_predicted_exponents_are_those_of_the_theory_page() -> None:
    square, tall = [(8, 8), (16, 16), (32, 32)], [(8, 16), (16, 16), (32, 16)]

    def exponents_of(schedule: str, shapes: list[tuple[int, int]] = square, design: str = "grid") -> dict[str, float | None]:
        found = predicted_exponents(schedule, design=design, noisy=True, shapes=shapes)
        return {name: prediction.exponent for prediction in found for name in prediction.name.split(", ")}

    schedules = ("fixed-budget", "fixed-width", "tied")
    assert [exponents_of(schedule)["paper-shaped"] for schedule in schedules] == [1 / 2, 1 / 3, 1 / 4]
    for name in ("localised", "bit-counting", "effective-parameters"):
        assert [exponents_of(schedule)[name] for schedule in schedules] == [None, 1.0, 0.5]
    assert exponents_of("tied")["grid-in-probability"] == 0.5
    assert exponents_of("tied", tall)["grid-in-probability"] == 0.0
    assert "grid-in-probability" not in exponents_of("tied", [(8, 4), (16, 2), (5, 5)])
    assert "grid-in-probability" not in exponents_of("tied", [(8, 1), (16, 1), (32, 1)], design="triples")
    assert not {"sign-patterns", "noisy-grid", "population"} & set(exponents_of("tied"))
    (clean,) = predicted_exponents("tied", design="grid", noisy=False, shapes=square)
    assert (clean.exponent, clean.status) == (0.0, "asymptotic")


def threshold_study(
    study: Any, law: Callable[[int], float], *, sizes: Sequence[int] = (8, 16, 32, 64), replicates: int = 3
) -> Any:
    """Noisy square grids on which q absorbs 0.5 of the noise exactly from q = law(N) up."""
    for q, size, replicate in itertools.product((1, 2, 4, 8, 16, 32, 64), sizes, range(replicates)):
        absorbed = 0.5 * min(1.9, q / (law(size) * 1.05**replicate))
        study.add(q=q, functions=size, points=size, replicate=replicate, absorbed=absorbed, schedule="tied", branch_widths=[q, q])
    return study


def tables(study: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = with_series(study.frame())
    located = thresholds.thresholds(frame, study.manifest())
    return located, exponents.exponent_table(frame, located)


def test_the_table_recovers_a_planted_law_of_thresholds(planted: Any) -> None:
    located, fitted = tables(threshold_study(planted, lambda size: 0.4 * size))
    (row,) = fitted.to_dict("records")
    assert (row["law"], row["identified"], row["path"], row["used"], row["expected"], row["done"]) == (
        "q* ~ n^beta",
        "yes",
        "N = M",
        12,
        84,
        84,
    )
    assert row["low"] < 0.5 < row["high"]
    assert row["exponent"] == pytest.approx(0.5, abs=0.08)
    assert "n=64: (2, 4] (2, 4] (2, 4]" in row["thresholds"]
    assert "paper-shaped 0.25 (asymptotic; vacuous at any n that can be run)" in row["predicted"]
    assert set(located["kind"]) == {"interval"}


@pytest.mark.parametrize(
    ("law", "reason"),
    [
        (lambda size: 1000.0, "above the sizes tried"),
        (lambda size: 0.1, "below the sizes tried"),
        (lambda size: 3.0, "1 distinct thresholds"),
    ],
)
def test_thresholds_out_of_range_are_not_given_a_slope(planted: Any, law: Callable[[int], float], reason: str) -> None:
    _, fitted = tables(threshold_study(planted, law))
    (row,) = fitted.to_dict("records")
    assert row["identified"] == "no"
    assert reason in row["reason"]
    assert all(np.isnan(row[name]) for name in ("exponent", "low", "high", "intercept"))


def test_missing_and_diverged_runs_widen_intervals_and_stay_in_the_counts(planted: Any) -> None:
    for q, status in ((1, "done"), (2, "diverged"), (4, "missing"), (8, "done"), (16, "done")):
        planted.add(q=q, absorbed=0.1 if q == 1 else 0.9, status=status, schedule="fixed-width")
    located, fitted = tables(planted)
    (row,) = located.to_dict("records")
    assert (row["kind"], row["q_low"], row["q_high"], row["tried"], row["asked"]) == ("interval", 1, 8, 3, 5)
    assert (fitted["expected"].iloc[0], fitted["diverged"].iloc[0], fitted["missing"].iloc[0]) == (5, 1, 1)


def test_the_best_restart_counts(planted: Any) -> None:
    for q, restart, absorbed in ((1, 0, 0.1), (2, 0, 0.2), (2, 1, 0.6), (4, 0, 0.7)):
        planted.add(q=q, restart=restart, absorbed=absorbed, schedule="fixed-width")
    located, _ = tables(planted)
    assert located[["q_low", "q_high"]].to_numpy().tolist() == [[1, 2]]


def test_budgets_and_widths_make_series_of_their_own(planted: Any) -> None:
    for d in (2950, 3000, 3050, 6000):
        for q in (1, 2):
            planted.add(q=q, d=d, schedule="fixed-budget", trunk_widths=[d])
    for width in (8, 16):
        planted.add(schedule="fixed-width", trunk_widths=[width])
    sizes = with_series(planted.frame())["sizes"].unique().tolist()
    assert sizes == [
        "d about 3000, 2+1 hidden layers",
        "d about 6000, 2+1 hidden layers",
        "branch 8x8, trunk 8",
        "branch 8x8, trunk 16",
    ]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_power_laws_are_recovered_without_a_floor(exponent: float) -> None:
    q = 2.0 ** np.arange(7)
    fit = fit_power_law(q, 3.0 * q**-exponent * np.exp(0.05 * generator(1).standard_normal(7)))
    assert fit.exponent == pytest.approx(exponent, rel=0.06)
    assert fit.low < exponent < fit.high
    assert fit.floor == 0.0


def test_power_laws_are_recovered_with_a_floor() -> None:
    q = np.repeat(2.0 ** np.arange(7), 3)
    errors = (0.1 + q**-1.5) * np.exp(0.03 * generator(2).standard_normal(21))
    fit = fit_power_law(q, errors)
    assert fit.exponent == pytest.approx(1.5, rel=0.1)
    assert fit.low < 1.5 < fit.high
    assert fit.floor == pytest.approx(0.1, rel=0.1)


def test_intervals_of_power_laws_cover() -> None:
    random, covered = generator(11), 0
    for _ in range(40):
        q = np.repeat(2.0 ** np.arange(5), 2)
        fit = fit_power_law(q, q**-1.0 * np.exp(0.1 * random.standard_normal(10)))
        covered += fit.low <= 1.0 <= fit.high
    assert covered >= 34


@pytest.mark.parametrize(
    ("q", "error", "reason"), [([1, 2, 4], [1, 0.5, 0.2], "3 distinct q"), ([1, 2, 4, 8], [1, 1, 1, 0], "zero")]
)
def test_power_laws_the_data_do_not_support_are_refused(q: list[float], error: list[float], reason: str) -> None:
    with pytest.raises(NotIdentifiable, match=reason):
        fit_power_law(np.array(q, dtype=float), np.array(error, dtype=float))


def test_the_table_holds_the_law_of_the_error_in_q(planted: Any) -> None:
    for q, replicate in itertools.product((1, 2, 4, 8, 16), (0, 1)):
        planted.add(q=q, replicate=replicate, relative=0.5 * q**-0.8 * 1.02**replicate, schedule="fixed-width")
    _, fitted = tables(planted)
    row = fitted[fitted["law"] == exponents.ERROR_LAW].iloc[0]
    assert (row["identified"], row["used"]) == ("yes", 10)
    assert row["exponent"] == pytest.approx(0.8, abs=0.03)


def ray_study(
    study: Any, error: Callable[[int, float], float], *, alphas: Sequence[float] = (1.0, 2.0), replicates: int = 3
) -> Any:
    random, seen = generator(0), set()
    for alpha, q in itertools.product(alphas, (4, 6, 8, 12)):
        functions = round(16 * (q / 4) ** alpha)
        for replicate in range(replicates):
            if (q, functions, replicate) not in seen:
                seen.add((q, functions, replicate))
                noisy = error(q, alpha) * float(np.exp(0.02 * random.standard_normal()))
                study.add(q=q, functions=functions, replicate=replicate, relative=noisy, schedule="fixed-budget", d=3000 + q)
    return study


def ray_rows(study: Any, alphas: tuple[float, ...] = (1.0, 2.0)) -> list[dict[str, Any]]:
    table = ray_table(with_series(study.frame()), study.manifest(rays=alphas))
    assert [name for name in table.columns if name != "series"] == list(rays.COLUMNS)
    return table.to_dict("records")


def test_a_planted_fall_is_found_and_a_planted_rise_is_not_called_one(planted: Any) -> None:
    first, second = ray_rows(ray_study(planted, lambda q, alpha: 0.4 / q if alpha == 2.0 or q == 4 else 0.1 * q / 4))
    assert (first["alpha"], first["verdict"], first["fall"]) == (1.0, "no evidence of a fall", 0.0)
    assert (second["alpha"], second["verdict"], second["rises"]) == (2.0, "falls", 0)
    assert second["fall"] == pytest.approx(np.log(3), abs=0.05)
    assert first["rises"] == 3
    assert second["points"] == "(4, 256) (6, 576) (8, 1024) (12, 2304)"
    assert (second["replicates"], second["expected"], second["done"]) == (3, 12, 12)
    assert first["p_holm"] >= first["p"]
    assert second["p_holm"] == pytest.approx(2 * second["p"])


def test_page_agrees_with_counting_all_orders() -> None:
    errors = np.array([[4.0, 3.0, 1.0, 2.0], [4.0, 2.0, 3.0, 1.0]])
    weights = np.arange(1, 5)

    def statistic(rows: Sequence[Sequence[float]]) -> float:
        return float(sum(np.dot(weights, 5 - np.asarray(row)) for row in rows))

    orders = list(itertools.permutations([1.0, 2.0, 3.0, 4.0]))
    values = [statistic((a, b)) for a in orders for b in orders]
    expected = np.mean([value >= statistic(errors) for value in values])
    assert page_p_value(errors) == pytest.approx(expected, rel=1e-9)


def test_page_holds_its_level_without_a_trend() -> None:
    random = generator(4)
    rejected = np.mean([page_p_value(random.standard_normal((3, 4))) <= 0.05 for _ in range(400)])
    assert rejected <= 0.085


def test_rays_start_at_the_smallest_q_and_forgive_the_rounding_of_n() -> None:
    q = np.array([4.0, 6.0, 6.0, 8.0, 8.0])
    n = np.array([512.0, 768.0, 928.0, 1024.0, 1440.0])
    ((c, on),) = ray_points(q, n, 1.5)
    assert c == pytest.approx(64.0)
    assert on.tolist() == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda study: study.records.clear(), "0 complete replicates"),
        (lambda study: study.records.__delitem__(slice(1, None, 3)), "complete"),
    ],
)
def test_rays_without_enough_complete_replicates_are_not_tested(planted: Any, change: Callable[[Any], None], reason: str) -> None:
    ray_study(planted, lambda q, alpha: 0.4 / q, alphas=(2.0,), replicates=2)
    change(planted)
    (row,) = ray_rows(planted, (2.0,))
    assert reason in row["verdict"]
    assert np.isnan(row["p"])


def test_slope_guides_pass_through_the_middle_of_the_thresholds(planted: Any) -> None:
    located, _ = tables(threshold_study(planted, lambda size: 0.4 * size))
    guides = slope_guides(located)
    assert [round(float(np.log(g.q[1] / g.q[0]) / np.log(g.n[1] / g.n[0])), 6) for g in guides] == [0.25, 0.5]
    middles = [np.sqrt(guide.q[0] * guide.q[1]) for guide in guides]
    assert middles[0] == pytest.approx(middles[1])
    assert [guide.exponent for guide in guides] == [0.25, 0.5]


def test_an_empty_or_failed_study_gives_tables_without_slopes(planted: Any, new_planted: Callable[[], Any]) -> None:
    located, fitted = tables(new_planted())
    assert located.empty
    assert fitted.empty
    threshold_study(planted, lambda size: 3.0)
    planted.records.clear()
    located, fitted = tables(planted)
    assert set(located["kind"]) == {"unknown"}
    assert fitted["identified"].tolist() == ["no"]
    assert "no run" in fitted["reason"].iloc[0]


def test_only_targets_of_the_study_have_thresholds(planted: Any) -> None:
    threshold_study(planted, lambda size: 3.0)
    frame = with_series(planted.frame())
    manifest = planted.manifest((Target(kind="relative", value=0.1),))
    assert thresholds.thresholds(frame, manifest).empty
