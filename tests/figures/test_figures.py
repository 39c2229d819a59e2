"""Figures: what is drawn is what the charts say, nothing hides another, the bytes repeat, and nothing global changes."""

import itertools
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from operators import TASKS
from results.charts import drawings
from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Heat, Intervals, Level, Line, Records
from results.figures.catalogue import Picture, pictures
from results.figures.draw_chart import draw
from results.figures.layers import coordinates
from results.figures.lettering import UNKNOWN, lettered
from results.figures.style import Figure, rendered
from results.figures.ticks import values_of
from results.tables.study_tables import study_tables

pytestmark = pytest.mark.system

LINEAR_TASK = next(name for name, known in TASKS.items() if known.points().shape[1] == 1)


def evidence_of(study: Any, alphas: tuple[float, ...] = ()) -> Evidence:
    return Evidence(study_tables(study.manifest(rays=alphas), study.records))


def figures(study: Any, alphas: tuple[float, ...] = ()) -> dict[str, Picture]:
    evidence = evidence_of(study, alphas)
    return {picture.name: picture for picture in pictures(drawings(evidence), evidence.records)}


def charts(evidence: Evidence, figure: str, words: str = "") -> list[Any]:
    """The panels of a figure whose title holds some words."""
    return [chart for chart in drawings(evidence) if chart.figure == figure and words in chart.title]


def everything(study: Any, task: str = "planted") -> Any:
    """Thresholds, clean errors, widths and rays of one task."""
    for q, size, replicate in itertools.product((1, 2, 4, 8, 16), (8, 16, 32), (0, 1)):
        absorbed = 0.5 * min(1.9, q / (0.3 * size * 1.05**replicate))
        net = {"schedule": "tied", "branch_widths": [q, q], "trunk_widths": [q, q]}
        floor = 0.2 * (1 - absorbed)
        study.add(task=task, q=q, functions=size, points=size, replicate=replicate, absorbed=absorbed, floor=floor, **net)
    for q, branch, trunk in itertools.product((2, 4), (8, 16), (8, 32)):
        study.add(task=task, q=q, branch_widths=[branch], trunk_widths=[trunk], relative=0.5 / q / branch, floor=1e-5)
    for q, alpha, replicate in itertools.product((4, 8, 12), (1.0, 2.0), (0, 1, 2)):
        if alpha == 1.0 or q > 4:
            size = {"functions": round(16 * (q / 4) ** alpha), "points": 32, "d": 3000}
            study.add(task=task, q=q, replicate=replicate, relative=0.4 / q + 0.01 * replicate, schedule="fixed-budget", **size)
    return study


def text(figure: Figure) -> str:
    """All text of a figure."""
    parts = [item.get_text() for axes in figure.axes for item in (axes.title, axes.xaxis.label, axes.yaxis.label)]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    parts += [item.get_text() for legend in legends if legend for item in legend.get_texts()]
    return " ".join("\n".join(parts).split())


def names_of(legend: Any) -> list[str]:
    return [" ".join(item.get_text().split()) for item in legend.get_texts()]


def bars_of(axes: Axes) -> list[Any]:
    return [line for line in axes.lines if line.get_linewidth() == 2.2]


def test_a_study_gets_one_figure_of_each_kind_and_task(planted: Any) -> None:
    found = figures(everything(planted), (1.0, 2.0))
    assert set(found) == {
        f"{kind}-planted"
        for kind in ("leaderboard", "thresholds", "parameters", "errors-noisy", "errors", "widths", "rays", "optimality")
    }
    for picture in found.values():
        assert "planted" in picture.caption
        assert rendered(picture.figure, "png").startswith(b"\x89PNG")
        assert ElementTree.fromstring(rendered(picture.figure, "svg")).tag.endswith("svg")


def test_threshold_bars_are_the_intervals_of_the_table_and_the_slope_is_named(planted: Any) -> None:
    evidence = evidence_of(everything(planted))
    located, fits = (evidence.tables[name] for name in ("thresholds", "exponents"))
    figure = draw(charts(evidence, "thresholds", "absorb 0.5"), evidence.records)
    (axes,) = figure.axes
    bounded = located[(located["target"] == "absorb 0.5") & (located["kind"] == "interval")]
    drawn = sorted(tuple(bar.get_ydata()) for bar in bars_of(axes))
    assert drawn == sorted(zip(bounded["q_low"], bounded["q_high"], strict=True))
    assert len(drawn) == 6
    for n in set(bounded["n"]):
        beside = [bar.get_xdata()[0] for bar in bars_of(axes) if abs(np.log(bar.get_xdata()[0] / n)) < 0.1]
        assert len(set(beside)) == len(beside) == (bounded["n"] == n).sum()
    fit = fits[(fits["target"] == "absorb 0.5") & (fits["identified"] == "yes")].iloc[0]
    assert f"fit $n^{{{fit['exponent']:.2f}}}$, 95 % [{fit['low']:.2f}, {fit['high']:.2f}]" in text(figure)
    assert "$q^*$(n): absorb 0.5, grid, N = M" in text(figure)


def test_the_band_of_a_slope_holds_its_line(planted: Any) -> None:
    evidence = evidence_of(everything(planted))
    (axes,) = draw(charts(evidence, "thresholds", "absorb 0.5"), evidence.records).axes
    (band,) = axes.collections
    edge = band.get_paths()[0].vertices
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 7]
    for n, q in zip(line.get_xdata(), line.get_ydata(), strict=True):
        here = edge[np.isclose(edge[:, 0], n), 1]
        assert here.min() < q < here.max()


def test_no_panel_legend_or_title_hides_another_and_all_is_on_the_sheet(planted: Any) -> None:
    for picture in figures(everything(planted, LINEAR_TASK), (1.0, 2.0)).values():
        figure = picture.figure
        figure.draw_without_rendering()
        legends = [legend for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)) if legend]
        bodies = [axes.get_window_extent() for axes in figure.axes]
        labels = [axes.xaxis.label.get_window_extent() for axes in figure.axes if axes.get_xlabel()]
        titles = [axes.title.get_window_extent() for axes in figure.axes]
        boxes = [*bodies, *labels, *titles, *(legend.get_window_extent() for legend in legends)]
        for one, other in itertools.combinations(boxes, 2):
            assert not (one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1), picture.name
        for box in [*boxes, *(axes.yaxis.label.get_window_extent() for axes in figure.axes)]:
            assert box.x0 >= 0.0, picture.name
            assert box.y0 >= 0.0, picture.name
            assert box.x1 <= figure.bbox.x1, picture.name
            assert box.y1 <= figure.bbox.y1, picture.name


def test_what_panels_share_is_named_once_below_them(planted: Any) -> None:
    evidence = evidence_of(everything(planted, LINEAR_TASK))
    figure = draw(charts(evidence, "thresholds"), evidence.records)
    assert len(figure.axes) > 1
    (legend,) = figure.legends
    names = names_of(legend)
    assert len(set(names)) == len(names)
    assert sum(name.startswith("noisy-grid (certified") for name in names) == 1
    assert sum(name.startswith("vacuous here: ") for name in names) == 1
    spoken = {name.split(" (")[0] for name in names}
    assert not spoken & set(names[-1].removeprefix("vacuous here: ").split(", "))
    own = [name for axes in figure.axes if axes.get_legend() for name in names_of(axes.get_legend())]
    assert all("fit " in name or "identifiable" in name or "intervals" in name or "free" in name for name in own)


def test_every_bound_and_prediction_carries_its_status_and_certified_ones_are_heavier(planted: Any) -> None:
    evidence = evidence_of(everything(planted, LINEAR_TASK))
    (chart,) = charts(evidence, "thresholds", "absorb 0.5")
    figure = draw([chart], evidence.records)
    said = text(figure)
    assert "noisy-grid (certified" in said
    assert "vacuous here: " in said
    assert "bit-counting" in said
    assert "predicted slope $n^{0.25}$: paper-shaped (asymptotic) (slope only)" in said
    (legend,) = figure.legends
    for line, name in zip(legend.get_lines(), names_of(legend), strict=True):
        if line.get_color() == "black" and line.get_linestyle() != "None":
            assert line.get_linewidth() == (1.4 if "(certified" in name else 0.9)
    (axes,) = figure.axes
    looks = {switch.dash for switch in chart.switches if switch.role == "theory" and not switch.empty and switch.colour is None}
    drawn = {tuple(map(float, line.get_ydata())) for line in axes.lines if line.get_color() == "black"}
    bounds = [layer for layer in chart.layers if isinstance(layer, Line) and layer.mark]
    assert drawn == {tuple(map(float, layer.y)) for layer in bounds}
    assert len(looks) == len({layer.switches for layer in bounds})


def test_a_triangle_points_to_where_a_threshold_lies(planted: Any) -> None:
    for q, size in itertools.product((2, 4), (8, 16, 32)):
        planted.add(q=q, functions=size, points=size, absorbed={8: 0.6, 16: 0.2 * q, 32: 0.1}[size], schedule="tied")
    evidence = evidence_of(planted)
    figure = draw(charts(evidence, "thresholds"), evidence.records)
    (axes,) = figure.axes
    marks = {line.get_marker(): float(line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("^", "v")}
    assert marks == {"v": 2.0, "^": 4.0}
    assert {"larger than every size tried", "at most the smallest size tried"} <= set(names_of(figure.legends[0]))


def test_demands_of_the_floors_are_those_of_the_scaling_table(planted: Any) -> None:
    tables = evidence_of(everything(planted)).tables
    floors = tables["demands"][tables["demands"]["bound"] == "noisy-grid"]
    largest = floors[floors["target"] == "absorb 0.5"].set_index("n")["q"]
    expected = tables["scaling"][tables["scaling"]["target"] == "absorb 0.5"].groupby("n")["q_certified"].first()
    assert largest.to_dict() == expected.to_dict()
    assert largest.max() > 1


def test_error_curves_floors_and_the_noise_line_are_drawn_at_their_values(planted: Any) -> None:
    evidence = evidence_of(everything(planted))
    scaling = evidence.tables["scaling"]
    figure = draw(charts(evidence, "errors-noisy"), evidence.records)
    (axes,) = figure.axes
    lines = [line for line in axes.lines if line.get_color() != "black"]
    solid = [line for line in lines if line.get_linestyle() == "-"]
    dashed = [line for line in lines if line.get_linestyle() == "--"]
    assert len(solid) == len(dashed) == 3
    groups = list(scaling[scaling["sigma"] > 0].groupby("n"))
    for line, (_, rows) in zip(solid, groups, strict=True):
        assert np.allclose(line.get_ydata(), rows.sort_values("q")["training_mse_best"], rtol=1e-5)
    for line, (_, rows) in zip(dashed, groups, strict=True):
        assert np.allclose(line.get_ydata(), rows.sort_values("q")["floor"], rtol=1e-5)
    runs = [line for line in lines if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in runs) == 30
    (noise,) = [line for line in axes.lines if set(line.get_ydata()) == {0.25}]
    assert noise.get_color() == "black"
    assert "noise energy V (measured)" in text(figure)
    colours = [line.get_color() for line in solid]
    assert len(set(colours)) == 3
    assert [line.get_color() for line in dashed] == colours


def test_errors_far_below_the_largest_lie_on_the_lower_edge(planted: Any) -> None:
    for q, relative in ((1, 0.5), (2, 0.1), (4, 1e-9)):
        planted.add(q=q, relative=relative)
    evidence = evidence_of(planted)
    (chart,) = charts(evidence, "errors")
    (axes,) = draw([chart], evidence.records).axes
    (line,) = [line for line in axes.lines if line.get_linestyle() == "-"]
    assert line.get_ydata() == pytest.approx([0.25, 0.01, 0.25e-7])
    assert axes.get_ylim()[0] > 1e-9
    assert "seven decades" in chart.caption


def test_the_surface_has_a_cell_for_each_pair_of_widths_in_order_of_size(planted: Any) -> None:
    for branch, trunk in itertools.product((8, 16, 128), (4, 32)):
        planted.add(branch_widths=[branch], trunk_widths=[trunk], relative=1.0 / branch)
    (axes,) = figures(planted)["widths-planted"].figure.axes
    pairs = [f"{branch} | {trunk}" for branch in (8, 16, 128) for trunk in (4, 32)]
    assert [label.get_text() for label in axes.get_yticklabels()] == pairs
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4"]
    assert [item.get_text() for item in axes.texts] == ["0.12", "0.12", "0.062", "0.062", "0.0078", "0.0078"]
    assert axes.get_xlabel() == "q; cells: relative error"


def test_a_cell_that_is_not_known_is_blank() -> None:
    words = {"section": "surfaces", "task": "t", "title": "t", "alt": "a", "figure": "widths", "caption": "c"}
    heat = Heat(**words, x_label="q", y_label="w", x=["1", "2"], y=["8"], measures=[("error", [0.5, None])], row=[None, None])
    (axes,) = draw([heat], pd.DataFrame()).axes
    assert [item.get_text() for item in axes.texts] == ["0.5", "–"]


def test_the_same_charts_give_the_same_bytes(planted: Any) -> None:
    evidence = evidence_of(everything(planted))
    drawn = [*charts(evidence, "thresholds", "absorb 0.5"), *charts(evidence, "widths")]
    for kind in ("png", "svg", "pdf"):
        assert rendered(draw(drawn, evidence.records), kind) == rendered(draw(drawn, evidence.records), kind)


def test_drawing_changes_nothing_global_and_ignores_what_was_changed(planted: Any) -> None:
    for q in (1, 2):
        planted.add(q=q)
    evidence = evidence_of(planted)
    before = dict(mpl.rcParams)
    plain = rendered(draw(charts(evidence, "errors"), evidence.records), "svg")
    assert dict(mpl.rcParams) == before
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert rendered(draw(charts(evidence, "errors"), evidence.records), "svg") == plain


@pytest.mark.parametrize("status", ["missing", "failed", "diverged"])
def test_studies_without_fits_have_no_figures(planted: Any, status: str) -> None:
    for q, size in itertools.product((1, 2), (8, 16)):
        planted.add(q=q, functions=size, status=status)
        planted.add(q=q, functions=size, status=status, schedule="fixed-budget", absorbed=0.1)
    assert figures(planted, (1.0,)) == {}


def test_hostile_task_names_stay_inside_the_figures_folder_and_apart(planted: Any) -> None:
    """Names with markup, mathematics, unprintable characters and letters that the font lacks, drawn without a warning."""
    names = ("../x", "..?x", "a$b$ <script>", "$\\frac{1}{0}$", "日本\u2028\x07")
    for task in names:
        for q in (1, 2):
            planted.add(task=task, q=q, recipe=task)
    found = [picture for name, picture in figures(planted).items() if name.startswith("errors-")]
    assert len(found) == len(names)
    for picture in found:
        assert set(picture.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
        ElementTree.fromstring(rendered(picture.figure, "svg"))


def test_of_many_panels_twelve_are_drawn_and_the_caption_says_so(planted: Any) -> None:
    for width, q in itertools.product(range(8, 22), (1, 2)):
        planted.add(q=q, branch_widths=[width], schedule="fixed-width")
    picture = figures(planted)["errors-planted"]
    assert len(picture.figure.axes) == 12
    assert picture.caption.endswith("(12 of 14 panels)")


@given(st.text(max_size=60), st.integers(1, 40))
def test_text_of_a_figure_is_printable_and_its_dollars_are_dollars(text: str, width: int) -> None:
    shown = lettered(text.replace("*", ""), width).replace("\\$", "")
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert shown.count("$") % 2 == 0


def test_stars_and_powers_are_set_as_mathematics_and_unknown_letters_are_replaced() -> None:
    assert lettered("q*(n): n^0.53 and q^2 d", 60) == "$q^*$(n): $n^{0.53}$ and $q^{2}$ d"
    assert lettered("5 $ 日\n", 60) == f"5 \\$ {UNKNOWN}{UNKNOWN}"
    assert lettered("one noise-free two", 12) == "one\nnoise-free\ntwo"


@pytest.mark.parametrize(
    ("axis", "ends", "marked"),
    [
        (Axis("n", ticks=[1, 16, 64]), (8.0, 100.0), [16, 64]),
        (Axis("d"), (90.0, 1100.0), [100, 200, 300, 500, 700, 1000]),
        (Axis("R"), (1e-8, 1.2), [1e-8, 1e-6, 1e-4, 1e-2, 1]),
        (Axis("d"), (2700.0, 3450.0), [2800, 3000, 3200, 3400]),
        (Axis("q"), (2.68, 3.36), [3]),
        (Axis("R / floor"), (0.9, 1.15), [0.9, 0.95, 1.0, 1.05, 1.1, 1.15]),
        (Axis("d"), (6200.0, 7810.0), [6500, 7000, 7500]),
        (Axis("x", log=False), (0.0, 1.0), [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_an_axis_marks_the_values_given_or_round_ones(axis: Axis, ends: tuple[float, float], marked: list[float]) -> None:
    assert values_of(axis, ends) == pytest.approx(marked)


def test_all_that_a_chart_measures_lies_within_its_axes(planted: Any) -> None:
    evidence = evidence_of(everything(planted), (1.0, 2.0))
    for chart in drawings(evidence):
        if not isinstance(chart, Chart):
            continue
        (axes,) = draw([chart], evidence.records).axes
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        for layer in chart.layers:
            if isinstance(layer, Records):
                x, y = coordinates(layer, evidence.records)
            elif isinstance(layer, Intervals):
                ends = [(at, end) for side in (layer.low, layer.high) for at, end in zip(layer.x, side, strict=True) if end]
                x, y = (np.array(values, dtype=float) for values in zip(*ends, strict=True))
            else:
                assert isinstance(layer, Level | Line) or layer.kind == "band"
                continue
            assert left < x.min() <= x.max() < right
            assert low < y.min() <= y.max() < high
