"""Studies: built-in ones are sound, files are loaded with one clear sentence for whatever is wrong."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from repository import REPOSITORY
from typer.testing import CliRunner

from bench.catalogue import STUDIES
from bench.cell import Cell, Net
from bench.cli.app import app
from bench.study import load_study
from operators import UserError

HEADER = "from bench.cell import *\nfrom bench.study import Study\nfrom results.records.manifest import Target\n"
GOOD = (
    HEADER
    + 'STUDY = Study(name="mine", question="why", targets=(Target(kind="relative", value=0.1),),'
    + ' cells=[Cell(task="antiderivative", functions=8, points=8, replicate=r) for r in range(2)])\n'
)


@pytest.mark.parametrize("name", STUDIES)
def test_built_in_studies_load_with_a_question_and_distinct_cells(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert len(study.question) > 40
    assert len(study.keyed) == len(list(study.cells))


@pytest.mark.parametrize("name", STUDIES)
def test_the_listing_says_of_each_study_what_the_study_says(name: str) -> None:
    study = load_study(name)
    searched = sum(question.trainings for question in study.brackets)
    searched += sum(series.trainings * len(series.shapes) for series in study.thresholds)
    assert STUDIES[name].cells == len(study.keyed) + searched
    assert STUDIES[name].question() == study.question


def test_smoke_holds_what_it_promises() -> None:
    cells = list(load_study("smoke").cells)
    assert {"burgers", "darcy", "advection", "advection-diffusion-reaction"} <= {cell.task for cell in cells}
    assert {0, 1} <= {cell.replicate for cell in cells}
    noisy = [cell for cell in cells if cell.noise.law != "none"]
    per_task = Counter(cell.task for cell in noisy)
    for task in per_task:
        mine = [cell for cell in noisy if cell.task == task]
        assert len({cell.architecture.q for cell in mine}) >= 4
        assert len({cell.n for cell in mine}) >= 4


def test_a_study_file_is_plain_python(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    assert [cell.replicate for cell in load_study(str(path)).cells] == [0, 1]


def test_a_study_file_imports_the_modules_beside_it_and_each_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = list(sys.path)
    for name, count in (("first", 2), ("second", 3)):
        folder = tmp_path / name
        (folder / "shapes").mkdir(parents=True)
        (folder / "shapes" / "__init__.py").write_text("from shapes.counts import COUNT\n")
        (folder / "shapes" / "counts.py").write_text(f"COUNT = {count}\n")
        (folder / "mine.py").write_text(
            GOOD.replace("range(2)", "range(shapes.COUNT)").replace(HEADER, HEADER + "import shapes\n")
        )
        monkeypatch.chdir(tmp_path)
        for written in (f"{name}/mine.py", str(folder / "mine.py")):
            assert len(load_study(written).cells) == count
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "second" / "mine.py")
    assert len(load_study("link.py").cells) == 3
    assert sys.path == path
    assert not {"shapes", "shapes.counts"} & set(sys.modules)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STUDY = (", "line 1: SyntaxError"),
        ("import nothing_of_this_name\n", "line 1: ModuleNotFoundError"),
        ("x = 1\ny = 1 / 0\n", "line 2: ZeroDivisionError"),
        ("raise SystemExit(3)\n", "line 1: SystemExit"),
        ("x = 1\n", "to define STUDY"),
        ("STUDY = 3\n", "to define STUDY"),
        (HEADER + 'Cell(task="burgerz", functions=8, points=8)\n', "line 4: cell: .*expected a task among"),
        (HEADER + 'Cell(task="burgers", functions=8, points=8, architecture=Net(q=0))\n', "line 4: q: "),
        (GOOD.replace('"mine"', '"../mine"'), "expected a study name"),
        (GOOD.replace("range(2)", "range(0)"), "at least one cell"),
        (GOOD.replace("replicate=r", "replicate=0"), "to differ, got 1 twice"),
        (GOOD.replace("replicate=r", 'training=Training(steps=1, engine="abacus")'), "expected an engine among"),
        (GOOD.replace("replicate=r", 'replicate=r, training=Training(steps=1, recipe="magic")'), "expected a recipe among"),
        ("\0", "SyntaxError|ValueError"),
    ],
)
def test_a_broken_study_file_gets_one_sentence(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(UserError, match=expected) as caught:
        load_study(str(path))
    assert "\n" not in str(caught.value)


def asking(text: str) -> str:
    """A study file whose fifth line holds what is tried."""
    return HEADER + "from bench.question import Question\n" + text + "\n"


CELL = 'Cell(task="antiderivative", functions=8, points=8{more})'
BRACKET = "Question(template=" + CELL + ', target=Target(kind="{kind}", value=0.5){rest})'


def of_cells(**fields: str) -> str:
    given = "".join(f", {name}={value}" for name, value in fields.items())
    return asking(f'STUDY = Study(name="mine", question="why", cells=[{CELL.format(more="")}]{given})')


def of_brackets(*brackets: str) -> str:
    return asking(f'STUDY = Study(name="mine", question="why", brackets=({", ".join(brackets)},))')


def bracket(*, more: str = "", kind: str = "relative", rest: str = "") -> str:
    return BRACKET.format(more=more, kind=kind, rest=rest)


COPY = CELL.format(more="") + ".model_copy(update={})"


def of_copy(update: str) -> str:
    return of_cells(targets="()").replace(CELL.format(more=""), COPY.format(update))


NOISY = ', noise=Noise(law="rademacher", sigma={})'
OUT_OF_RANGE = {
    "target of 1e-17": (
        of_cells(targets='(Target(kind="absorb", value=1e-17),)'),
        "value: .*greater than or equal to 0.000000000001",
    ),
    "target of 0": (of_cells(targets='(Target(kind="relative", value=0.0),)'), "value: "),
    "target of 1": (of_cells(targets='(Target(kind="absorb", value=1.0),)'), "value: .*less than 1"),
    "target of 2": (of_cells(targets='(Target(kind="relative", value=2.0),)'), "value: .*less than 1"),
    "target NaN": (of_cells(targets='(Target(kind="relative", value=float("nan")),)'), "value: "),
    "target of no kind": (of_cells(targets='(Target(kind="absorbed", value=0.5),)'), "kind: "),
    "target twice": (of_cells(targets='(Target(kind="relative", value=0.5),) * 2'), "targets: .*number 2 twice"),
    "ray NaN": (of_cells(rays='(2.0, float("nan"))'), "rays: .*got nan"),
    "ray inf": (of_cells(rays='(float("inf"),)'), "rays: .*got inf"),
    "ray of 0": (of_cells(rays="(0.0,)"), "rays: .*alpha > 0"),
    "negative ray": (of_cells(rays="(1.0, -2.0)"), "rays: .*got -2.0"),
    "ray twice": (of_cells(rays="(1.0, 2.0, 1.0)"), "rays: .*number 3 twice"),
    "sigma of 0": (asking(CELL.format(more=NOISY.format("0.0"))), "cell: .*1e-12 <= sigma"),
    "sigma lost": (asking(CELL.format(more=NOISY.format("1e-300"))), "cell: .*1e-12 <= sigma"),
    "sigma huge": (asking(CELL.format(more=NOISY.format("1e200"))), "cell: .*1e-12 <= sigma"),
    "sigma NaN": (asking(CELL.format(more=NOISY.format('float("nan")'))), "sigma: "),
    "negative sigma": (asking(CELL.format(more=NOISY.format("-1.0"))), "sigma: "),
    "no functions": (asking(CELL.format(more="").replace("functions=8", "functions=0")), "functions: "),
    "no restarts": (of_brackets(bracket(rest=", restarts=0")), "restarts: .*>= 1, got 0"),
    "no trainings": (of_brackets(bracket(rest=", trainings=-1")), "trainings: .*>= 1, got -1"),
    "no width": (of_brackets(bracket(rest=", width=0")), "width: .*>= 1, got 0"),
    "q of 0": (of_brackets(bracket(rest=", q=0")), " q: .*>= 1, got 0"),
    "target without a comma": (of_cells(targets='(Target(kind="absorb", value=0.5))'), "targets: .*one has a comma"),
    "text as targets": (of_cells(targets='"absorb"'), "targets: expected a tuple of targets, got 'absorb'"),
    "text as a target": (of_cells(targets='("absorb",)'), "targets: expected targets, got number 1 = 'absorb'"),
    "text as a ray": (of_cells(rays='("1",)'), "rays: expected numbers, got number 1 = '1'"),
    "one ray": (of_cells(rays="1.0"), "rays: .*one has a comma"),
    "target as a cell": (
        of_cells(targets="()").replace("cells=[", 'cells=[Target(kind="absorb", value=0.5), '),
        "cells: .*number 1",
    ),
    "no question": (of_cells(targets="()").replace('question="why"', "question=7"), "question: expected text, got 7"),
    "text as brackets": (asking('STUDY = Study(name="mine", question="why", brackets=("x",))'), "brackets: .*number 1 = 'x'"),
    "q beyond an int64": (asking(CELL.format(more=", architecture=Net(q=10**19)")), "cell: .*q of at most .*, got 1000"),
    "width beyond memory": (asking(CELL.format(more=", architecture=Net(branch_widths=(2**40,))")), "branch_widths of at most"),
    "functions beyond an int64": (asking(CELL.format(more="").replace("functions=8", "functions=2**64")), "functions: "),
    "steps beyond an int64": (asking(CELL.format(more=", training=Training(steps=10**30)")), "steps: "),
    "replicate beyond an int64": (asking(CELL.format(more=", replicate=2**63")), "replicate: "),
    "copy with text": (of_copy('{"functions": "eight"}'), "cells: number 1: functions: "),
    "copy of no functions": (of_copy('{"functions": -8}'), "cells: number 1: functions: "),
    "copy with half a function": (of_copy('{"functions": 8.5}'), "cells: number 1: functions: "),
    "copy with another field": (of_copy('{"q": 3}'), "cells: number 1: expected the fields of a cell, got 'q'"),
    "copy with a net of no width": (
        of_copy('{"architecture": Net().model_copy(update={"trunk_widths": (0,)})}'),
        "cells: number 1: ",
    ),
    "template copied": (
        of_brackets(bracket(more="").replace(CELL.format(more=""), COPY.format('{"points": 0}'))),
        "template: points: ",
    ),
    "no target": (
        of_brackets(bracket().replace('Target(kind="relative", value=0.5)', "0.5")),
        "target: expected a Target, got 0.5",
    ),
    "width no witness can state": (of_brackets(bracket(rest=", width=10**4")), "branch_widths from 1 to 8192"),
    "scaling no witness can state": (
        of_brackets(bracket(more=', training=Training(steps=1, output_scaling="pointwise")')),
        "what a witness can state, got outputs",
    ),
    "half a q": (of_brackets(bracket(rest=", largest_q=2.5")), "largest_q: .*got 2.5"),
    "class of nets": (of_brackets(bracket(rest=', net_class="loose"')), "net_class: .*'loose'"),
    "no noise to absorb": (of_brackets(bracket(kind="absorb")), "target: expected noise"),
    "question twice": (of_brackets(bracket(), bracket()), "brackets: .*number 2 twice"),
}


def test_copies_with_right_values_are_cells_in_their_types(tmp_path: Path) -> None:
    """The key is that of the cell that was meant."""
    path = tmp_path / "copied.py"
    path.write_text(of_copy('{"functions": 9.0, "architecture": {"q": 3}}'))
    (cell,) = load_study(str(path)).cells
    assert cell == Cell(task="antiderivative", functions=9, points=8, architecture=Net(q=3))
    assert type(cell.functions) is int


@pytest.mark.parametrize(("text", "expected"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_what_lies_out_of_range_is_refused_on_reading_with_line_and_field(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(text)
    with pytest.raises(UserError, match=f"line 5: .*{expected}") as caught:
        load_study(str(path))
    assert "\n" not in str(caught.value)


def test_a_target_out_of_range_ends_the_dry_run_with_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    """It used to divide by zero after all the training."""
    path = tmp_path / "wrong.py"
    path.write_text(OUT_OF_RANGE["target of 1e-17"][0])
    command = [sys.executable, "-m", "bench", "run", str(path), "--dry-run", "--out", str(tmp_path / "out")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    assert "line 5: value: " in run.stderr


def test_unknown_names_and_missing_files_say_what_exists() -> None:
    with pytest.raises(UserError, match=r"expected a study among .*smoke"):
        load_study("smok")
    with pytest.raises(UserError, match="found none"):
        load_study("nowhere.py")


STUDY_FILE = """
from bench import Cell, Net, Study, Target, Training

STUDY = Study(
    name="edited",
    question="{question}",
    cells=[
        Cell(task="antiderivative", functions=8, points=8, architecture=Net(branch_widths=(8,), trunk_widths=(8,), q=q),
             training=Training(steps=5))
        for q in (1, 2)
    ],
    targets=(Target(kind="relative", value={value}),),
)
"""


@pytest.mark.parametrize("command", ["run", "report"])
def test_targets_and_question_edited_after_the_run_reach_the_tables(tmp_path: Path, command: str) -> None:
    """The run used to say that there was nothing to do, and the report read the old study."""
    file, out = tmp_path / "edited.py", tmp_path / "out"
    file.write_text(STUDY_FILE.format(question="Which q?", value=0.5))
    executor = ["--executor", "inline", "--quiet", "--no-figures"]
    assert CliRunner().invoke(app, ["run", str(file), "--out", str(out), *executor]).exit_code == 0
    assert set(pd.read_csv(out / "edited" / "scaling.csv")["target"]) == {"relative error 0.5"}
    file.write_text(STUDY_FILE.format(question="Which smaller q?", value=0.25))
    again = CliRunner().invoke(
        app, [command, str(file), "--out", str(out), *(executor if command == "run" else ["--no-figures"])]
    )
    assert again.exit_code == 0, again.output
    assert "nothing to do" not in again.output
    assert set(pd.read_csv(out / "edited" / "scaling.csv")["target"]) == {"relative error 0.25"}
    assert "Which smaller q?" in (out / "edited" / "report.md").read_text()
    third = CliRunner().invoke(app, ["run", str(file), "--out", str(out), *executor])
    assert "nothing to do" in third.output
