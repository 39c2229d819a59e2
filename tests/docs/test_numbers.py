"""Numbers of the pages are computed, measured, or definitions that are listed here: docs/check_numbers.py, docs/measured.md."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import REPOSITORY, script_of_docs

numbers = script_of_docs("check_numbers")

MEASURED = "docs/measured.md"
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md") if path.name != "measured.md")]

# Targets, limits, confidences, margins and versions: what somebody set, not what came out.
DEFINITIONS = {
    "README.md": ("Python 3.11, 3.12 or 3.13", "Apache-2.0", "their 95 % bands"),
    "docs/baselines.md": ("of parameters within 10 %", "up to a factor of 1.5"),
    "docs/external.md": ("At most 2 GiB",),
    "docs/faults.md": ("planned within two seconds",),  # the test that its row names
    "docs/getting-started.md": (
        "Python 3.11, 3.12 or 3.13",
        "| relative error 0.1 |",
        "| absorb 0.3 |",
        "comes within 10 %",
        "absorb 30 % of this noise",
    ),
    "docs/leaderboard.md": ("with confidence 1 - 1e-6", "by 2e-6 of it", "a relative error of 1e-5", "at most 64 MiB"),
    "docs/programme.md": ("70 at delta = 0.05", "the delta = 1e-12 of this project"),
    "docs/published.md": ("must agree within 10 %", "(CC BY 4.0)"),
    "docs/reading.md": ("probability 1 - 1e-12", "with probability 1 - 1e-6", "pointwise 95 %"),
    "docs/running.md": ("more than 2 GiB",),
    "docs/size.md": ("tails below 1e-12", "below 1e-6 are refused", "`--failure-probability` (1e-12", "up to 2 GiB"),
    "docs/theory.md": (
        "floor above 1e-6 of the variance",
        "at delta = 1e-12",
        "with probability 1 - 1e-6",
        "`probability` 1 - 1e-12",
        "; delta = 1e-12.",
        "m = 40, p = 1, n = 1e6, Gaussian",
        "at n = 1e3 to 1e7 (delta = 0.05)",
        "In the setting above, n = 1e6,",
        "Relative population error 0.05",
        "Student's t, one-sided, 1e-6 each",
        "relative error 0.05 over space and time",
        "relative error 0.05, 32 bits, delta = 0.05",
        "whole 95 % interval",
        "| slope 0.1 |",
        "(2 ln(2 K / 0.001))^(1/2)",
        "| ratio 1.25 |",
        "its 95 % interval",
        "intervals of 95 %",
        "cover 0.935 to 0.965",
        "a measured 0.3 there",
        "W J = 1e5",
        "are kept at 0.05 or more",
        "Theorem 12.2",
        "theorems 4.3.1 and 4.3.2, doi:10.1007/0-387-27605-X",
        "Theorem 6.10",
    ),
}

WORDS = "half|one|two|three|four|five|six|seven|eight|nine|ten|twenty"
UNITS = r"(?:%|percent|seconds?\b|minutes?\b|hours?\b|GiB|MiB|GB|MB|times\b|nats|s\b)"
RESULT = re.compile(
    rf"(?<![\w.^,])\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?: to \d[\d,.]*)?[ -]{UNITS}(?! Rad|\^)"
    rf"|\b(?:{WORDS})(?: to (?:{WORDS}))?(?: an?)? (?:percent|seconds?|minutes?|hours?|times)\b"
    r"|(?<![\w.])\d*\.\d+(?:e[-+]?\d+)?|(?<![\w.])\d+e[-+]?\d+"
)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
TABLES_OF_COMMANDS = (
    re.compile(r"<!-- vacuity table -->.*?<!-- end of vacuity table -->", re.DOTALL),
    re.compile(r"<!-- coverage tables -->.*?<!-- end of coverage tables -->", re.DOTALL),
    re.compile(r"<!-- tasks table -->.*?<!-- end of tasks table -->", re.DOTALL),
    re.compile(r"<!-- public data table -->.*?<!-- end of public data table -->", re.DOTALL),
    re.compile(r"<!-- parts table -->.*?<!-- end of parts table -->", re.DOTALL),
    re.compile(r"<!-- outside table -->.*?<!-- end of outside table -->", re.DOTALL),
)


def prose(page: str) -> str:
    """A page as one line, without code, addresses and the tables that commands print."""
    text = (REPOSITORY / page).read_text()
    for pattern in (
        FENCED,
        *TABLES_OF_COMMANDS,
        re.compile(r"^    .*$", re.MULTILINE),
        re.compile(r"https?://\S+|arXiv \d+\.\d+"),
    ):
        text = pattern.sub(" ", text)
    return " ".join(text.split())


def measured() -> Iterator[tuple[str, str]]:
    """Page and words of the rows of docs/measured.md."""
    for line in (REPOSITORY / MEASURED).read_text().splitlines():
        row = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(row) == 4 and row[0].strip("` ").endswith(".md"):
            yield row[0].strip("` "), row[1]


def explained(page: str) -> list[str]:
    """Words of a page whose numbers are computed, measured or definitions."""
    computed = [statement.filled() for statement in numbers.COMPUTED if statement.page == page]
    return computed + [words for place, words in measured() if place == page] + list(DEFINITIONS.get(page, ()))


def unexplained(text: str, phrases: list[str]) -> list[str]:
    """Results in a text that lie in none of the phrases and not in code."""
    spans = [found.span() for phrase in phrases for found in re.finditer(re.escape(phrase), text)]
    spans += [found.span() for found in re.finditer(r"`[^`]*`", text)]
    return [
        text[max(0, found.start() - 30) : found.end() + 20]
        for found in RESULT.finditer(text)
        if not any(first <= found.start() and found.end() <= last for first, last in spans)
    ]


@pytest.mark.parametrize("statement", numbers.COMPUTED, ids=lambda statement: f"{statement.page}-{statement.values.__name__}")
def test_the_pages_say_what_is_computed(statement) -> None:
    assert statement.filled() in numbers.text_of(statement.page)


def test_a_number_that_is_not_what_is_computed_is_noticed() -> None:
    for statement in numbers.COMPUTED:
        values = statement.values()
        changed = [f"{value}x" if isinstance(value, str) else 1.5 * value + 1 for value in values]
        assert statement.words.format(*changed) not in numbers.text_of(statement.page)


def test_what_is_measured_stands_on_its_page_and_says_how() -> None:
    rows = list(measured())
    assert len(rows) >= 8
    for page, words in rows:
        assert words in numbers.text_of(page), f"{page} does not say: {words}"


def test_what_takes_minutes_or_records_is_listed_as_measured() -> None:
    for statement in (*numbers.MINUTES, *numbers.SMOKE):
        pattern = re.sub(r"\\\{[^}]*\\\}", r"(\\d+(?:\\.\\d+)?)", re.escape(statement.words))
        found = re.search(pattern, numbers.text_of(statement.page))
        assert found, f"{statement.page} does not say: {statement.words}"
        rows = " ".join(words for page, words in measured() if page == statement.page)
        assert all(numeral in rows for numeral in found.groups() if "." in numeral)


@pytest.mark.parametrize("page", PAGES)
def test_every_result_on_a_page_is_computed_measured_or_a_definition(page: str) -> None:
    assert unexplained(prose(page), explained(page)) == []


def test_every_definition_is_needed() -> None:
    for page, phrases in DEFINITIONS.items():
        text = prose(page)
        for phrase in phrases:
            assert phrase in text, f"{page} does not say: {phrase}"
            assert RESULT.search(phrase), phrase


@pytest.mark.parametrize(
    "text",
    [
        "it takes 7 s",
        "three to five times sharper",
        "covered 0.76 of them",
        "at most 2 percent",
        "in half a second",
        "near n = 1e9",
        "10-16 % off",
    ],
)
def test_results_are_noticed(text: str) -> None:
    assert unexplained(text, ["some other words"])
    assert unexplained(text, [text]) == []


def test_records_are_read_as_runs(tmp_path: Path) -> None:
    line = (
        '{"record":{"cell":{"task":"burgers","noise":{"law":"rademacher","sigma":0.5}},"measured":{"errors":{"absorbed":0.3,'
        '"noise_energy":2.0},"bounds":{"floor":0.5,"trivial":false},"sizes":{"n":2000,"d_eff":1000}}}}'
    )
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "a.jsonl").write_text(line + "\n" + line.replace("rademacher", "none") + "\n")
    assert numbers.share_of_rank(tmp_path) == pytest.approx((0.4, 0.4, 0.4))
    assert numbers.absorbed_per_parameter(tmp_path) == pytest.approx((0.6, 0.6))
    assert 0.0 < numbers.nats_used(tmp_path)[0] < 2.0
