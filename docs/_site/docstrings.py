"""Docstrings of this project as reStructuredText.

A docstring is plain text: paragraphs, names in single backticks, `-` and `1.` lists, Google sections, and formulas or tables set
apart by indentation or by aligned columns. Layout is kept as it stands; all else that would be read as markup is escaped.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

SECTIONS = {"Args:": "param", "Attributes:": "ivar", "Raises:": "raises", "Returns:": "returns", "Yields:": "yields"}
ITEM = re.compile(r"(\s*)(-|\d+\.) +(\S.*)")
ENTRY = re.compile(r"    (\S[^:]*): +(\S.*)")
ALIGNED = re.compile(r"\S {3,}\S|[^\s.:;,!?] {2}\S")
NAME = re.compile(r"(?:operators|results|bench)(?:\.\w+)+")
DOI = re.compile(r"doi:(10\.\d{4,9}/(?:\([^\s()]*\)|[^\s(),;])+(?<![.:]))|arXiv[: ](\d{4}\.\d{4,5})")


def as_rest(lines: Iterable[str]) -> list[str]:
    """A docstring as lines of reStructuredText; the section `Attributes`, which the fields themselves show, is left out."""
    made: list[str] = []
    layout = False
    for chunk in _chunks(lines):
        if chunk[0] in SECTIONS:
            made += [] if chunk[0] == "Attributes:" else [*_section(chunk), ""]
            layout = False
            continue
        for kind, part in _parts(chunk):
            if kind == "layout":
                made += [*([] if layout else ["::", ""]), *textwrap.indent("\n".join(part), "    ").splitlines(), ""]
            else:
                made += [*(_items(part) if kind == "list" else [_opening(inline(" ".join(part)))]), ""]
            layout = kind == "layout"
    return made


def attribute_notes(docstring: str) -> dict[str, str]:
    """What the section `Attributes` says of each name, as reStructuredText."""
    sections = [chunk for chunk in _chunks(docstring.splitlines()) if chunk[0] == "Attributes:"]
    return {name: _opening(inline(text)) for chunk in sections for name, text in _entries(chunk[1:])}


def first_paragraph(docstring: str) -> str:
    """The first paragraph of a docstring on one line, as reStructuredText."""
    return next((_opening(inline(" ".join(chunk))) for chunk in _chunks(docstring.splitlines())), "")


def inline(text: str) -> str:
    """Text with names as literals or references, DOIs as links, and everything else escaped."""
    parts = re.split(r"`([^`]+)`", text)
    return (
        "".join(_named(part) if odd % 2 else _linked(part) for odd, part in enumerate(parts))
        .removeprefix("\\ ")
        .removesuffix("\\ ")
    )


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    """The runs of lines between empty ones."""
    for filled, run in groupby((line.rstrip() for line in lines), bool):
        if filled:
            yield list(run)


def _parts(chunk: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The paragraphs, lists and layouts that follow each other in a chunk."""
    flush = [line for line in chunk if not line.startswith(" ")]
    if ITEM.fullmatch(chunk[0]):
        yield "list", chunk
    elif any(ALIGNED.search(line) for line in flush):
        yield "layout", chunk
    else:
        for indented, run in groupby(chunk, lambda line: line.startswith(" ")):
            part = list(run)
            yield ("list" if ITEM.fullmatch(part[0]) else "layout") if indented else "paragraph", part


def _items(lines: list[str]) -> list[str]:
    """A list, one line per item."""
    items: list[str] = []
    for line in lines:
        item = ITEM.fullmatch(line)
        if item:
            items.append(f"{item[2]} {item[3]}")
        else:
            items[-1] += f" {line.strip()}"
    return [f"{marker} {_opening(inline(text))}" for marker, text in (item.split(" ", 1) for item in items)]


def _section(chunk: list[str]) -> list[str]:
    """A section as a list of fields."""
    field = SECTIONS[chunk[0]]
    if field in ("returns", "yields"):
        return [f":{field}: {inline(' '.join(line.strip() for line in chunk[1:]))}"]
    return [f":{field} {name}: {_opening(inline(text))}" for name, text in _entries(chunk[1:])]


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Names and texts of the entries of a section."""
    name, text = "", ""
    for line in lines:
        entry = ENTRY.fullmatch(line)
        if entry:
            if name:
                yield name, text
            name, text = entry[1], entry[2]
        else:
            text += f" {line.strip()}"
    yield name, text


def _named(name: str) -> str:
    """A name in backticks: a reference if it is one of ours."""
    name = " ".join(name.split())
    return f"\\ :py:obj:`{name}`\\ " if NAME.fullmatch(name) else f"\\ ``{name}``\\ "


def _linked(text: str) -> str:
    """Plain text with DOIs and arXiv numbers as links."""
    made, end = "", 0
    for found in DOI.finditer(text):
        address = f"https://doi.org/{found[1]}" if found[1] else f"https://arxiv.org/abs/{found[2]}"
        made += f"{_escaped(text[end : found.start()])}\\ `{_escaped(found[0])} <{address}>`__\\ "
        end = found.end()
    return made + _escaped(text[end:])


def _escaped(text: str) -> str:
    """Plain text in which nothing is markup."""
    return re.sub(r"[\\*`|]|_(?!\w)|:(?=:)|(?<=\w)_(?=\W|$)", lambda found: "\\" + found[0], text)


def _opening(text: str) -> str:
    """A paragraph whose first characters are no list, field, title or directive."""
    return f"\\{text}" if re.match(r"[-+/:.=~^\"'#>•]|\(?(\w{1,4}|#)[.)](?: |$)", text) else text
