"""What holds of every kind of chart: it is data, means the same after JSON, and is drawn for print without a warning."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter

from results.charts import CHARTS, Kind, drawings
from results.charts.audit import NATS
from results.charts.evidence import Evidence
from results.charts.model import Axis, Chart, Drawing, Heat, Layer, Level, Line, Records, Switch, as_json
from results.charts.values import values, values_csv, words
from results.figures.catalogue import pictures
from results.figures.draw_chart import draw
from results.figures.layers import coordinates
from results.figures.style import rendered
from results.page.columnar import embedded
from results.page.document import study_page
from results.page.sections import SECTIONS
from results.report.write import write_tables
from results.tables import barrier, brackets
from results.tables.study_tables import study_tables

DRAWING: TypeAdapter[Drawing] = TypeAdapter(Drawing)


def questions() -> pd.DataFrame:
    """Brackets with and without a fixed q, with and without a witness."""
    rows = [
        {
            "n": n,
            "q": q,
            "replicate": r,
            "q_lower": 2,
            "q_upper": q or 2 + r,
            "d_lower": 10 * (q or 1),
            "d_upper": n + r if r else None,
        }
        for n in (64, 256)
        for q in (None, 2, 4)
        for r in range(3)
    ]
    whole = dict.fromkeys(rows[0], "Int64")
    said = {f"{size}_{name}": name for size in "qd" for name in ("status", "bound")}
    same = {"task": "planted", "parameters": "", "design": "grid", "N": 8, "M": 4, "noise_law": "gaussian", "sigma": 0.3}
    table = pd.DataFrame(rows).astype(whole).assign(**same, **said, target="absorb 0.5", standing="open")
    return table.reindex(columns=list(brackets.COLUMNS))


def reconstructions() -> pd.DataFrame:
    """Linear reconstruction above its floor, and nonlinear below it."""
    linear = [("deeponet", rank, 1.1 * rank**-0.5, pd.NA) for rank in (2, 4, 8)]
    nonlinear = [("shift-deeponet", rank, 0.3 / rank, 2) for rank in (2, 4, 8)]
    rows = [
        {"architecture": name, "rank": rank, "test_relative": error, "below": below, "floor_held_out": rank and rank**-0.5}
        for name, rank, error, below in (*linear, *nonlinear, ("mlp", None, 0.2, 0))
    ]
    table = pd.DataFrame(rows).astype({"rank": "Int64", "below": "Int64"})
    table = table.assign(
        task="planted", parameters="", N=8, M=4, test_relative_l1=table["test_relative"], reconstruction="linear"
    )
    return table.reindex(columns=list(barrier.COLUMNS))


@pytest.fixture(scope="module")
def evidence(new_planted: Callable[[], Any]) -> Evidence:
    study = new_planted().fill("died")
    for place, record in enumerate(study.records):
        if record.measured:
            study.name(place, {NATS.removeprefix("bound_"): 0.1})
    ranks = study.ranked((0.4, 0.3, 0.2, 0.1), (0.5, 0.4, 0.3, 0.2))
    study.regress({"ridge": study.line(0.1, 0.2), "reduced-rank": ranks, "mean": study.line(1.0, 1.0)}, sensor_floor=0.05)
    poisson = {"task": "poisson", "functions": 68, "points": 841}
    study.add(q=8, relative=0.1, **poisson)
    study.regress({"least-squares": study.line(0.01, 0.03), "kernel": study.line(0.01, 0.04)}, **poisson)
    tables = study_tables(study.manifest(rays=(1.0,)), study.records)
    return Evidence(replace(tables, built={"brackets": questions(), "barrier": reconstructions()}))


EVERY_KIND = pytest.mark.parametrize("name", [name for name, kind in CHARTS.items() if kind.family == "deeponet"])


def built(evidence: Evidence, name: str) -> list[Drawing]:
    return list(CHARTS[name].build(evidence))


@EVERY_KIND
def test_it_is_made_of_a_planted_study_and_says_what_it_shows(evidence: Evidence, name: str) -> None:
    found = built(evidence, name)
    assert found
    assert {drawing.section for drawing in found} <= {section.name for section in SECTIONS}
    for drawing in found:
        assert all((drawing.task, drawing.title, drawing.alt, drawing.figure, drawing.caption))


@EVERY_KIND
def test_it_means_the_same_after_json(evidence: Evidence, name: str) -> None:
    for drawing in built(evidence, name):
        assert DRAWING.validate_json(embedded(as_json(drawing))) == drawing


@EVERY_KIND
def test_its_layers_fit_together_and_point_into_the_records(evidence: Evidence, name: str) -> None:
    records = evidence.records.reset_index(drop=True)
    for drawing in built(evidence, name):
        rows = drawing.row if isinstance(drawing, Heat) else []
        for layer in drawing.layers if isinstance(drawing, Chart) else ():
            lengths = {len(value) for key, value in vars(layer).items() if isinstance(value, list) and key != "switches"}
            assert len(lengths) <= 1
            rows = [*rows, *getattr(layer, "row", ())]
            assert not isinstance(layer, Records) or {layer.x, layer.y} <= set(records)
        assert all(row is None or 0 <= row < len(records) for row in rows)
        if isinstance(drawing, Chart):
            seen = {i for layer in drawing.layers for i in layer.switches}
            assert seen == {i for i, switch in enumerate(drawing.switches) if not switch.empty}
            assert all(switch.status for switch in drawing.switches if switch.role == "theory")


@EVERY_KIND
def test_it_is_drawn_for_print_without_a_warning(evidence: Evidence, name: str) -> None:
    """Warnings are errors here."""
    figure = draw(built(evidence, name), evidence.records)
    assert ElementTree.fromstring(rendered(figure, "svg")).tag.endswith("svg")
    assert len(figure.axes) == len(built(evidence, name))


def points(layer: Layer) -> int:
    """How many points a layer has."""
    return 1 if isinstance(layer, Level) else len(layer.row if isinstance(layer, Records) else layer.x)


def size(panel: Drawing) -> int:
    """How many values a panel shows."""
    if isinstance(panel, Chart):
        return sum(map(points, panel.layers))
    return len(panel.measures) * len(panel.x) * len(panel.y) if isinstance(panel, Heat) else len(panel.labels)


@EVERY_KIND
def test_it_has_a_table_of_its_values_and_a_text_in_words(evidence: Evidence, name: str) -> None:
    panels, records = built(evidence, name), evidence.records
    table = values(panels, records)
    assert len(table) == sum(map(size, panels))
    shown = [layer for panel in panels if isinstance(panel, Chart) for layer in panel.layers if isinstance(layer, Line | Records)]
    drawn = {(x, y) for layer in shown for x, y in zip(*coordinates(layer, records), strict=True) if x == x and y == y}
    assert drawn <= set(zip(table["x"], table["y"], strict=True))
    assert {panel.title for panel in panels if size(panel)} == set(table["panel"])
    assert values_csv(panels, records).startswith(b"panel,series,worth,x,y,low,high,text\n")
    text = words(panels[0].caption, panels).splitlines()
    assert text == [f"{panels[0].caption}.", *(f"{panel.title}: {panel.alt}" for panel in panels)]
    assert all(any(map(str.isdigit, panel.alt)) for panel in panels)


def test_page_and_figures_show_the_same_charts(evidence: Evidence) -> None:
    charts = list(drawings(evidence))
    page = study_page(evidence, charts, ()).decode()
    data = json.loads(page[page.index('id="data">') + len('id="data">') :].partition("</script>")[0])
    assert data["charts"] == json.loads(json.dumps([{**as_json(chart), "id": f"chart-{i}"} for i, chart in enumerate(charts)]))
    drawn = {(name, task) for name, task in ((chart.figure, chart.task) for chart in charts)}
    assert len(list(pictures(charts, evidence.records))) == len(drawn)


def test_a_kind_of_chart_is_one_entry_and_then_stands_on_the_page_and_among_the_figures(
    planted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(evidence: Evidence) -> list[Chart]:
        q = evidence.tables.frame["q"].tolist()
        return [
            Chart(
                section="more", task="planted", title="sizes tried", alt="Sizes.", figure="toy", caption="Sizes that were tried",
                x=Axis("q"), y=Axis("q"), switches=(Switch("sizes", "data", colour=0),),
                layers=(Line(switches=(0,), x=q, y=q, colour=0),),
            )
        ]  # fmt: skip

    monkeypatch.setitem(CHARTS, "toy", Kind(build, ("scaling",)))
    monkeypatch.setitem(CHARTS, "of another study", Kind(build, ("a table that is not there",)))
    for q in (2, 3):
        planted.add(q=q)
    folder = planted.save(tmp_path / "study")
    write_tables(folder)
    assert {path.name for path in (folder / "figures").glob("toy-*")} == {
        f"toy-planted.{kind}" for kind in ("png", "svg", "pdf", "csv", "txt")
    }
    assert "![Sizes that were tried](figures/toy-planted.png)" in (folder / "report.md").read_text()
    assert (folder / "report.html").read_text().count('"title":"sizes tried"') == 1
