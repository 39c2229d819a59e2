"""The pages are true: their examples run, their links lead somewhere, their commands parse, the names they give exist.

Elsewhere: the examples of docs/leaderboard.md in test_submit, of docs/external.md in test_external; what docs/faults.md names in
test_faults.
"""

import configparser
import csv
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
import typer.main
from repository import REPOSITORY

from bench.catalogue import STUDIES
from bench.cli.app import app
from bench.engines.threads import pinned_tensorflow
from bench.study import Study
from operators import TASKS
from operators.bounds import BOUNDS
from results.editions import checks, contributions, history, questions, standings
from results.families import FAMILIES
from results.tables.study_tables import kinds

PAGES = [REPOSITORY / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")] + sorted(
    (REPOSITORY / "docs").glob("*.md")
)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
WITNESS_ARRAY = re.compile(r"(branch|trunk)_\d_(kernel|bias)")
UsageError = typer.BadParameter.__mro__[1]  # of the click that Typer brings along
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return [text for kind, text in FENCED.findall(page.read_text()) if kind == language]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCED.sub("", page.read_text())


def contract_of(name: str) -> ModuleType:
    """Another test file as a module."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", REPOSITORY / "tests" / "contracts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Links


def anchor(heading: str) -> str:
    """The anchor that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ +(.+?) *$", prose(page), re.MULTILINE)}


def test_anchors_are_made_as_code_hosts_make_them() -> None:
    assert anchor("A bound: `q* >= 1`, twice") == "a-bound-q--1-twice"


@EVERY_PAGE
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://")
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        assert REPOSITORY in file.parents
        assert not fragment or fragment in anchors(file), f"{page.name} links to {target}"


# Commands


def written_commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Commands `python -m bench ...` and `python -m tox ...` of a page, and whether they are written to be typed as they are."""
    typed = "\n".join(text for kind, text in FENCED.findall(page.read_text()) if kind in ("bash", ""))
    typed += "\n".join(re.findall(r"^    (.*)$", prose(page), re.MULTILINE))
    for line in typed.splitlines():
        for part in re.split(r";|&&", line.split(" #")[0]):
            found = re.search(r"python -m (?:bench|tox)\b[^\"]*(?:\"[^\"]*\"[^\"]*)*", part)
            if found:
                yield found[0].strip(), True
    for found in re.finditer(r"`(python -m (?:bench|tox)\b[^`]*)`", prose(page)):
        yield " ".join(found[1].split()), False


def parse(arguments: list[str], *, complete: bool) -> None:
    """Parse arguments of `python -m bench` without running anything.

    Raises:
        UsageError: an unknown command or option, a value of the wrong type, or (if complete) a required one missing.
    """
    group = typer.main.get_command(app)
    name, *rest = arguments
    if name not in group.commands:
        raise UsageError(f"no command {name!r}")
    try:
        with group.commands[name].make_context(name, rest) as context:
            study = context.params.get("study") if name in ("run", "report") else None
    except typer.BadParameter as error:
        if complete or type(error).__name__ != "MissingParameter":
            raise
        return
    plain = isinstance(study, str) and study.islower() and "." not in study and "/" not in study
    assert not plain or study in STUDIES, f"no study {study!r}"


@EVERY_PAGE
def test_commands_parse(page: Path) -> None:
    tox = configparser.ConfigParser()
    tox.read(REPOSITORY / "tox.ini")
    for command, complete in written_commands(page):
        words = shlex.split(command.replace("$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT", "1/2").replace("...", ""))[2:]
        try:
            if words[0] == "bench":
                if len(words) > 1:
                    parse(words[1:], complete=complete)
            elif "-e" in words:
                environment = words[words.index("-e") + 1]
                assert f"testenv:{environment}" in tox
                if environment == "bench" and "--" in words and words[-1] != "--":
                    parse(["run", *words[words.index("--") + 1 :]], complete=complete)
        except UsageError as error:
            pytest.fail(f"{page.name}: {command}: {error.format_message()}")


@pytest.mark.parametrize("command", ["paint", "run --wrokers 2", "run --workers two", "size --target 0.1"])
def test_commands_that_do_not_exist_are_noticed(command: str) -> None:
    with pytest.raises(UsageError):
        parse(command.split(), complete=True)


def test_the_pages_name_every_command() -> None:
    group = typer.main.get_command(app)
    named = {word for page in PAGES for word in re.findall(r"python -m bench (\w+)", page.read_text())}
    assert set(group.commands) <= named | {"run"}


# Names


@EVERY_PAGE
def test_every_row_of_a_table_has_as_many_cells_as_its_heading(page: Path) -> None:
    rows = [(line, re.sub(r"\\\||`[^`]*`", "", line).count("|")) for line in prose(page).splitlines()]
    columns = 0
    for line, bars in rows:
        columns = (columns or bars) if line.startswith("|") else 0
        assert not columns or bars == columns, line


def table_columns() -> dict[str, set[str]]:
    families = [*(family for name, family in FAMILIES.items() if name != "deeponet"), FAMILIES["deeponet"]]
    named = {name: kind.columns(family) for family in families for name, kind in kinds(family).items()}
    published = {
        "standings": standings.COLUMNS,
        "contributions": contributions.COLUMNS,
        "history": history.COLUMNS,
        "checks": checks.COLUMNS,
        "questions": questions.COLUMNS,
    }
    return {f"{name}.csv": set(columns) for name, columns in (named | published).items() if columns}


@EVERY_PAGE
def test_columns_that_a_paragraph_names_beside_one_table_are_columns_of_it(page: Path) -> None:
    known = table_columns()
    for paragraph in re.split(r"\n\s*\n", prose(page)):
        tables = set(re.findall(r"`(\w+\.csv)`", paragraph))
        assert tables <= set(known), f"{page.name} names {tables - set(known)}"
        if len(tables) == 1:
            named = set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", paragraph))
            assert named <= known[tables.pop()], f"{page.name}: {paragraph}"


@cache
def code() -> tuple[str, frozenset[str]]:
    """All of it, and the words in it."""
    text = "\n".join(
        path.read_text() for folder in ("operators", "results", "bench", "tests") for path in (REPOSITORY / folder).rglob("*.py")
    )
    return text, frozenset(re.findall(r"\w+", text))


@EVERY_PAGE
def test_names_in_code_voice_occur_in_the_code(page: Path) -> None:
    text, words = code()
    known = words | {path.stem for path in (REPOSITORY / "tests").rglob("*.py")}
    for name in re.findall(r"`([A-Za-z]+(?:_[A-Za-z0-9]+)+)`", prose(page)):
        composed = f"{name.rsplit('_', 1)[0]}_{{" in text  # f"floors_{offset}"
        assert name in known or composed or WITNESS_ARRAY.fullmatch(name), f"{page.name} names {name}"


@EVERY_PAGE
def test_files_in_code_voice_exist(page: Path) -> None:
    for name in re.findall(r"`((?:operators|bench|tests|docs)/[\w/]+\.(?:py|md))`", prose(page)):
        assert (REPOSITORY / name).exists() or Path(name).stem == "NAME", f"{page.name} names {name}"


# Examples


def test_the_study_of_the_readme_is_one() -> None:
    (block,) = blocks(REPOSITORY / "README.md", "python")
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)
    assert isinstance(names["STUDY"], Study)


@pytest.mark.system
def test_the_first_table_is_the_one_that_the_first_study_leaves(tmp_path: Path) -> None:
    page = REPOSITORY / "docs" / "getting-started.md"
    (block,) = blocks(page, "python")
    (tmp_path / "first.py").write_text(block)
    command = [sys.executable, "-m", "bench", "run", "first.py", "--workers", "1", "--quiet", "--no-figures"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "out" / "first"
    assert (folder / "report.html").exists()
    with (folder / "leaderboard.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["smallest"] == "q"]
    lines = [re.findall(r"[^|]+", line) for line in prose(page).splitlines() if line.startswith("|")]
    header, _, *written = [[cell.strip() for cell in line] for line in lines]
    assert [[row[name] for name in header] for row in rows] == written
    assert len(written) == 2


@pytest.fixture(scope="module")
def extended() -> dict[str, Any]:
    """The names that the blocks of docs/extending.md define, run in order as one program."""
    pinned_tensorflow(1)
    before = dict(TASKS), dict(BOUNDS)
    names: dict[str, Any] = {"__name__": "extending"}
    for number, block in enumerate(blocks(REPOSITORY / "docs" / "extending.md", "python")):
        exec(compile(block, f"extending.md, block {number}", "exec"), names)
    assert (dict(TASKS), dict(BOUNDS)) == before
    return names


def test_the_task_of_the_example_keeps_the_contract_of_every_task(
    extended: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    task = extended["TASK"]
    assert task.name not in TASKS
    contract = contract_of("test_every_task")
    monkeypatch.setitem(TASKS, task.name, task)
    promises = [promise for name, promise in vars(contract).items() if name.startswith("test_")]
    asked = [promise for promise in promises if list(inspect.signature(promise).parameters) == ["task"]]
    assert len(asked) >= 9
    for promise in asked:
        promise(task)


def test_the_bound_of_the_example_keeps_the_contract_of_every_bound(
    extended: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = extended["BOUND"]
    assert bound.name not in BOUNDS
    contract = contract_of("test_every_bound")
    monkeypatch.setitem(BOUNDS, bound.name, bound)
    contract.test_every_bound_states_name_title_status_source_and_hypotheses(bound)
    contract.test_statements_carry_what_their_bound_is_worth_and_exclude_something_or_say_that_they_do_not(bound)
    contract.test_a_bound_is_silent_where_the_setting_lacks_what_it_needs_and_asks_for_nothing_else(bound)
    contract.test_numbers_depend_on_norms_labels_and_chance_exactly_where_the_fields_say_so(bound)
    for target in (0.05, 0.3, 0.6, 0.9):
        contract.test_the_two_questions_answer_each_other(bound, target)
    assert bound.necessary(contract.setting(), 0.1).worth == "certified"
