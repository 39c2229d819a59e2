"""Tables of searches: three words kept apart, two exponents, one law for all thresholds, where bounds begin to exclude."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.cell import Cell, Noise, Training
from bench.drivers.options import Options
from bench.drivers.study_run import open_course
from bench.execution.runner import Runner
from bench.size_schedules import tied
from bench.study import Study
from bench.threshold_series import ThresholdSeries
from operators.bounds.eckart_young import floors_of_deeponet
from operators.data.dataset import build
from operators.data.normalisation import scaled
from results.answers import answers
from results.records.manifest import Target, load_manifest, save_manifest
from results.records.store import Store
from results.tables.joint_law import joint_law
from results.tables.least_n import MOST_N, growing, least
from results.tables.search_exponents import CERTIFIED, OPTIMISER, search_exponents
from results.tables.searches import RESOLVED
from results.tables.study_tables import StudyTables, study_tables

TARGET = Target(kind="absorb", value=0.3)
TEMPLATE = Cell(
    task="antiderivative",
    parameters={"sensor_count": 8, "point_count": 40},
    functions=8,
    points=8,
    test_functions=1,
    noise=Noise(law="rademacher", sigma=1.0),
    architecture=tied(1),
    training=Training(steps=60),
)
SHAPES = ((8, 8), (16, 16), (32, 32))
STUDY = Study(
    name="small-search",
    question="Where does q* lie on small grids?",
    targets=(TARGET,),
    thresholds=tuple(
        ThresholdSeries(template=TEMPLATE.model_copy(update={"replicate": replicate}), shapes=SHAPES, target=TARGET)
        for replicate in range(2)
    ),
)


def run(study: Study, out: Path) -> int:
    """Run a study in this process and return how many cells it trained; writes no tables."""
    course, runner, trained = open_course(study, Options(out)), Runner(None), 0
    waiting = list(course.pending())
    with course.store.writer() as writer:
        while waiting:
            for outcome in runner.run(waiting.pop(0)):
                more = list(course.advance(outcome))
                writer.append(outcome.record)
                waiting += more
                trained += 1
    save_manifest(course.folder, course.manifest())
    return trained


def tables_of(folder: Path) -> StudyTables:
    return study_tables(load_manifest(folder), Store(folder).changes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study run once."""
    out = tmp_path_factory.mktemp("searches")
    run(STUDY, out)
    return out / STUDY.name


@pytest.fixture(scope="module")
def tables(folder: Path) -> StudyTables:
    return tables_of(folder)


def test_every_threshold_is_located_between_ends_with_their_words(tables: StudyTables) -> None:
    found = tables["searches"]
    assert len(found) == 2 * len(SHAPES)
    assert (found["search"] == "finished").all()
    assert (found["q_certified"] <= found["q_low"]).all()
    assert (found["q_low"] < found["q_found"]).all()
    assert ((found["q_found"] - found["q_low"] == 1) | (found["ratio"] <= found["tolerance"])).all()
    for row in found.to_dict("records"):
        missed = row["q_low"] > row["q_certified"]
        assert (row["below"] in ("not found", "resolved")) == missed
        assert pd.notna(row["q_not_found"]) == missed
        assert row["found_absorbed"] >= TARGET.value
        if missed:
            assert row["not_found_absorbed"] < TARGET.value
            assert (row["not_found_optimality"] <= RESOLVED) == (row["below"] == "resolved")


def test_what_is_certified_is_the_largest_rank_whose_floor_exceeds_the_target(tables: StudyTables) -> None:
    for row in tables["searches"].to_dict("records"):
        cell = TEMPLATE.model_copy(update={"functions": row["N"], "points": row["M"], "replicate": row["replicate"]})
        dataset = build(cell.request())
        problem = scaled(dataset, "standard", "unit", "task")
        floors = floors_of_deeponet(problem.labels, problem.mean, problem.scale)
        allowed = (1.0 - TARGET.value) * dataset.noise_energy
        assert floors[row["q_certified"]] > allowed >= floors[row["q_certified"] + 1]
        assert row["certified_by"] == ("eckart-young" if row["q_certified"] else "none")


def test_a_miss_within_one_percent_of_its_floor_is_resolved_and_never_certified(tables: StudyTables, folder: Path) -> None:
    manifest, records = load_manifest(folder), list(Store(folder).changes())
    near = [
        record.model_copy(
            update={
                "measured": record.measured.model_copy(
                    update={"bounds": record.measured.bounds.model_copy(update={"optimality": 1.005})}
                )
            }
        )
        for record in records
    ]
    found = study_tables(manifest, near)["searches"]
    before = tables["searches"]
    missed = before["q_not_found"].notna()
    assert missed.any()
    assert (found["below"][missed] == "resolved").all()
    assert (found["q_certified"] == before["q_certified"]).all()


def test_a_second_run_trains_nothing_and_gives_the_same_tables(folder: Path, tables: StudyTables) -> None:
    before = (folder / "study.json").read_bytes()
    assert run(STUDY, folder.parent) == 0
    assert (folder / "study.json").read_bytes() == before
    again = tables_of(folder)
    for name in ("searches", "search_exponents", "joint_law", "least_n"):
        pd.testing.assert_frame_equal(again[name], tables[name])


def test_an_interrupted_search_goes_on_to_the_same_tables(folder: Path, tables: StudyTables, tmp_path: Path) -> None:
    short = dataclasses.replace(STUDY, thresholds=tuple(dataclasses.replace(one, shapes=SHAPES[:1]) for one in STUDY.thresholds))
    first = run(short, tmp_path)
    assert run(STUDY, tmp_path) == len(list(Store(folder).records())) - first > 0
    again = tables_of(tmp_path / STUDY.name)["searches"]
    pd.testing.assert_frame_equal(again.drop(columns="cpu_seconds"), tables["searches"].drop(columns="cpu_seconds"))


def test_answers_keep_the_words_apart(tables: StudyTables) -> None:
    told = [one.text for one in answers(tables) if one.table == "searches.csv"]
    assert len(told) == 1
    assert "6 of 6 thresholds q* are located" in told[0]
    assert "only `certified` excludes a q for any optimiser" in told[0]


def planted(law: float, **columns: object) -> pd.DataFrame:
    """A table of searches whose thresholds follow q = n^law / 2, wide below for what is certified."""
    sides = [16, 32, 64, 128, 256]
    rows = []
    for replicate in range(2):
        for side in sides:
            q = 0.5 * side ** (2 * law)
            rows.append({"N": side, "M": side, "n": side**2, "replicate": replicate, "q": q})
    table = pd.DataFrame(rows)
    settings = dict.fromkeys(
        (
            "parameters",
            "architecture",
            "sizes",
            "ends",
            "activation",
            "engine",
            "recipe",
            "budget",
            "training",
            "noise_law",
            "control",
        ),
        "",
    )
    fixed = {
        **settings,
        "task": "antiderivative",
        "design": "grid",
        "schedule": "tied",
        "sigma": 1.0,
        "target": "absorb 0.1",
        "series": 0,
    }
    q = table["q"]
    return table.assign(
        **fixed, rho=0.1, q_certified=np.floor(q / 4), q_low=np.floor(q), q_found=np.floor(q) + 1, **columns
    )  # fmt: skip


def test_two_exponents_stand_side_by_side_and_the_certified_one_is_the_wider() -> None:
    fits = search_exponents(planted(0.6)).set_index("between")
    assert fits.loc[OPTIMISER, "exponent"] == pytest.approx(0.6, abs=0.05)
    assert fits.loc[OPTIMISER, "width"] < fits.loc[CERTIFIED, "width"]
    assert fits.loc[CERTIFIED, "low"] < 0.6 < fits.loc[CERTIFIED, "high"]


@pytest.mark.parametrize("beta", [0.3, 0.5])
def test_a_planted_joint_law_is_recovered_though_sizes_follow_q(beta: float) -> None:
    """ln q = beta ln n + c ln(d/q^2) + e ln rho solved for q under two schedules, with scatter shared by a data set."""
    generator = np.random.Generator(np.random.PCG64(3))
    c, e, rows, cells = -0.4, 0.7, [], []
    for number, (schedule, widths) in enumerate((("tied", None), ("fixed-width", 48))):
        for side in (64, 128, 256, 512, 1024):
            for replicate in range(4):
                shared = 0.02 * generator.standard_normal()
                for rho in (0.1, 0.2, 0.5):
                    level = (
                        5.0 + beta * math.log(side**2 / 4096) + e * math.log(rho) + shared + 0.02 * generator.standard_normal()
                    )
                    q = next(q for q in range(1, 10**5) if math.log(q) - c * math.log(size(q, widths) / q**2) >= level)
                    found = {"q_low": q - 1, "q_found": q, "d_found": size(q, widths), "rho": rho, "series": number}
                    place = {
                        "task": "antiderivative",
                        "parameters": "",
                        "N": side,
                        "M": side,
                        "n": side**2,
                        "replicate": replicate,
                    }
                    rows.append({**place, **found, "design": "grid", "schedule": schedule})
        net = tied(20) if widths is None else tied(48).model_copy(update={"q": 20, "schedule": "fixed-width"})
        cells.append(
            {
                "series": number,
                "task": "antiderivative",
                "parameters": '{"sensor_count":16}',
                "architecture": "deeponet",
                "q": 20,
                "schedule": schedule,
                "branch_widths": Layers(net.branch_widths),
                "trunk_widths": Layers(net.trunk_widths),
                "activation": "tanh",
                "ends": "activated-trunk",
            }
        )
    law = joint_law(pd.DataFrame(rows), pd.DataFrame(cells))
    of_q = law[law["law"] == "q*"].set_index("term")
    for term, value in (("ln n", beta), ("ln d/q^2", c), ("ln rho", e)):
        assert of_q.loc[term, "coefficient"] == pytest.approx(value, abs=0.02)
        assert of_q.loc[term, "high"] - of_q.loc[term, "low"] < 0.05


@dataclasses.dataclass(frozen=True)
class Layers:
    """Widths as the frame holds them."""

    layers: tuple[int, ...]


def size(q: int, width: int | None) -> int:
    """Parameters of 16 -> w -> w -> q and 1 -> w -> w -> q, w = q where no width is given, with a scalar bias."""
    w = q if width is None else width
    return (17 * w + (w + 1) * w + (w + 1) * q) + (2 * w + (w + 1) * w + (w + 1) * q) + 1


def test_the_least_step_at_which_a_monotone_statement_holds_is_found() -> None:
    for first in (1, 2, 7, 999):
        assert least(lambda k, first=first: k >= first, lambda k: k <= 1000) == first
    assert least(lambda k: k >= 1001, lambda k: k <= 1000) is None
    assert least(lambda k: False, lambda k: k * k <= MOST_N) is None


def test_data_grow_along_their_path() -> None:
    assert growing([(4, 4), (8, 8)])(10) == (10, 10)  # type: ignore[misc]
    assert growing([(4, 16), (8, 16)])(10) == (10, 16)  # type: ignore[misc]
    assert growing([(4, 16), (4, 32)])(10) == (4, 10)  # type: ignore[misc]
    assert growing([(4, 16), (8, 32)]) is None


def test_bounds_exclude_something_from_their_least_n_on_and_nothing_before(tables: StudyTables) -> None:
    found = tables["least_n"].set_index("bound")
    assert found.loc["bit-counting", "least_n"] > 1024
    assert found.loc["paper-shaped", "least_n"] > found.loc["localised", "least_n"]
    assert set(found["bites"]) <= {"yes", "no", "never"}
    assert found.loc["sign-patterns", "bites"] == "never"
