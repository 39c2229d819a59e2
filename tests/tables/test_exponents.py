"""exponents.csv, thresholds.csv, rays.csv: planted laws are recovered, beside those of the floors; what is not told is said."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from results.records.manifest import Target
from results.tables import exponents, rays, thresholds
from results.tables.fitted_exponents import resolved
from results.tables.predicted_exponents import predicted_exponents, slope_guides
from results.tables.rays import ray_points, ray_table
from results.tables.series import paths, with_series
from results.tables.thresholds import isotonic_crossing, locate

Array = NDArray[np.float64]


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


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
    ],
)
def test_thresholds_out_of_range_are_not_given_a_slope(planted: Any, law: Callable[[int], float], reason: str) -> None:
    _, fitted = tables(threshold_study(planted, law))
    (row,) = fitted.to_dict("records")
    assert row["identified"] == "no"
    assert reason in row["reason"]
    assert all(np.isnan(row[name]) for name in ("exponent", "low", "high", "intercept"))


def test_one_threshold_for_all_n_bounds_the_exponent(planted: Any) -> None:
    """A slope that is refused for want of distinct thresholds leaves only the studies whose thresholds rose."""
    _, fitted = tables(threshold_study(planted, lambda size: 3.0))
    (row,) = fitted.to_dict("records")
    assert row["identified"] == "yes"
    assert -0.4 < row["low"] < 0.0 < row["high"] < 0.4


def test_an_exponent_that_is_rounding_is_zero_on_every_processor() -> None:
    assert [resolved(value) for value in (3.55e-17, -9.5e-18, 0.0, 1e-3, -0.25)] == [0.0, 0.0, 0.0, 1e-3, -0.25]
    assert not np.signbit(resolved(-9.5e-18))


def test_thresholds_beyond_both_ends_of_the_q_tried_give_an_interval_with_one_end(planted: Any) -> None:
    _, fitted = tables(threshold_study(planted, lambda size: 0.1 if size < 20 else 1000.0))
    (row,) = fitted.to_dict("records")
    assert row["identified"] == "one-sided"
    assert -0.5 < row["low"] < np.log(64) / np.log(4) < row["high"] == np.inf  # the gentlest line that meets all
    assert np.isnan(row["exponent"])
    assert row["sentence"] == f"measured at least {row['low']:.2f}"
    assert row["reason"].startswith("ever steeper lines fit: the exponent is at least")


def with_floors(study: Any, law: Callable[[int], float], floors: Callable[[int], float], *, told: Sequence[int]) -> Any:
    """The same with certified floors in the records of the q in `told`: they exclude the target up to q = floors(N)."""
    for q, size, replicate in itertools.product((1, 2, 4, 8, 16, 32, 64), (8, 16, 32, 64), range(3)):
        absorbed = 0.5 * min(1.9, q / law(size))
        floor = (0.13 if q < floors(size) else 0.001) if q in told else None
        where = {"functions": size, "points": size, "replicate": replicate}
        study.add(q=q, **where, absorbed=absorbed, floor=floor, schedule="tied", branch_widths=[q, q])
    return study


def test_what_the_floors_alone_would_give_stands_beside_what_was_measured(planted: Any) -> None:
    """Thresholds like n^(1/2), floors like n^(1/4), as where the signal decays: the law of the data is not that of the nets."""
    study = with_floors(planted, lambda size: 0.4 * size, lambda size: 0.75 * size**0.5, told=(1, 2, 4, 8, 16, 32, 64))
    located, fitted = tables(study)
    (row,) = fitted.to_dict("records")
    assert located.groupby("N")[["q_floor_low", "q_floor_high"]].first().to_numpy().tolist() == [[2, 4], [2, 4], [4, 8], [4, 8]]
    assert row["floor_low"] < 0.25 < row["floor_high"] < row["exponent"]
    assert row["floor_exponent"] == pytest.approx(0.25, abs=0.08)
    assert row["sentence"] == (
        f"measured {row['exponent']:.2f} [{row['low']:.2f}, {row['high']:.2f}], what the floors alone would give:"
        f" {row['floor_exponent']:.2f} [{row['floor_low']:.2f}, {row['floor_high']:.2f}]"
    )


def test_floors_of_some_ranks_bound_those_of_the_ranks_between(planted: Any) -> None:
    located, fitted = tables(with_floors(planted, lambda size: 0.4 * size, lambda size: 3.0, told=(1, 16)))
    assert set(located["q_floor_low"]) == {1}
    assert set(located["q_floor_high"]) == {16}
    assert fitted["floor_low"].iloc[0] < 0.0 < fitted["floor_high"].iloc[0]


def test_designs_without_floors_have_the_measured_exponent_alone(planted: Any) -> None:
    located, fitted = tables(threshold_study(planted, lambda size: 0.4 * size))
    assert located["q_floor_low"].isna().all()
    assert located["q_floor_high"].isna().all()
    assert "floors" not in fitted["sentence"].iloc[0]
    assert np.isnan(fitted["floor_exponent"].iloc[0])


def test_a_bend_in_the_thresholds_is_told_as_a_misfit(planted: Any) -> None:
    bent = {8: 1.5, 16: 30.0, 32: 1.5, 64: 30.0}
    _, fitted = tables(threshold_study(planted, lambda size: bent[size]))
    (row,) = fitted.to_dict("records")
    assert row["misfit"] < 0.05
    assert "misfit: the n deviate from the law" in row["reason"]


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


def test_the_table_holds_the_law_of_the_error_in_q_beside_that_of_the_floors(planted: Any) -> None:
    for q, replicate in itertools.product((1, 2, 4, 8, 16), (0, 1)):
        error = 0.5 * q**-0.8 * 1.02**replicate
        planted.add(q=q, replicate=replicate, relative=error, floor=0.1 * q**-3.0, branch_widths=[32], schedule="fixed-width")
    _, fitted = tables(planted)
    row = fitted[fitted["law"] == exponents.ERROR_LAW].iloc[0]
    assert (row["identified"], row["used"]) == ("yes", 10)
    assert row["exponent"] == pytest.approx(0.8, abs=0.03)
    assert row["floor_exponent"] == pytest.approx(1.5, abs=0.03)


def ray_study(
    study: Any,
    error: Callable[[int, float], float],
    *,
    alphas: Sequence[float] = (1.0, 2.0),
    sizes: Sequence[int] = (4, 6, 8, 12, 16),
    replicates: int = 3,
) -> Any:
    random, seen = generator(0), set()
    for alpha, q in itertools.product(alphas, sizes):
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
    assert second["fall"] == pytest.approx(np.log(4), abs=0.05)
    assert first["rises"] == 4
    assert second["points"] == "(4, 256) (6, 576) (8, 1024) (12, 2304) (16, 4096)"
    assert (second["replicates"], second["expected"], second["done"]) == (3, 15, 15)
    assert second["p"] == pytest.approx(1 / 120)
    assert first["p_holm"] >= first["p"]
    assert second["p_holm"] == pytest.approx(2 * second["p"])


@pytest.mark.parametrize(
    ("alphas", "sizes", "verdict"),
    [
        ((2.0,), (4, 6, 8), "not testable: 3 points, at least 4 needed"),
        ((2.0,), (4, 6, 8, 12), "falls"),
        ((1.0, 2.0), (4, 6, 8, 12), "not testable: so few points and 2 alphas leave p_holm at 0.083 or more"),
    ],
)
def test_rays_too_short_to_be_tested_are_said_to_be(
    planted: Any, alphas: tuple[float, ...], sizes: tuple[int, ...], verdict: str
) -> None:
    """k points have k! orders: four reach 1/24 at best, which two alphas double."""
    row = ray_rows(ray_study(planted, lambda q, alpha: 0.4 / q, alphas=alphas, sizes=sizes), alphas)[0]
    assert row["verdict"] == verdict


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
