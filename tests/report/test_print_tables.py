"""Tables for print: hostile text is typeset, never run; the columns exist; numbers are those of the CSV files, rounded."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.families import FAMILIES
from results.report import latex
from results.report.print_tables import PRINTED, as_latex, as_markdown, chosen, print_tables
from results.tables.study_tables import TABLES, kinds, study_tables

FAMILY = FAMILIES["deeponet"]
WORDS = {
    "textbackslash": "\\",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textasciigrave": "`",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textquotedbl": '"',
}
TOKEN = re.compile(
    r"\\(?P<word>[a-z]+)\{\}|\\(?P<symbol>[{}$&#_%])|\{(?P<group>[\[\]*])\}|(?P<empty>\{\})|(?P<plain>[^\\{}$&#_%^~\[\]*`])"
)
HOSTILE = [
    r"\input{/etc/passwd}",
    r"\write18{rm -rf ~}",
    r"\catcode`\@=0 @input x",
    "100 % done \\\\ [1ex] & more",
    "$x^2_1$ #1 {a} ~ \\",
    "^^5cinput{x}",
    "--- ,, '' `` ?` !`",
    '"quoted" <script> | pipe',
    "\\end{tabular}\\input{x}",
    "line\nbreak\r\ttab\u2028\x00\x1b",
    "*[1ex]",
    "日本 é ß 😀",
]


def read_back(text: str) -> str:
    """What LaTeX would typeset of an escaped text, by a reader that knows nothing but the harmless tokens."""
    place, read = 0, ""
    while place < len(text):
        token = TOKEN.match(text, place)
        assert token is not None, f"{text[place : place + 20]!r} is a command"
        word = token["word"]
        read += WORDS[word] if word else token["symbol"] or token["group"] or token["plain"] or ""
        place = token.end()
    return read


def shown(text: str) -> str:
    """The text as it should appear."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "".join(c if c.isascii() or ("À" <= c <= "ÿ" and c.isalpha()) else f"[U+{ord(c):04X}]" for c in line)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_typeset_as_it_is(text: str) -> None:
    assert read_back(latex.escape(text)) == shown(text)


@given(st.text(max_size=80))
def test_every_text_is_typeset_as_it_is_without_commands_or_ligatures(text: str) -> None:
    escaped = latex.escape(text)
    assert read_back(escaped) == shown(text)
    assert not re.search(r"--|,,|''|``|\^\^|[\n\r%](?<!\\%)", escaped)


def test_long_text_is_cut_before_it_is_escaped() -> None:
    escaped = latex.escape("&" * 1000)
    assert escaped == "\\&" * (latex.LONGEST_TEXT - 3) + "..."


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_rows_keep_their_cells_in_both_kinds_of_table(text: str) -> None:
    rows = chosen(pd.DataFrame({"task": [text, "plain"], "q": [3, 4]}), ("task", "q"))
    lines = as_latex(rows, {"task": "task", "q": "$q$"}, "x.csv").splitlines()
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(body) == 2
    for line, (name, q) in zip(body, rows.cells, strict=True):
        first, second = re.split(r"(?<!\\) & ", line.removesuffix(r" \\"))
        assert (read_back(first), second) == (shown(name), q)
        assert not line.startswith(("[", "*"))
    table = as_markdown(rows).splitlines()
    assert len(table) == 4
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in table)
    assert not any("<script" in line for line in table)


@pytest.mark.parametrize("name", PRINTED)
def test_the_columns_printed_are_columns_of_the_table(name: str) -> None:
    assert set(PRINTED[name]) <= set(TABLES[name].columns(FAMILY))


def test_every_table_of_a_study_is_printed() -> None:
    assert set(PRINTED) == {name for name, kind in kinds(FAMILY).items() if kind.columns(FAMILY)}


def test_numbers_are_rounded_and_set_right_and_what_is_not_known_stays_blank() -> None:
    table = pd.DataFrame(
        {"name": ["1e3", "inf"], "q": pd.array([12345678, None], dtype="Int64"), "error": [0.0123456, float("nan")]}
    )
    rows = chosen(table, ("name", "q", "error"))
    assert rows.cells == (("1e3", "12345678", "0.01235"), ("inf", "", ""))
    assert rows.numeric == (False, True, True)
    assert r"\begin{tabular}{lrr}" in as_latex(rows, {"name": "a", "q": "b", "error": "c"}, "x.csv")
    assert "| --- | ---: | ---: |" in as_markdown(rows)


def test_long_tables_break_over_pages() -> None:
    rows = [[str(i)] for i in range(latex.LONGEST_TABULAR + 1)]
    assert "longtable" not in latex.table(["i"], rows[:-1], numeric=[True], note="")
    text = latex.table(["i"], rows, numeric=[True], note="a\nb")
    assert text.count("{longtable}") == 2
    assert r"\endhead" in text
    assert text.startswith("% a b\n")


def test_files_are_written_beside_the_csv_files_and_again_as_the_same_bytes(tmp_path: Path, planted: Any) -> None:
    planted.add()
    tables = study_tables(planted.manifest(), planted.records)
    written = {name for name, _ in tables.written()}
    found = []
    for _ in range(2):
        print_tables(tmp_path, tables)
        found.append({path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()})
    assert set(found[0]) == {f"{name}.{ending}" for name in written for ending in ("tex", "md")}
    assert found[0]["rays.md"].count(b"\n") == 2
    assert found[0] == found[1]


def test_a_column_that_a_table_has_not_is_noticed() -> None:
    with pytest.raises(KeyError, match=r"^'c'$"):
        chosen(pd.DataFrame({"a": [1], "b": [2]}), ("c",))
