"""Reference lines of a study: measured once per data set, kept among its records, published with it, and made again."""

import datetime
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from rich.console import Console

from bench.cell import Cell, Net, Noise, Training
from bench.data_sets import DataSet, data_sets
from bench.drivers.options import Options
from bench.drivers.reproduction import Sampling, reproduce_study
from bench.drivers.shard import Shard
from bench.drivers.standing import standing
from bench.drivers.study_run import open_course, run
from bench.families.baselines.execution import rounded
from bench.preset import Preset
from bench.question import Question
from bench.study import Study
from operators.baselines import BASELINES, Sample
from operators.data.dataset import build
from operators.errors import UserError
from results.editions.publish import Trained, publish
from results.families import FAMILIES
from results.families.baselines import Line, Measured
from results.records.manifest import Target, load_manifest
from results.records.store import Store
from results.tables.csv_files import read_csv

CELLS = [
    Cell(
        task="antiderivative",
        functions=functions,
        points=12,
        architecture=Net(branch_widths=(4,), trunk_widths=(4,), q=q),
        training=Training(steps=20),
    )
    for functions in (12, 14)
    for q in (1, 2)
]
STUDY = Study(
    name="lined",
    question="What does regression reach?",
    cells=CELLS,
    baselines=data_sets(CELLS),
    presets={"smoke": Preset("N = 12", lambda cell: cell.functions == 12)},
)
TRAINED = Trained(commit="a" * 40, lock="b" * 64, command="python -m tox -e bench -- lined")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the study, run once without its lines, then with them."""
    out = tmp_path_factory.mktemp("out")
    options = Options(out, executor="inline", quiet=True)
    bare = Study(name=STUDY.name, question=STUDY.question, cells=CELLS)
    run(open_course(bare, options), options, Console(quiet=True))
    assert not (out / "lined" / "baselines.csv").exists()
    course = open_course(STUDY, options)
    assert [cell.family for cell in course.unfinished_cells] == ["baselines"] * 2
    assert run(course, options, Console(quiet=True)).failed == 0
    return out / "lined"


def test_the_lines_of_a_data_set_are_measured_once_for_all_of_its_nets(folder: Path) -> None:
    assert not open_course(STUDY, Options(folder.parent)).unfinished_cells
    records = [record for record in Store(folder).records() if record.family == "baselines"]
    assert sorted(record.cell["functions"] for record in records) == [12, 14]
    told = standing(folder)
    assert (told["expected"], told["missing"], told["done"]) == (6, 0, 6)


def test_the_record_holds_what_the_methods_give_on_the_data_of_the_nets(folder: Path) -> None:
    record = next(one for one in Store(folder).records() if one.family == "baselines" and one.cell["functions"] == 14)
    data = build(CELLS[-1].request())
    sample = Sample(data.inputs, data.labels, data.test_inputs, data.test_outputs)
    assert isinstance(record.measured, Measured)
    assert set(record.measured.lines) == set(BASELINES)
    for name, baseline in BASELINES.items():
        found = baseline.measure(sample)
        line = record.measured.lines[name]
        assert line.q == found.q
        np.testing.assert_allclose(line.test_relative, found.test_relative, rtol=1e-5, atol=1e-12)


def test_tables_page_and_scaling_show_them(folder: Path) -> None:
    assert {"ridge", "kernel", "mean"} <= {*read_csv(folder / "baselines.csv")["line"]}
    assert "linear_map_test" in read_csv(folder / "scaling.csv")
    assert "`linear_map_test`" in (folder / "columns.md").read_text()
    page, report = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert "Beside regression on the same data" in page
    assert "the linear map (ridge regression)" in report
    assert (folder / "figures" / "baselines-antiderivative.svg").exists()


def test_what_is_published_gives_its_tables_from_its_records_alone_and_its_lines_again(folder: Path, tmp_path: Path) -> None:
    study = publish(folder, tmp_path / "reference", TRAINED, number=1, today=datetime.date(2026, 11, 26))
    moved = shutil.move(folder, tmp_path / "away")
    try:
        assert study.changed() == []
        assert study.misstated() == []
        assert (study.edition.records, study.edition.recipes["baselines"]) == (6, 1)
        assert study.manifest().baselines == load_manifest(tmp_path / "away").baselines
        findings = list(reproduce_study(study, Sampling(one_in=1, cpu_seconds=None, seed=0)))
        assert all(finding.holds for finding in findings)
        assert "6 of 6 records" in findings[-1].text
        assert "4 trainings and the reference lines of 2 data sets" in (tmp_path / "reference" / "findings.md").read_text()
    finally:
        shutil.move(moved, folder)


def test_shards_and_presets_share_the_data_sets_out() -> None:
    whole = Options(Path("nowhere"))
    parts = [open_course(STUDY, whole, shard=Shard(part, 2)).cells for part in (1, 2)]
    assert sorted(len(part) for part in parts) == [2, 4] or sorted(len(part) for part in parts) == [3, 3]
    assert sum(cell.family == "baselines" for part in parts for cell in part) == 2
    small = STUDY.at("smoke")
    assert [one.functions for one in small.baselines] == [12]
    assert small.manifest().part_of(STUDY.manifest())


def test_data_sets_are_those_of_grids_each_once() -> None:
    scattered = CELLS[0].model_copy(update={"design": "scattered"})
    noisy = CELLS[0].model_copy(update={"noise": Noise(law="rademacher", sigma=0.5)})
    found = data_sets([*CELLS, scattered, noisy])
    assert [(one.functions, one.noise.law) for one in found] == [(12, "none"), (14, "none"), (12, "rademacher")]
    assert found[0].request() == CELLS[0].request()


def test_what_is_no_data_set_is_refused() -> None:
    with pytest.raises(UserError, match="expected data sets, got number 1"):
        Study(name="lined", question="?", cells=CELLS, baselines=(CELLS[0],))
    with pytest.raises(UserError, match="expected each one once"):
        Study(name="lined", question="?", cells=CELLS, baselines=data_sets(CELLS) * 2)
    with pytest.raises(ValidationError, match="expected 1 <= M <= 100 query points"):
        DataSet(task="antiderivative", functions=4, points=101)
    question = Question(template=CELLS[0], target=Target(kind="relative", value=0.5))
    with pytest.raises(UserError, match="leave the baselines out"):
        Study(name="lined", question="?", brackets=(question,), baselines=data_sets(CELLS))


def test_machines_agree_where_errors_do_and_where_both_are_rounding() -> None:
    def measured(*errors: float) -> Measured:
        values = dict.fromkeys(("relative", "relative_mean", "test_relative", "test_relative_mean"), errors)
        return Measured(lines={"ridge": Line(**values)})

    agree = FAMILIES["baselines"].agree
    assert agree(measured(0.2, 1e-9), measured(0.201, 3e-8), 0.1)
    assert not agree(measured(0.2), measured(0.25), 0.1)
    assert not agree(measured(0.2), measured(0.2, 0.1), 0.1)
    assert agree(measured(3e-3), measured(6e-4), 0.1)  # modes that are nearly degenerate
    assert not agree(measured(6e-3), measured(1e-9), 0.1)
    assert rounded(np.array([0.123456789, 3e-13])) == (0.123457, 0.0)
