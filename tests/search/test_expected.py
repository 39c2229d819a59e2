"""How many trainings a search is expected to take: against two recorded runs, and against what can be counted by hand."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cell import Cell, Net, Noise, Training
from bench.cli.app import app
from bench.drivers.options import Options
from bench.drivers.study_run import open_course
from bench.question import Question
from bench.search.expected import expected_rank, expected_trainings
from bench.studies.brackets import NET, TASKS
from bench.study import Study, cell_key, expected_cell, load_study
from results.records.manifest import Target, save_manifest

RECORDED = {"frontier": (1167, 1562.0), "brackets": (1873, 1144.0)}  # trainings and CPU seconds of one run each
FIRST_TASKS, LATER_TARGET = tuple(TASKS)[:8], 0.02
QUESTION = Question(
    template=Cell(
        task="antiderivative",
        functions=48,
        points=48,
        noise=Noise(law="rademacher", sigma=1.0),
        architecture=Net(branch_widths=(8,), trunk_widths=(8,), ends="linear"),
        training=Training(steps=1),
    ),
    target=Target(kind="absorb", value=0.5),
    width=64,
    net_class="tied",
)


def study_as_run(name: str) -> Study:
    """The study as it was when it was run: `brackets` had eight operators, two targets and no sigmoid ends."""
    study = load_study(name)
    if name != "brackets":
        return study
    asked = [q for q in study.brackets if q.template.task in FIRST_TASKS and q.target.value != LATER_TARGET and q.net == NET]
    return replace(study, brackets=tuple(asked))


@pytest.mark.parametrize("name", RECORDED)
def test_trainings_and_cpu_seconds_are_within_a_factor_of_two_of_a_recorded_run(name: str, tmp_path: Path) -> None:
    course = open_course(study_as_run(name), Options(tmp_path))
    trainings, seconds = RECORDED[name]
    assert trainings / 2 < course.estimate.cells < 2 * trainings
    assert seconds / 2 < sum(course.estimate.cpu_seconds) < 2 * seconds
    assert course.estimate.cells <= course.plan.cells
    assert max(seconds, sum(course.estimate.cpu_seconds)) <= sum(course.plan.cpu_seconds)


@pytest.mark.parametrize("name", RECORDED)
def test_no_search_is_expected_to_take_more_than_its_budget_or_to_ask_twice(name: str) -> None:
    for question in load_study(name).brackets[::5]:
        asked = [cell.model_dump_json() for cell in expected_trainings(question)]
        assert len(set(asked)) == len(asked) <= question.trainings


def test_a_q_below_the_rank_that_noise_alone_asks_for_costs_nothing() -> None:
    """The fraction (pi / 2 - 1) / pi = .1817 of the ranks of a square grid absorbs half of the noise: 8.7 of 48."""
    assert expected_rank(QUESTION) == 9
    assert expected_trainings(replace(QUESTION, q=8)) == []
    assert expected_trainings(replace(QUESTION, q=9))


def test_off_the_grid_every_q_is_open_and_the_widths_are_bisected_from_64_to_the_count_of_parameters() -> None:
    """D = 64 first; then 32, 16, 8, ... until the interval is a sixteenth; each miss is tried twice."""
    triples = QUESTION.template.model_copy(update={"design": "triples", "functions": 256, "points": 1})
    question = replace(QUESTION, template=triples, q=1)
    assert expected_rank(question) == 1
    asked = [(cell.architecture.branch_widths[0], cell.restart) for cell in expected_trainings(question)]
    needed = 0.5 * 256 / 1.2

    def reaches(width: int) -> bool:
        return question.deeponet(question.resized(1, (width, width))).effective_parameter_count() >= needed

    assert asked[0] == (64, 0)
    assert asked[1][0] == 32
    for width, restart in asked:
        assert restart == 0 or not reaches(width)
    assert len(asked) == len(dict(asked)) + sum(not reaches(width) for width in dict(asked))


def test_the_dry_run_prints_the_estimate_beside_the_upper_bound(tmp_path: Path) -> None:
    command = ["run", "frontier", "--dry-run", "--out", str(tmp_path), "--workers", "2"]
    text = " ".join(CliRunner().invoke(app, command).output.split())
    facts = json.loads(CliRunner().invoke(app, [*command, "--json"]).output)
    assert facts["cells"] == 7920
    assert facts["expected_pending"] == facts["expected_cells"] < 2 * RECORDED["frontier"][0]
    assert facts["expected_cpu_hours"] < facts["cpu_hours"]
    assert facts["expected_wall_hours"] < facts["wall_hours"]
    assert f"about {facts['expected_cells']:,} trainings, at most 7,920" in text
    assert facts["assumed"] in text
    assert "law of large grids" in facts["assumed"]


def test_finished_searches_and_trainings_that_were_tried_are_no_longer_expected(tmp_path: Path) -> None:
    study = replace(load_study("brackets"), brackets=load_study("brackets").brackets[:2])
    course = open_course(study, Options(tmp_path))
    whole = course.estimate
    assert whole.pending == whole.cells
    list(course.pending())
    manifest = course.manifest()
    first, second = manifest.brackets
    cells = tuple(expected_cell(cell_key(cell), cell) for cell in expected_trainings(study.brackets[1])[:3])
    begun = second.model_copy(update={"tried": tuple(one.key for one in cells)})
    done = first.model_copy(update={"finished": True})
    tried = {one.key: one for one in (*manifest.expected, *cells)}
    save_manifest(course.folder, manifest.model_copy(update={"brackets": (done, begun), "expected": tuple(tried.values())}))
    left = open_course(study, Options(tmp_path)).estimate
    assert left.cells == whole.cells
    assert left.pending == len(expected_trainings(study.brackets[1])) - 3
