"""The same bits from every executor, number of workers, shard and resumption; several drivers work on one store."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from bench.cell import Cell, Net, Noise, Training
from bench.drivers.options import Options
from bench.drivers.progress import RunProgress
from bench.drivers.shard import WHOLE, Shard
from bench.drivers.study_run import open_course, run
from bench.execution.executors import Limits, Resources, Tasks
from bench.execution.executors.dask import on_this_machine
from bench.question import Question
from bench.size_schedules import tied
from bench.study import Study, cell_key
from bench.threshold_series import ThresholdSeries
from operators.errors import UserError
from results.families.sci import Cell as Section
from results.records.manifest import Target
from results.records.store import Store
from results.report.write import write_tables

pytestmark = pytest.mark.system

TARGETS = (Target(kind="relative", value=0.1), Target(kind="absorb", value=0.2))
STUDY = Study(
    name="same",
    question="Does it matter where a cell runs?",
    cells=[Section(n=n, re=n / 10) for n in range(20, 44, 2)],
)
CELL = Cell(
    task="antiderivative",
    functions=20,
    points=20,
    architecture=Net(branch_widths=(6,), trunk_widths=(6,), q=1),
    training=Training(steps=200),
)
QUESTION = Question(
    template=CELL,
    target=TARGETS[0],
    width=16,
    restarts=1,
    trainings=6,
)
BRACKETS = Study(
    name="same-brackets",
    question="Does it matter where a search runs?",
    targets=(TARGETS[0], Target(kind="relative", value=0.05)),
    brackets=(QUESTION, replace(QUESTION, target=Target(kind="relative", value=0.05))),
)
NOISY = CELL.model_copy(update={"noise": Noise(law="rademacher", sigma=1.0), "architecture": tied(1)})
THRESHOLDS = Study(
    name="same-thresholds",
    question="Does it matter where thresholds are sought?",
    targets=(TARGETS[1],),
    thresholds=(ThresholdSeries(template=NOISY, shapes=((8, 8), (20, 20)), target=TARGETS[1]),),
)
QUIET = Console(quiet=True)


def drive(study: Study, out: Path, *, shard: Shard = WHOLE, **options: Any) -> None:
    finished = run(open_course(study, asked := Options(out, quiet=True, figures=False, **options), shard=shard), asked, QUIET)
    assert finished.failed == 0


def without_timing(path: Path) -> str:
    """A table without CPU seconds."""
    table = pd.read_csv(path)
    timed = [name for name in table if re.search("cpu_seconds", name)]
    return hashlib.sha256(table.drop(columns=timed).to_csv().encode()).hexdigest()


def facts(out: Path, study: Study = STUDY) -> tuple[dict[str, Any], dict[str, str]]:
    """Every record apart from timing and host, and the hash of every table."""
    records = {
        record.key: record.model_dump(exclude={"cost", "host", "finished"}) for record in Store(out / study.name).records()
    }
    tables = {path.name: without_timing(path) for path in (out / study.name).glob("*.csv")}
    assert ({"cells.csv", "sci.csv"} if study.cells else {"scaling.csv", "leaderboard.csv"}) <= set(tables)
    assert not study.thresholds or {"searches.csv", "search_exponents.csv"} <= set(tables)
    return records, tables


def lines(folder: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in folder.glob("records/*.jsonl"))


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study on one local worker, without interruption."""
    out = tmp_path_factory.mktemp("one-worker")
    drive(STUDY, out, workers=1)
    return out


@pytest.mark.parametrize("options", [{"executor": "local", "workers": 2}, {"executor": "dask", "workers": 2}])
def test_records_and_tables_do_not_depend_on_executor_or_workers(
    one_worker: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    drive(STUDY, tmp_path, **options)
    assert facts(tmp_path) == facts(one_worker)


def test_shards_run_every_cell_once_and_their_tables_are_those_of_the_whole(one_worker: Path, tmp_path: Path) -> None:
    for index in (2, 1):
        drive(STUDY, tmp_path, shard=Shard(index, 2), workers=1)
        assert not (tmp_path / "same" / "sci.csv").exists()
    assert len(list((tmp_path / "same" / "records").glob("*.jsonl"))) == 2
    assert lines(tmp_path / "same") == len(STUDY.keyed)
    write_tables(tmp_path / "same", figures=False)
    assert facts(tmp_path) == facts(one_worker)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_a_partition_that_what_has_run_does_not_change(one_worker: Path, tmp_path: Path, count: int) -> None:
    def keys(out: Path, index: int) -> list[str]:
        return [cell_key(cell) for cell in open_course(STUDY, Options(out), shard=Shard(index, count)).cells]

    parts = [keys(tmp_path, index) for index in range(1, count + 1)]
    assert sorted(key for part in parts for key in part) == sorted(STUDY.keyed)
    assert parts == [keys(one_worker, index) for index in range(1, count + 1)]
    assert not any(
        open_course(STUDY, Options(one_worker), shard=Shard(index, count)).unfinished_cells for index in range(1, count + 1)
    )


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/2/3", "a/b", "-1/2", "1/0", ""])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"expected --shard i/N with 1 <= i <= N"):
        Shard.parse(text)


def interrupt_after(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something when the first record has been counted."""
    count, done = RunProgress.record, []

    def counted(self: RunProgress, *arguments: Any) -> None:
        count(self, *arguments)
        if not done:
            done.append(True)
            act()

    monkeypatch.setattr(RunProgress, "record", counted)


def test_a_run_stopped_at_its_first_record_and_resumed_is_the_same(
    one_worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        interrupt_after(patch, stop)
        with pytest.raises(KeyboardInterrupt):
            drive(STUDY, tmp_path, workers=1)
    assert 0 < lines(tmp_path / "same") < len(STUDY.keyed)
    drive(STUDY, tmp_path, workers=2)
    assert lines(tmp_path / "same") == len(STUDY.keyed)
    assert facts(tmp_path) == facts(one_worker)


def test_a_cell_finished_by_another_driver_is_seen_before_the_next_group(
    one_worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first of two groups is run, of eight cells or of four, another driver's file with all twelve records appears."""

    def another_finishes_all() -> None:
        for path in (one_worker / "same" / "records").glob("*.jsonl"):
            shutil.copy(path, tmp_path / "same" / "records")

    interrupt_after(monkeypatch, another_finishes_all)
    drive(STUDY, tmp_path, workers=1)
    assert lines(tmp_path / "same") - len(STUDY.keyed) in (4, 8)
    assert facts(tmp_path) == facts(one_worker)


def test_progress_counts_what_other_drivers_finished() -> None:
    progress = RunProgress(QUIET, [1.0, 1.0])
    progress.elsewhere(1.0)
    assert progress.counts() == "1 finished elsewhere"
    assert progress.left() != "time left unknown"


def test_two_drivers_seldom_take_the_same_group_and_between_them_leave_none() -> None:
    groups = [(CELL.model_copy(update={"replicate": number}),) for number in range(300)]
    one, other = Tasks(groups), Tasks(groups)
    taken = [(one.take()[0].replicate, other.take()[0].replicate) for _ in range(300)]
    assert sum(first == second for first, second in taken) < 150
    assert sorted(first for first, _ in taken) == sorted(second for _, second in taken) == list(range(300))
    assert one.take() == ()


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both kinds of search on one local worker."""
    out = tmp_path_factory.mktemp("searched")
    for study in (BRACKETS, THRESHOLDS):
        drive(study, out, workers=1)
    return out


@pytest.mark.parametrize("study", [BRACKETS, THRESHOLDS], ids=lambda study: study.name)
def test_searches_in_shards_give_the_tables_of_the_whole(searched: Path, tmp_path: Path, study: Study) -> None:
    for index in (1, 2):
        drive(study, tmp_path, shard=Shard(index, 2), workers=1)
    drive(study, tmp_path, workers=1)
    assert facts(tmp_path, study) == facts(searched, study)


def test_a_search_takes_up_what_another_driver_has_found(searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first training everything another driver found appears; nothing else is trained."""
    from bench.drivers.bracket_run import BracketCourse

    take, taken = BracketCourse.advance, []

    def taking(self: BracketCourse, outcome: Any) -> Any:
        answered = take(self, outcome)
        if not taken:
            shutil.copytree(searched / BRACKETS.name, tmp_path / BRACKETS.name, dirs_exist_ok=True)
        taken.append(outcome.record.key)
        return answered

    monkeypatch.setattr(BracketCourse, "advance", taking)
    drive(BRACKETS, tmp_path, workers=1)
    assert len(taken) == 1
    sizes = ["target", "q_lower", "q_upper", "d_lower", "d_upper", "trainings", "search"]
    ours, theirs = (pd.read_csv(out / BRACKETS.name / "brackets.csv")[sizes] for out in (tmp_path, searched))
    pd.testing.assert_frame_equal(ours, theirs)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask scheduler with two workers."""
    with closing(on_this_machine(Resources(Limits(None), workers=2))) as cluster:
        yield cluster.scheduler_address


@pytest.mark.parametrize("study", [BRACKETS, THRESHOLDS], ids=lambda study: study.name)
def test_a_search_on_dask_gives_the_tables_of_local(searched: Path, scheduler: str, tmp_path: Path, study: Study) -> None:
    drive(study, tmp_path, executor="dask", scheduler=scheduler)
    assert facts(tmp_path, study) == facts(searched, study)
