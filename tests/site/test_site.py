"""The built site keeps its content policy, every link leads somewhere, and docstrings arrive on it word for word.

Run by `python -m tox -e docs` once the site is built.
"""

import ast
import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from repository import REPOSITORY

from results.editions.abstract import QUESTIONS

SITE = REPOSITORY / "docs" / "_build" / "html"
REFERENCE = REPOSITORY / "results" / "reference"
EVIDENCE = SITE / "evidence"  # pages of the report's kind, each with a policy of its own
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background"}
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
MODULES = sorted(
    path
    for package in ("operators", "results", "bench")
    for path in (REPOSITORY / package).rglob("*.py")
    if path.name != "__main__.py"
)


@dataclass
class Page(HTMLParser):
    """What a page holds: its elements in order, its ids, its text, and the text of its scripts and styles."""

    html: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.ids |= {value for name, value in attrs if name in ("id", "name") and value and (name == "id" or tag == "a")}
        if tag not in EMPTY:
            self.within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.within.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.within and self.within[-1] in ("script", "style"):
            self.inline.append(data)
        else:
            self.text.append(data)


@cache
def page(path: Path) -> Page:
    return Page(path.read_text())


def pages() -> Iterator[Path]:
    found = sorted(path for path in SITE.rglob("*.html") if EVIDENCE not in path.parents)
    if not found:
        pytest.fail(f"expected a site in {SITE}, found none; build it with `python -m tox -e docs`")
    yield from found


def foreign(address: str) -> bool:
    """Whether an address leaves the site; `data:` images do not."""
    parts = urlsplit(address)
    return bool(parts.netloc or parts.scheme) and not address.startswith("data:")


def breaches(made: Page) -> list[str]:
    """What of a page the content policy would block, or would let it load from elsewhere."""
    found = [f"inline: {text.strip()[:60]}" for text in made.inline if text.strip()]
    for tag, attributes in made.elements:
        for name, value in attributes.items():
            address = (value or "").strip()
            loads = name in LOADING or (name == "href" and tag in ("link", "base", "use", "image"))
            if name == "style" or name.startswith("on") or (loads and foreign(address)) or address.startswith("javascript:"):
                found.append(f"<{tag} {name}={address!r}>")
        if tag in ("style", "iframe", "object", "embed", "base"):
            found.append(f"<{tag}>")
    return found


# The content policy


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<style>p { color: red }</style>",
        "<p style='color: red'>",
        "<p onclick='x()'>",
        "<script src='https://example.org/x.js'></script>",
        "<script src='//example.org/x.js'></script>",
        "<link rel='stylesheet' href='https://example.org/x.css'>",
        "<img src='http://example.org/x.png'/>",
        "<a href='javascript:x()'>x</a>",
        "<iframe src='x.html'></iframe>",
        "<form action='https://example.org'></form>",
    ],
)
def test_breaches_of_the_policy_are_noticed(html: str) -> None:
    assert breaches(Page(html))


def test_what_the_policy_allows_is_no_breach() -> None:
    allowed = "<script src='_static/x.js'></script><link rel='icon' href='data:,'><a href='https://doi.org/1'>x</a><p>text</p>"
    assert breaches(Page(allowed)) == []


def test_every_page_states_the_policy_before_it_loads_anything() -> None:
    for path in pages():
        metas = [place for place, (tag, _) in enumerate(page(path).elements) if tag == "meta"]
        stated = [place for place in metas if page(path).elements[place][1].get("http-equiv") == "Content-Security-Policy"]
        assert len(stated) == 1, path
        assert page(path).elements[stated[0]][1]["content"] == POLICY, path
        loading = [place for place, (tag, _) in enumerate(page(path).elements) if tag in ("script", "link", "img")]
        assert stated[0] < min(loading), path


def test_no_page_breaks_the_policy() -> None:
    assert {str(path): breaches(page(path)) for path in pages() if breaches(page(path))} == {}


def test_style_sheets_load_nothing() -> None:
    sheets = sorted(SITE.rglob("*.css"))
    assert len(sheets) >= 3
    for sheet in sheets:
        assert not re.search(r"@import|url\(", sheet.read_text()), sheet


# Links


def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it() -> None:
    count = 0
    for path in pages():
        for _, attributes in page(path).elements:
            for address in filter(None, (attributes.get("href"), attributes.get("src"))):
                if foreign(address) or address.startswith("data:"):
                    continue
                parts = urlsplit(address)
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                assert target.is_file(), f"{path} links to {address}"
                assert not parts.fragment or unquote(parts.fragment) in page(target).ids, f"{path} links to {address}"
                count += 1
    assert count > 10_000


def test_every_published_study_has_its_page_and_every_witness_its_file() -> None:
    studies = {path.parent.name for path in REFERENCE.glob("*/edition.json")}
    assert {path.parent.name for path in EVIDENCE.glob("*/report.html")} == studies
    for path in EVIDENCE.rglob("*.html"):
        for tag, attributes in page(path).elements:
            address = attributes.get("href") or ""
            if tag == "a" and not address.startswith("#"):
                assert (path.parent / unquote(urlsplit(address).path)).resolve().is_file(), f"{path} links to {address}"
    data = next(text for text in page(EVIDENCE / "index.html").inline if text.lstrip().startswith("{"))
    witnesses = set(re.findall(r'"([a-z0-9-]+/witnesses/[0-9a-f]{64}\.npz)"', data))
    files = {path.relative_to(REFERENCE).as_posix() for path in REFERENCE.glob("*/witnesses/*.npz")}
    assert witnesses <= files
    leading = "".join(path.read_text() for path in REFERENCE.glob("*/leaderboard.csv"))
    studied = (REFERENCE / "koopman" / "koopman.csv").read_text()
    for rest in files - witnesses:  # equal in size to one that the page links, or what the study of spectra is about
        address = Path(rest).stem
        assert address in leading or f",{address[:12]}," in studied, f"no page names {rest}"
    assert all((EVIDENCE / address).read_bytes() == (REFERENCE / address).read_bytes() for address in witnesses)


def test_pages_of_studies_run_their_own_scripts_alone() -> None:
    for path in EVIDENCE.rglob("*.html"):
        (policy,) = (a["content"] or "" for tag, a in page(path).elements if a.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        code = re.findall(r"<script>(.*?)</script>", path.read_text(), re.DOTALL)
        assert code
        for text in code:
            assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_links_that_leave_the_site_are_encrypted() -> None:
    addresses = {attributes.get("href") or "" for path in pages() for _, attributes in page(path).elements}
    assert {urlsplit(address).scheme for address in addresses if foreign(address)} == {"https"}


# What is on it


def test_every_page_of_the_documentation_is_on_the_site() -> None:
    written = {path.stem for path in (REPOSITORY / "docs").glob("*.md")}
    assert written <= {path.stem for path in SITE.glob("*.html")}
    assert {"index", "contributing", "changelog", "api"} <= written


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def words(text: str) -> str:
    """Text without backticks and list markers, with single spaces."""
    return " ".join(re.sub(r"^ *(-|\d+\.) (?=\S)", "", text, flags=re.MULTILINE).replace("`", "").split())


def passages(docstring: str) -> Iterator[str]:
    """What a docstring says before its first section, and the lines of its sections without names."""
    before, *sections = re.split(r"^(?:Args|Attributes|Raises|Returns|Yields):$", docstring, flags=re.MULTILINE)
    yield words(before)
    for line in "".join(sections).splitlines():
        yield words(re.sub(r"^    \S[^:]*: ", "", line))


def docstrings(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Docstrings of a module or class and of its public members."""
    yield ast.get_docstring(node) or ""
    for member in node.body:
        if isinstance(member, ast.FunctionDef | ast.ClassDef) and not member.name.startswith("_"):
            yield from docstrings(member) if isinstance(member, ast.ClassDef) else [ast.get_docstring(member) or ""]


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_docstrings_arrive_word_for_word(path: Path) -> None:
    shown = words("".join(page(SITE / "reference" / Path(*module_name(path).split("."), "index.html")).text))
    written = [passage for docstring in docstrings(ast.parse(path.read_text())) for passage in passages(docstring)]
    assert written[0]
    assert [text for text in written if text not in shown] == []


def test_formulas_are_set_apart() -> None:
    made = page(SITE / "reference" / "operators" / "bounds" / "bit_counting" / "index.html")
    blocks = re.findall(r"<pre>(.*?)</pre>", made.html, re.DOTALL)
    assert any("n R(rho) &lt;= b d ln 2 + ln(K / delta)" in re.sub(r"<[^>]*>", "", block) for block in blocks)


def test_the_evidence_opens_with_the_questions_of_the_programme_and_their_answers() -> None:
    found = page(EVIDENCE / "index.html")
    text = re.sub(r"\s+", " ", "".join(found.text))
    places = [text.find(question) for question in QUESTIONS]
    assert -1 not in places
    assert places == sorted(places)
    assert places[-1] < text.find("What was found")
    written = (REFERENCE / "findings.md").read_text()
    assert all(f"- **{question}**" in written for question in QUESTIONS)
