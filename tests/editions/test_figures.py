"""Figures of what is published come from Parquet files alone, show what its CSV files hold, and stand beside LaTeX tables."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from repository import REPOSITORY

from bench.cli.figures import KINDS, figures
from operators.errors import UserError
from results.editions.figures import Drawn, draw_published, write_index
from results.editions.published import published
from results.figures.style import METADATA
from results.report.markdown import escape
from results.tables.csv_files import read_csv

STUDY = "sci"
REFERENCE = REPOSITORY / "results" / "reference"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published study without any of its CSV files."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(REFERENCE / STUDY, folder / STUDY, ignore=shutil.ignore_patterns("*.csv", "*.md", "*.txt"))
    return folder


@pytest.fixture(scope="module")
def drawn(bare: Path) -> Drawn:
    return draw_published(published(bare, STUDY), bare / "figures", ("svg",))


def test_without_a_csv_file_the_figure_shows_what_the_published_table_holds(bare: Path, drawn: Drawn) -> None:
    table = read_csv(REFERENCE / STUDY / f"{STUDY}.csv")
    (name,) = drawn.figures
    shown = pd.read_csv(bare / "figures" / STUDY / "figures" / f"{name}.csv")
    for column, label in (("square_distance", "square section"), ("injection_modulus", "rectangular section (upper bound)")):
        points = shown[shown["series"] == label]
        sized = table[table.groupby(["cut", "re", "im"])["n"].transform("nunique") > 1]
        held = set(zip(sized["n"], sized[column], strict=True))
        assert {(x, float(f"{y:.6g}")) for x, y in zip(points["x"], points["y"], strict=True)} == held
    assert (bare / "figures" / STUDY / "figures" / f"{name}.svg").is_file()


def test_tables_that_the_answers_rest_on_are_printed_as_latex(bare: Path, drawn: Drawn) -> None:
    assert drawn.tables == (STUDY,)
    text = (bare / "figures" / STUDY / "tables" / f"{STUDY}.tex").read_text()
    assert r"\toprule" in text
    assert text.count(r" \\") == 1 + len(read_csv(REFERENCE / STUDY / f"{STUDY}.csv"))


def test_the_list_names_every_figure_with_values_and_words(bare: Path, drawn: Drawn) -> None:
    write_index(bare, [(published(bare, STUDY), drawn)], "svg")
    text = (bare / "README.md").read_text()
    for name, (caption, shown) in drawn.figures.items():
        assert f"![{escape(shown)}]({STUDY}/figures/{name}.svg)\n\n{escape(caption)}. [Values]" in text
        for kind in ("svg", "csv", "txt"):
            assert f"({STUDY}/figures/{name}.{kind})" in text
            assert (bare / "figures" / STUDY / "figures" / f"{name}.{kind}").stat().st_size


def test_kinds_are_those_of_figures_and_another_is_refused(tmp_path: Path) -> None:
    assert set(KINDS) == set(METADATA)
    with pytest.raises(UserError, match="expected --kind png, svg, pdf, got 'gif'"):
        figures(into=tmp_path, kind=["gif"])
    with pytest.raises(UserError, match="expected published studies below"):
        figures(into=tmp_path, reference=tmp_path / "none", out=tmp_path)
