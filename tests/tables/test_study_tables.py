"""The tables of a study: computed once, typed, and an entry more is a table more wherever tables are shown."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from results.families import FAMILIES, Family
from results.report.write import write_tables
from results.schema.widths import Widths
from results.tables.csv_files import read_csv
from results.tables.study_tables import TABLES, StudyTables, Table, kinds, study_tables, typed

FAMILY = FAMILIES["deeponet"]


CONDITIONAL = (
    *("lines", "brackets", "frontier", "baselines", "data_efficiency", "literature", "anchors", "barrier", "architectures"),
    *("searches", "search_exponents", "joint_law", "least_n"),
)


def test_every_frame_has_the_columns_of_its_file_and_none_without_a_type(new_planted: Any) -> None:
    study = new_planted().fill("died")
    tables = study_tables(study.manifest(rays=(1.0,)), study.records)
    assert list(tables.frames) == [name for name in kinds(FAMILY) if name not in CONDITIONAL]
    written = dict(tables.written())
    assert list(written) == [name for name in tables.frames if name not in ("demands", "lines")]
    for name, frame in written.items():
        columns = TABLES[name].columns(FAMILY)
        assert list(frame) == list(columns)
        assert all(columns.values())
        for column in frame:
            held = {type(value) for value in frame[column]}
            assert not pd.api.types.is_object_dtype(frame[column]) or held == {Widths}, (name, column)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_family_names_tables_that_there_are(family: Family) -> None:
    assert list(kinds(family)) == list(family.tables or ("cells",))
    assert any(kind.columns(family) for kind in kinds(family).values())


def test_each_table_is_built_once_from_those_before_it(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.add(q=2)
    built: list[str] = []

    def counting(name: str, *needed: str) -> Table:
        def build(study: StudyTables) -> pd.DataFrame:
            built.append(name)
            assert all(other in study for other in needed)
            return pd.DataFrame({"q": study.frame["q"]})

        return Table(lambda _: {"q": "size"}, build)

    for name, kind in {"a": counting("a"), "b": counting("b", "a"), "none": Table(lambda _: {}, lambda _: None)}.items():
        monkeypatch.setitem(TABLES, name, kind)
    monkeypatch.setattr(type(FAMILY), "tables", ("a", "b", "none"))
    tables = study_tables(planted.manifest(), planted.records)
    assert built == []
    assert list(tables.frames) == list(tables.columns) == ["a", "b"]
    assert built == ["a", "b"]
    assert "none" not in tables
    assert tables["b"]["q"].tolist() == [2]


def test_an_entry_that_a_family_names_is_a_file_documented_printed_and_shown(
    planted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(study: StudyTables) -> pd.DataFrame:
        return study.frame.groupby("task", as_index=False).agg(largest=("d", "max"))

    columns = {"task": "operator", "largest": "most parameters of any cell"}
    monkeypatch.setitem(TABLES, "sizes", Table(lambda _: columns, build))
    monkeypatch.setattr(type(FAMILY), "tables", (*FAMILY.tables, "sizes"))
    planted.add(d=7)
    planted.add(q=2, d=1234567)
    folder = planted.save(tmp_path / "study")
    write_tables(folder, figures=False)
    assert (folder / "sizes.csv").read_text() == "task,largest\nplanted,1234567\n"
    assert "- `largest`: most parameters of any cell" in (folder / "columns.md").read_text()
    assert "| planted | 1234567 |" in (folder / "tables" / "sizes.md").read_text()
    assert "| planted | 1234567 |" in (folder / "report.md").read_text()
    assert '"id":"sizes"' in (folder / "report.html").read_text()


def test_text_built_of_nothing_is_text_and_a_mixed_column_is_refused() -> None:
    table = typed(pd.DataFrame({"a": [None, None], "b": pd.Series(["x", None], dtype=object)}))
    assert [str(dtype) for dtype in table.dtypes] == ["str", "str"]
    assert table.isna().to_numpy().tolist() == [[True, False], [True, True]]
    with pytest.raises(TypeError, match=r"expected columns of one type, got \['int', 'str'\] in c"):
        typed(pd.DataFrame({"c": pd.Series(["x", 1], dtype=object)}))


def test_a_file_is_read_back_with_its_types(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c,d\n1,0.5,x,\n,inf,007,\n")
    table = read_csv(tmp_path / "t.csv")
    assert [str(dtype) for dtype in table.dtypes] == ["Int64", "float64", "str", "str"]
    assert table["c"].tolist() == ["x", "007"]
    assert table["d"].isna().all()
