"""Figures: what is drawn is what the tables say, the bytes repeat, and nothing global changes."""

import itertools
import xml.etree.ElementTree as ElementTree
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from operators import TASKS
from results.figures.catalogue import pictures
from results.figures.style import Figure, error_figure, rendered, surface_figure
from results.figures.thresholds import threshold_figure
from results.tables import exponents, rays, thresholds
from results.tables.demands import demanded_q
from results.tables.frame import build_frame
from results.tables.scaling import scaling_table
from results.tables.series import with_series
from results.tables.study_tables import Tables


def tables(study: Any, alphas: tuple[float, ...] = ()) -> Tables:
    manifest = study.manifest(rays=alphas)
    frame = with_series(build_frame(manifest, study.records))
    located = thresholds.thresholds(frame, manifest)
    rows = with_series(scaling_table(frame, manifest))
    return Tables(
        frame=frame,
        scaling=rows,
        located=located,
        exponents=exponents.exponent_table(frame, located),
        rays=rays.ray_table(frame, manifest),
        demanded=demanded_q(frame, manifest),
    )


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


def test_a_study_gets_one_figure_of_each_kind(planted: Any) -> None:
    found = list(pictures(tables(everything(planted), (1.0, 2.0))))
    names = [picture.name for picture in found]
    assert names == ["thresholds-planted", "errors-planted", "errors-noisy-planted", "widths-planted", "rays-planted"]
    for picture in found:
        assert "planted" in picture.caption
        assert rendered(picture.figure, "png").startswith(b"\x89PNG")
        assert ElementTree.fromstring(rendered(picture.figure, "svg")).tag.endswith("svg")


def test_threshold_bars_are_the_intervals_of_the_table_and_the_slope_is_named(planted: Any) -> None:
    data = tables(everything(planted))
    noisy = data.located[data.located["target"] == "absorb 0.5"]
    figure = threshold_figure(noisy, data.exponents, data.demanded)
    (axes,) = figure.axes
    bars = sorted(tuple(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 2.2 and len(line.get_xdata()))
    bounded = noisy[noisy["kind"] == "interval"]
    assert bars == sorted(zip(bounded["q_low"], bounded["q_high"], strict=True))
    assert len(bars) == 6
    fit = data.exponents[(data.exponents["target"] == "absorb 0.5") & (data.exponents["identified"] == "yes")].iloc[0]
    assert f"$n^{{{fit['exponent']:.2f}}}$ [{fit['low']:.2f}, {fit['high']:.2f}]" in text(figure)
    assert "grid, N = M, absorb 0.5" in text(figure)


def test_the_band_of_a_slope_holds_its_line_and_hides_no_data_behind_the_legend(planted: Any) -> None:
    data = tables(everything(planted))
    figure = threshold_figure(data.located[data.located["target"] == "absorb 0.5"], data.exponents, data.demanded)
    (axes,) = figure.axes
    (band,) = axes.collections
    (line,) = [line for line in axes.lines if "[" in str(line.get_label())]
    edge = band.get_paths()[0].vertices
    for n, q in zip(line.get_xdata(), line.get_ydata(), strict=True):
        here = edge[np.isclose(edge[:, 0], n), 1]
        assert here.min() < q < here.max()
    box = axes.get_legend().get_window_extent()
    tops = axes.transData.transform(
        [(bar.get_xdata()[0], max(bar.get_ydata())) for bar in axes.lines if bar.get_linewidth() == 2.2]
    )
    assert tops[:, 1].max() < box.y0


def test_what_panels_share_is_named_once_below_them(planted: Any) -> None:
    task = next(name for name, known in TASKS.items() if known.points().shape[1] == 1)
    data = tables(everything(planted, task))
    figure = threshold_figure(data.located, data.exponents, data.demanded)
    assert len(figure.axes) > 1
    (legend,) = figure.legends
    names = [" ".join(item.get_text().split()) for item in legend.get_texts()]
    assert len(set(names)) == len(names)
    assert sum(name.startswith("noisy-grid (certified") for name in names) == 1
    assert sum(name.startswith("vacuous at every n here") for name in names) == 1
    spoken = {name.split(" (")[0] for name in names}
    assert not spoken & set(names[-1].removeprefix("vacuous at every n here: ").split(", "))
    bottom = min(axes.get_tightbbox().y0 for axes in figure.axes)
    assert legend.get_window_extent().y1 <= bottom + 1.0


def test_every_bound_and_prediction_carries_its_status(planted: Any) -> None:
    task = next(name for name, known in TASKS.items() if known.points().shape[1] == 1)
    data = tables(everything(planted, task))
    figure = threshold_figure(data.located[data.located["target"] == "absorb 0.5"], data.exponents, data.demanded)
    said = text(figure)
    assert "noisy-grid (certified)" in said
    assert "vacuous at every n here: " in said
    assert "bit-counting" in said
    assert "$n^{0.25}$, slope only: paper-shaped (asymptotic)" in said
    assert set(data.demanded["status"]) <= {"certified", "asymptotic", "heuristic"}


def test_demands_of_the_floors_are_those_of_the_scaling_table(planted: Any) -> None:
    data = tables(everything(planted))
    floors = data.demanded[data.demanded["bound"] == "noisy-grid"]
    largest = floors[floors["target"] == "absorb 0.5"].set_index("n")["q"]
    expected = data.scaling[data.scaling["target"] == "absorb 0.5"].groupby("n")["q_certified"].first()
    assert largest.to_dict() == expected.to_dict()
    assert largest.max() > 1


def test_error_curves_floors_and_the_noise_line_are_drawn_at_their_values(planted: Any) -> None:
    data = tables(everything(planted))
    noisy = data.scaling[data.scaling["sigma"] > 0]
    figure = error_figure(noisy)
    (axes,) = figure.axes
    solid = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata())]
    dashed = [line for line in axes.lines if line.get_linestyle() == "--" and len(line.get_xdata()) > 1]
    assert len(solid) == len(dashed) == 3
    for line, (_, rows) in zip(solid, noisy.groupby("n"), strict=True):
        assert np.allclose(line.get_ydata(), rows.sort_values("q")["training_mse_best"])
    for line, (_, rows) in zip(dashed, noisy.groupby("n"), strict=True):
        assert np.allclose(line.get_ydata(), rows.sort_values("q")["floor"])
    (noise,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert set(noise.get_ydata()) == {0.25}
    assert "noise energy V (sigma^2)" in text(figure)


def test_the_surface_has_a_cell_for_each_pair_of_widths_in_order_of_size(planted: Any) -> None:
    for branch, trunk in itertools.product((8, 16, 128), (4, 32)):
        planted.add(branch_widths=[branch], trunk_widths=[trunk], relative=1.0 / branch)
    (axes,) = surface_figure(tables(planted).scaling).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["8", "16", "128"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4", "32"]
    assert [item.get_text() for item in axes.texts] == ["0.12", "0.12", "0.062", "0.062", "0.0078", "0.0078"]


def test_the_same_tables_give_the_same_bytes(planted: Any) -> None:
    data = tables(everything(planted), (1.0, 2.0))
    first, second = (
        {(picture.name, kind): rendered(picture.figure, kind) for picture in pictures(data) for kind in ("png", "svg", "pdf")}
        for _ in range(2)
    )
    assert first == second


def test_drawing_changes_nothing_global_and_ignores_what_was_changed(planted: Any) -> None:
    for q in (1, 2):
        planted.add(q=q)
    data = tables(planted)
    before = dict(mpl.rcParams)
    plain = rendered(error_figure(data.scaling), "svg")
    assert dict(mpl.rcParams) == before
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert rendered(error_figure(data.scaling), "svg") == plain


@pytest.mark.parametrize("status", ["missing", "failed", "diverged"])
def test_studies_without_fits_have_no_figures(planted: Any, status: str) -> None:
    for q, size in itertools.product((1, 2), (8, 16)):
        planted.add(q=q, functions=size, status=status)
        planted.add(q=q, functions=size, status=status, schedule="fixed-budget", absorbed=0.1)
    assert list(pictures(tables(planted, (1.0,)))) == []


def test_hostile_task_names_stay_inside_the_figures_folder_and_apart(planted: Any) -> None:
    for task in ("../x", "..?x", "a$b$ <script>"):
        for q in (1, 2):
            planted.add(task=task, q=q)
    found = list(pictures(tables(planted)))
    assert len({picture.name for picture in found}) == len(found) == 3
    assert all(set(picture.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_") for picture in found)
    for picture in found:
        ElementTree.fromstring(rendered(picture.figure, "svg"))


def test_large_studies_are_cut_at_twelve_panels(planted: Any) -> None:
    for width, q in itertools.product(range(8, 22), (1, 2)):
        planted.add(q=q, branch_widths=[width], schedule="fixed-width")
    scaling = tables(planted).scaling
    assert isinstance(scaling, pd.DataFrame)
    assert len(error_figure(scaling).axes) == 12
