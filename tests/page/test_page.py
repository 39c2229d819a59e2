"""The page of a study and the index: says what the tables say, escapes everything, runs nothing but its own script."""

import base64
import csv
import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_questions import question
from repository import REPOSITORY

from results.charts.brackets import bracket_charts
from results.charts.frontier import frontier_charts
from results.charts.model import Intervals, Line
from results.page.columnar import columns, embedded
from results.page.document import coded
from results.page.index import write_index
from results.page.sections import SECTIONS
from results.records.manifest import Target
from results.report import write
from results.tables.csv_files import csv_bytes, read_csv, safe_text, write_csv
from results.tables.numbers import number

pytestmark = pytest.mark.system

PAGE = REPOSITORY / "results" / "page"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) \u2028 `{{ 7*7 }}` '\""


def save(folder: Path, study: Any, **changes: Any) -> Path:
    return study.save(folder, study.manifest(rays=(1.0, 2.0)).model_copy(update=changes))


def write_tables(folder: Path) -> None:
    """All but the figures of `report.md`, on which the page does not hang."""
    write.write_tables(folder, figures=False)


@pytest.fixture(scope="module")
def folder(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = save(tmp_path_factory.mktemp("out") / "planted", new_planted().fill("worker died"))
    write_tables(made)
    return made


class Reader(HTMLParser):
    """Collects what a browser would see: elements with attributes, the text of scripts and styles, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag in self.raw:
            self.raw[tag].append("")

    def handle_data(self, data: str) -> None:
        tag = self.lasttag if self.cdata_elem else ""
        if tag in self.raw:
            self.raw[tag][-1] += data
        else:
            self.text += data

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.raw["script"][-1])


def read(path: Path) -> Reader:
    return Reader(path.read_text(encoding="utf-8"))


def table_of(page: Reader, name: str) -> dict[str, Any]:
    return next(table for table in page.data["tables"] if table["id"] == name)


def charts_of(page: Reader, section: str) -> list[dict[str, Any]]:
    return [chart for chart in page.data["charts"] if chart["section"] == section]


def values(column: dict[str, Any], rows: int) -> list[Any]:
    if "constant" in column:
        return [column["constant"]] * rows
    if "levels" in column:
        return [None if code < 0 else column["levels"][code] for code in column["codes"]]
    return list(column["values"])


def record_values(page: Reader) -> dict[str, list[Any]]:
    records = page.data["records"]
    return {column["name"]: values(column, records["rows"]) for column in records["columns"]}


@pytest.mark.parametrize("name", ["planted/report.html", "index.html"])
def test_the_policy_allows_the_scripts_and_the_style_of_the_page_and_nothing_else(folder: Path, name: str) -> None:
    page = read(folder.parent / name)
    policy = next(attributes["content"] for tag, attributes in page.elements if "http-equiv" in attributes)
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    run = page.raw["script"][:-1] if name.startswith("planted") else page.raw["script"]
    for directive, texts in (("script-src", run), ("style-src", page.raw["style"])):
        digests = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts]
        assert directives.pop(directive).split() == digests
    assert directives == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert page.elements.index(("meta", {"charset": "utf-8"})) < next(
        i for i, (tag, _) in enumerate(page.elements) if tag == "style"
    )


def test_the_page_asks_for_nothing_and_has_no_inline_handlers_or_styles(folder: Path) -> None:
    for path in (folder / "report.html", folder.parent / "index.html"):
        for tag, attributes in read(path).elements:
            assert tag not in ("iframe", "object", "embed", "form", "base", "img")
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            for name in ("src", "href"):
                assert not re.match(r"\s*([a-z]+:)?//|javascript:", attributes.get(name, ""))
    for script in PAGE.glob("assets/*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://(?!www\.w3\.org)",
                             script.read_text())  # fmt: skip


def test_menu_sections_and_places_of_charts_and_tables_fit_together(folder: Path) -> None:
    page = read(folder / "report.html")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    made = [chart["id"] for chart in page.data["charts"]] + [f"table-{table['id']}" for table in page.data["tables"]]
    assert len({*ids, *made}) == len(ids) + len(made)
    for _, attributes in page.elements:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in {*ids, *made}
    for part in (*page.data["charts"], *page.data["tables"]):
        kind = "charts" if "layers" in part or "measures" in part or "labels" in part else "tables"
        assert f"{kind}-{part['section']}" in ids
    asked = {"leaderboard", "thresholds", "errors", "surfaces", "rays", "optimality"}
    assert asked <= {chart["section"] for chart in page.data["charts"]} <= {section.name for section in SECTIONS}


def files_of(folder: Path) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Name, header and rows of each CSV file that has a row."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as handle:
            head, *rows = csv.reader(handle)
        if rows:
            yield path.stem, head, rows


def as_written(column: dict[str, Any], rows: int) -> list[str]:
    """A column of the page as a CSV file has it."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        if column["kind"] == "text":
            return safe_text(value)
        return f"{value:.6g}" if column["kind"] == "real" and not isinstance(value, str) else str(value)

    return [cell(value) for value in values(column, rows)]


def holds_its_files(folder: Path) -> int:
    """Assert that the page of a folder shows its CSV files, no row or digit more or less; return how many."""
    page = read(folder / "report.html")
    found = list(files_of(folder))
    for name, head, rows in found:
        table = table_of(page, name)
        assert [column["name"] for column in table["columns"]] == head
        assert all(column["help"] for column in table["columns"])
        assert set(table["shown"]) <= set(head)
        assert table["rows"] == len(rows)
        for column, texts in zip(table["columns"], zip(*rows, strict=True), strict=True):
            assert as_written(column, len(rows)) == list(texts), (name, column["name"])
    assert {table["file"] for table in page.data["tables"]} - {""} == {f"{name}.csv" for name, _, _ in found}
    return len(found)


def test_the_page_shows_what_the_csv_files_hold_to_the_last_digit(folder: Path) -> None:
    assert holds_its_files(folder) == 7


def test_the_page_shows_what_the_csv_files_hold_where_text_is_hostile_and_brackets_are_open(tmp_path: Path, planted: Any) -> None:
    for q, name in itertools.product((1, 2, 4), ("=1+1", "a\nb", "1e3", HOSTILE)):
        planted.add(q=q, task=name, absorbed=0.1 * q, recipe="+x", d=1234567)
    noisy = {"q": 4, "sigma": 0.5, "noise_law": "uniform", "target": Target(kind="absorb", value=0.3)}
    brackets = (question(), question(**noisy), question(task=HOSTILE))
    folder = save(tmp_path / "s", planted, brackets=brackets)
    write_tables(folder)
    assert holds_its_files(folder) >= 7
    assert "1234567" in (folder / "scaling.csv").read_text()


finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)


@given(
    st.lists(
        st.tuples(st.one_of(finite, st.just(float("inf"))), st.integers(-(2**40), 2**40), st.one_of(texts, finite.map(repr))),
        min_size=1,
        max_size=6,
    )
)
def test_a_csv_file_read_back_and_written_again_is_the_same_bytes(tmp_path_factory: Any, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(path, pd.DataFrame(rows, columns=["real", "whole", "text"]))
    again = read_csv(path)
    assert csv_bytes(again) == path.read_bytes()
    packed = json.loads(embedded(columns(again, dict.fromkeys(again, ""))))
    assert [None if pd.isna(v) else str(v) for v in again["text"]] == [
        None if v is None else str(v) for v in values(packed[2], len(rows))
    ] or packed[2]["kind"] != "text"


scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | finite | st.text(max_size=30)
json_values = st.recursive(
    scalars | st.sampled_from([HOSTILE, "</script", "<!--"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_embedded_json_means_the_same_and_cannot_leave_its_element(value: Any) -> None:
    text = embedded(value)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]])
def test_what_json_has_no_word_for_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        embedded(value)


def test_numbers_have_six_digits_and_no_number_is_null() -> None:
    assert [number(v) for v in (0.12345678, 3.0, None, float("nan"), pd.NA, float("inf"), float("-inf"), -0.0)] == [
        0.123457, 3, None, None, None, "inf", "-inf", 0,
    ]  # fmt: skip


@given(st.text(max_size=40) | st.just(HOSTILE))
def test_text_with_backticks_is_escaped_and_keeps_its_words(text: str) -> None:
    page = Reader(str(coded(text)))
    assert {tag for tag, _ in page.elements} <= {"code"}
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    assert page.text.replace("\r\n", "\n").replace("\r", "\n") == (kept.replace("`", "") if text.count("`") % 2 == 0 else kept)


def test_hostile_text_of_records_is_text_wherever_it_appears(tmp_path: Path, planted: Any) -> None:
    planted.add(q=1, status="failed", outcome={"message": HOSTILE})
    for q in (2, 3, 4):
        planted.add(q=q, task=HOSTILE, relative=0.5 / q, floor=0.1 / q**2)
        planted.add(q=q, task=HOSTILE, functions=32, relative=0.5 / q)
    planted.add(q=5, outcome={"host": {"machine": HOSTILE}, "versions": {"method": 1, "packages": {HOSTILE: HOSTILE}}})
    folder = save(tmp_path / HOSTILE.replace("/", "_")[:60], planted, question=HOSTILE)
    (folder / "records" / "b.jsonl").write_bytes(HOSTILE.encode() + b"\n")
    write_tables(folder)
    for path in (folder / "report.html", folder.parent / "index.html"):
        page = read(path)
        tags = [tag for tag, _ in page.elements]
        assert tags.count("script") == (3 if path.name == "report.html" else 1)
        assert not {"img", "iframe", "svg"} & set(tags)
        assert "alert(1)" in page.text
    page = read(folder / "report.html")
    assert HOSTILE in record_values(page)["task"]
    assert HOSTILE in {chart["task"] for chart in page.data["charts"]}
    link = next(a["href"] for tag, a in read(folder.parent / "index.html").elements if tag == "a" and "report.html" in a["href"])
    assert re.fullmatch(r"[A-Za-z0-9%._-]+/report\.html", link)


def test_the_page_opens_with_answers_whose_links_lead_to_charts_and_tables_of_the_page(folder: Path) -> None:
    page = read(folder / "report.html")
    question, found, counts, first = (
        page.text.index(w) for w in ("What was planted?", "What was found", "cells", "How its cells ended")
    )
    assert question < found < first
    assert counts > found
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a" and attributes.get("href", "").startswith("#")]
    places = {f"#{chart['id']}": chart for chart in page.data["charts"]} | {f"#table-{t['id']}": t for t in page.data["tables"]}
    inside = [link for link in links if link.startswith(("#chart-", "#table-"))]
    assert set(inside) <= set(places)
    assert {places[link]["section"] for link in inside} >= {"thresholds", "leaderboard", "rays", "optimality", "bounds"}
    assert "What would change it: " in page.text


def test_the_rows_that_matter_are_named_and_every_row_is_held(folder: Path) -> None:
    page = read(folder / "report.html")
    for table in page.data["tables"]:
        leading = table["leading"]
        assert len(set(leading)) == len(leading) <= 10
        if table["file"]:
            assert len(leading) == min(10, table["rows"])
            assert table["rows"] == len(read_csv(folder / table["file"]))
            assert all(0 <= row < table["rows"] for row in leading)
    found = table_of(page, "thresholds")
    kind = values(next(column for column in found["columns"] if column["name"] == "kind"), found["rows"])
    assert set(kind) == {"interval", "right", "unknown"}
    assert {kind[row] for row in found["leading"]} == {"interval"}


def test_points_of_charts_lie_where_their_records_are(folder: Path) -> None:
    page = read(folder / "report.html")
    records = record_values(page)
    frame = pd.DataFrame(records)
    errors = charts_of(page, "errors")
    assert errors
    for chart in errors:
        tied = "tied" in chart["title"]
        for layer in chart["layers"]:
            if layer["kind"] != "record":
                continue
            assert all(records["status"][row] == "done" and (records["schedule"][row] == "tied") == tied for row in layer["row"])
            line = next(part for part in chart["layers"] if part["kind"] == "line" and part["switches"] == layer["switches"])
            mine = frame.iloc[layer["row"]].groupby("q")["training_mse"].min()
            assert line["x"] == mine.index.tolist()
            assert line["y"] == pytest.approx(mine.tolist(), rel=1e-5)


def test_thresholds_of_d_are_the_parameters_at_the_thresholds_of_q(folder: Path) -> None:
    charts = {
        chart["title"]: chart for chart in charts_of(read(folder / "report.html"), "thresholds") if "absorb 0.5" in chart["title"]
    }
    q, d = (next(chart for title, chart in charts.items() if title.startswith(f"{name}*(n)")) for name in "qd")
    of_q, of_d = (next(layer for layer in chart["layers"] if layer["kind"] == "interval") for chart in (q, d))
    assert any(value is not None for value in of_q["low"])
    for end in ("low", "high"):
        assert of_d[end] == [None if value is None else 50 * value * value for value in of_q[end]]


def test_a_threshold_names_the_run_that_reached_the_target(folder: Path) -> None:
    page = read(folder / "report.html")
    records = record_values(page)
    chart = next(chart for chart in charts_of(page, "thresholds") if chart["title"].startswith("q*(n): absorb 0.5"))
    data = next(layer for layer in chart["layers"] if layer["kind"] == "interval")
    known = [(row, high, n) for row, high, n in zip(data["row"], data["high"], data["x"], strict=True) if high is not None]
    assert known
    for row, high, n in known:
        assert (records["q"][row], records["n"][row]) == (high, n)
        assert records["absorbed"][row] >= 0.5


def test_every_bound_stands_in_the_legend_with_its_status(folder: Path) -> None:
    page = read(folder / "report.html")
    bounds = table_of(page, "bounds")
    named = {column["name"]: values(column, bounds["rows"]) for column in bounds["columns"]}
    for chart in charts_of(page, "thresholds"):
        if not chart["title"].startswith("q*(n)"):
            continue
        target = chart["title"].removeprefix("q*(n): ").split(", grid")[0]
        expected = {bound for bound, of in zip(named["bound"], named["target"], strict=True) if of == target}
        theory = {switch["label"]: switch for switch in chart["switches"] if switch["role"] == "theory"}
        assert expected <= set(theory)
        assert all(switch["status"] for switch in theory.values())
        assert all(switch["empty"] for switch in theory.values() if switch["status"] == "vacuous")
        drawn = {i for layer in chart["layers"] for i in layer["switches"]}
        assert {i for i, switch in enumerate(chart["switches"]) if not switch["empty"]} == drawn


def test_what_the_floors_alone_would_give_stands_beside_what_was_measured(tmp_path: Path, planted: Any) -> None:
    """In the words of the chart, in the table of the page and in the report."""
    for q, size, replicate in itertools.product((2, 4, 8, 16, 32), (8, 16, 32, 64), (0, 1, 2)):
        reached = {"absorbed": min(0.95, 0.8 * q / size), "floor": 0.13 if q < 0.75 * size**0.5 else 0.001}
        planted.add(q=q, functions=size, points=size, replicate=replicate, schedule="tied", branch_widths=[q, q], **reached)
    folder = save(tmp_path / "s", planted)
    write_tables(folder)
    page = read(folder / "report.html")
    with (folder / "exponents.csv").open(newline="") as handle:
        row = next(row for row in csv.DictReader(handle) if row["target"] == "absorb 0.5")
    ends = "[{:.2f}, {:.2f}]".format(*(float(row[name]) for name in ("floor_low", "floor_high")))
    of_floors = f"what the floors alone would give: {float(row['floor_exponent']):.2f} {ends}"
    assert row["sentence"].endswith(of_floors)
    shown = table_of(page, "exponents")
    assert "sentence" in shown["shown"]
    chart = next(chart for chart in charts_of(page, "thresholds") if chart["title"].startswith("q*(n): absorb 0.5"))
    assert f"the floors alone would give n^{float(row['floor_exponent']):.2f}, 95 % {ends}" in chart["alt"]
    assert of_floors in (folder / "report.md").read_text().replace("\\", "")


def test_a_planted_slope_lies_in_the_band_and_stands_in_the_words(tmp_path: Path, planted: Any) -> None:
    for q, size, replicate in itertools.product((2, 4, 8, 16, 32, 64), (8, 16, 32, 64), (0, 1, 2)):
        absorbed = min(0.95, 0.5 * q / size * (1 + 0.1 * replicate))
        planted.add(q=q, functions=size, points=size, replicate=replicate, absorbed=absorbed, schedule="tied")
    folder = save(tmp_path / "s", planted)
    write_tables(folder)
    chart = next(chart for chart in charts_of(read(folder / "report.html"), "thresholds") if chart["title"].startswith("q*(n)"))
    with (folder / "exponents.csv").open(newline="") as handle:
        row = next(row for row in csv.DictReader(handle) if row["target"] == "absorb 0.5")
    assert f"fit n^{float(row['exponent']):.2f}, 95 % [{float(row['low']):.2f}, {float(row['high']):.2f}]" in chart["alt"]
    band, line = (next(layer for layer in chart["layers"] if layer["kind"] == kind) for kind in ("band", "line"))
    n, low, high, middle = (np.array(values_) for values_ in (band["x"], band["low"], band["high"], line["y"]))
    assert np.all((low < middle) & (middle < high))
    assert np.all((low < 1.0 * np.sqrt(n)) & (high > 0.5 * np.sqrt(n)))


def test_surfaces_show_error_floor_and_ratio_of_the_best_run(folder: Path) -> None:
    chart = charts_of(read(folder / "report.html"), "surfaces")[0]
    measures = dict(chart["measures"])
    assert chart["x"] == ["2", "4"]
    assert chart["y"] == ["4 | 4", "4 | 16", "16 | 4", "16 | 16"]
    assert measures["relative error"] == pytest.approx([0.25, 0.125] * 4)
    assert measures["error R / floor"] == pytest.approx([0.25 / 0.2] * 8, rel=1e-5)
    assert measures["floor of the relative error"] == pytest.approx([np.sqrt(0.2) / 2, np.sqrt(0.2) / 4] * 4, rel=1e-5)


def test_failures_missing_cells_and_provenance_are_said(folder: Path) -> None:
    page = read(folder / "report.html")
    outcomes = table_of(page, "outcomes")
    counted = {column["name"]: values(column, outcomes["rows"]) for column in outcomes["columns"]}
    assert dict(zip(counted["status"], counted["cells"], strict=True)) == {"failed": 1, "missing": 1}
    digest = hashlib.sha256((folder / "scaling.csv").read_bytes()).hexdigest()
    for words in ("82", "numpy 2.4.6", "machine x86_64", "python -m bench run planted", "What was planted?", digest):
        assert words in page.text


@pytest.mark.parametrize(
    "kind", ["no cells", "no records", "all failed", "all diverged", "one n", "one run", "never reached", "no targets"]
)
def test_studies_that_say_little_still_have_a_page(tmp_path: Path, planted: Any, kind: str) -> None:
    changes: dict[str, Any] = {"targets": ()} if kind == "no targets" else {}
    status = {"no records": "missing", "all failed": "failed", "all diverged": "diverged"}.get(kind, "done")
    sizes = {"no cells": (), "one n": (16,), "one run": (16,)}.get(kind, (8, 16, 32))
    for q, size in itertools.product((2,) if kind == "one run" else (1, 2), sizes):
        planted.add(q=q, functions=size, status=status, absorbed=0.01, schedule="tied")
        planted.add(q=q, functions=size, status=status, relative=0.9, schedule="fixed-budget", d=3000)
    folder = save(tmp_path / "s", planted, **changes)
    write_tables(folder)
    page = read(folder / "report.html")
    assert page.data["records"]["rows"] == len(planted.expected)
    for chart in charts_of(page, "thresholds"):
        assert not any(layer["kind"] == "band" for layer in chart["layers"])
        assert "not identifiable" in chart["alt"]
    if status != "done":
        assert not page.data["charts"]
        assert sum(status in (v or "") for v in record_values(page)["status"]) == len(planted.expected)


def test_the_index_lists_studies_skips_broken_ones_and_leaves_a_foreign_index_alone(tmp_path: Path, planted: Any) -> None:
    planted.add()
    write_tables(save(tmp_path / "one", planted))
    write_tables(save(tmp_path / "two words", planted))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "report.json").write_text('{"name": 3')
    write_index(tmp_path)
    index = read(tmp_path / "index.html")
    assert [a["href"] for tag, a in index.elements if tag == "a"][1:] == ["one/report.html", "two%20words/report.html"]
    assert "What was planted?" in index.text
    (tmp_path / "index.html").write_text("mine")
    write_tables(tmp_path / "one")
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_bracket_without_a_witness_is_open_above(tmp_path: Path, planted: Any) -> None:
    planted.add()
    folder = save(tmp_path / "s", planted, brackets=(question(),))
    write_tables(folder)
    page = read(folder / "report.html")
    q, d = charts_of(page, "brackets")
    assert (q["low"], q["high"], d["low"], d["high"]) == ([3], [None], [140], [None])
    assert q["text"] == ["relative error 0.1, 16 x 16 grid: q >= 3 (certified, eckart-young); no witness yet"]
    assert "1 questions, 0 closed, 1 without a witness" in q["alt"]
    assert table_of(page, "brackets")["rows"] == 1
    assert "0 of 1" in page.text
    assert "0 of 1" in read(folder.parent / "index.html").text


def test_bars_reach_from_what_is_certified_to_what_is_witnessed() -> None:
    rows = pd.DataFrame(
        [
            {"q_lower": 3, "q_upper": 3, "d_lower": 40, "d_upper": 1234567, "q": None, "target": "relative error 0.1"},
            {"q_lower": 5, "q_upper": None, "d_lower": 90, "d_upper": 180, "q": None, "target": "absorb 0.5"},
        ]
    ).astype({name: "Int64" for name in ("q_lower", "q_upper", "d_lower", "d_upper", "q")})
    same = {"task": "t", "parameters": "", "design": "grid", "N": 8, "M": 4, "noise_law": "gaussian", "sigma": 0.3}
    same |= {"net_class": "free", "nets": "2+2 linear tanh"}
    rows = rows.assign(**same, **{f"{size}_{name}": "certified" for size in "qd" for name in ("status", "bound")})
    q, d = bracket_charts(SimpleNamespace(tables={"brackets": rows}))  # type: ignore[arg-type]
    assert (q.low, q.high) == ([3, 5], [3, None])
    assert "1 closed, 1 without" in q.alt
    assert (d.low, d.high) == ([40, 90], [1234567, 180])
    assert d.labels[1] == "absorb 0.5, 8 x 4 grid, gaussian noise, sigma = 0.3"
    both = pd.concat([rows, rows.assign(net_class="tied")])
    titles = [chart.title for chart in bracket_charts(SimpleNamespace(tables={"brackets": both}))]  # type: ignore[arg-type]
    assert [title.split(":")[0].split(", ", 1)[1] for title in titles] == ["free (2+2 linear tanh)"] * 2 + [
        "tied (2+2 linear tanh)"
    ] * 2


def test_questions_with_q_fixed_are_a_frontier_of_d_against_q_and_no_bars() -> None:
    rows = pd.DataFrame(
        [
            {"n": n, "q": q, "replicate": r, "d_lower": 10 * q, "d_upper": None if (n, q) == (256, 8) else n + r}
            for n in (64, 256)
            for q in (2, 4, 8)
            for r in range(3)
        ]
    ).astype({"d_upper": "Int64", "q": "Int64"})
    same = {"task": "t", "parameters": "", "design": "triples", "N": 8, "M": 4, "noise_law": "gaussian", "sigma": 0.3}
    same |= {"net_class": "tied", "nets": "1+1 linear tanh"}
    rows = rows.assign(**same, target="absorb 0.5", standing="witnessed", d_status="certified", d_bound="rank-to-parameters")
    evidence = SimpleNamespace(tables={"brackets": rows, "frontier": rows})
    assert list(bracket_charts(evidence)) == []  # type: ignore[arg-type]
    (chart,) = frontier_charts(evidence)  # type: ignore[arg-type]
    assert [switch.label for switch in chart.switches if switch.role == "data"] == ["n = 64", "n = 256"]
    lines = [layer for layer in chart.layers if isinstance(layer, Line)]
    assert (lines[0].x, lines[0].y) == ([2, 4, 8], [65.0, 65.0, 65.0])
    assert lines[1].y == [65.0, 65.0 / 4, 65.0 / 16]
    assert lines[2].y == [20, 40, 80]
    assert lines[3].x == [2, 4]
    assert "15 of 18 questions have a witness" in chart.alt
    assert "d = 64; d >= 20 (certified" in next(layer.text[0] for layer in chart.layers if isinstance(layer, Intervals))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_curves_stand_out_from_their_ground(scheme: int) -> None:
    """Contrast at least 4.5 for text and 3 for graphics (WCAG 2.2, 1.4.3 and 1.4.11)."""
    style = (PAGE / "assets" / "page.css").read_text()
    pairs = re.findall(r"--([a-z0-9]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: both[scheme] for name, *both in pairs}
    assert len(colours) == 17
    for name, least in {**dict.fromkeys(("ink", "quiet", "link", "good", "fair", "bad"), 4.5),
                        **{f"c{i}": 3.0 for i in range(8)}}.items():  # fmt: skip
        for ground in ("paper", "raised") if least > 4 else ("paper",):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (name, ground)


def test_templates_styles_and_scripts_are_declared_as_package_data() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["results.page"]
    held = {path for pattern in declared for path in PAGE.glob(pattern)}
    assert held == {path for path in PAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
