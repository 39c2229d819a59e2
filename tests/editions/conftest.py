"""A small bracket study, run once and published once."""

import datetime
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from bench.cell import Cell, Net, Noise, Training
from bench.drivers.options import Options
from bench.drivers.study_run import open_course, run
from bench.question import Question
from bench.study import Study
from results.editions.publish import Trained, publish
from results.records.manifest import Target

TODAY = datetime.date(2026, 11, 26)
TRAINED = Trained(commit="a" * 40, lock="b" * 64, command="python -m tox -e bench -- small", study_file=b"STUDY = None\n")


def asked(noise: Noise, target: Target, replicate: int = 0) -> Question:
    cell = Cell(
        task="antiderivative",
        functions=12,
        points=12,
        noise=noise,
        architecture=Net(branch_widths=(6,), trunk_widths=(6,)),
        training=Training(steps=200, learning_rate=2e-2),
        replicate=replicate,
    )
    return Question(template=cell, target=target, width=12, restarts=1, trainings=4)


CLEAN = asked(Noise(), Target(kind="relative", value=0.05))
NOISY = asked(Noise(law="rademacher", sigma=0.5), Target(kind="absorb", value=0.3))


def small(*questions: Question) -> Study:
    return Study(
        name="small", question="Do they meet?", targets=tuple(dict.fromkeys(one.target for one in questions)), brackets=questions
    )


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the study, run once."""
    out = tmp_path_factory.mktemp("out")
    options = Options(out, workers=1, quiet=True, executor="inline", figures=False)
    run(open_course(small(CLEAN, NOISY), options), options, Console(quiet=True))
    return out / "small"


@pytest.fixture(scope="session")
def first(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference with the first edition of it."""
    reference = tmp_path_factory.mktemp("reference")
    publish(source, reference, TRAINED, number=1, today=TODAY)
    return reference


@pytest.fixture
def reference(first: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(first, tmp_path / "reference")
