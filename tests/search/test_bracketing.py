"""A bracket study end to end on small data: sharp lower ends, witnesses that verify without TensorFlow, resume."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from repository import REPOSITORY
from rich.console import Console

from bench.cell import Cell, Net, Noise, Training
from bench.drivers.options import Options
from bench.drivers.study_run import open_course
from bench.drivers.study_run import run as run_course
from bench.question import Question
from bench.search.lower_ends import certified, lower_ends
from bench.study import Study
from operators.architectures import DeepONet
from operators.bounds.bit_counting import necessary_parameters_of_class
from operators.bounds.eckart_young import floors_of_deeponet
from operators.bounds.rank_to_parameters import class_of
from operators.data.dataset import BlockCache, build
from operators.data.normalisation import scaled
from results.records.manifest import Target, load_manifest
from results.tables.brackets import brackets, of_class, summary
from results.witnesses.file import load_witness
from results.witnesses.submissions import enter, entries

pytestmark = pytest.mark.system


def question(noise: Noise, target: Target) -> Question:
    cell = Cell(
        task="antiderivative",
        functions=20,
        points=20,
        noise=noise,
        architecture=Net(branch_widths=(8,), trunk_widths=(8,)),
        training=Training(steps=300, learning_rate=2e-2),
    )
    return Question(template=cell, target=target, width=24, restarts=1, trainings=14)


STUDY = Study(
    name="small-brackets",
    question="Do the ends meet?",
    targets=(Target(kind="relative", value=0.05), Target(kind="absorb", value=0.3)),
    brackets=(
        question(Noise(), Target(kind="relative", value=0.05)),
        question(Noise(), Target(kind="relative", value=0.01)),
        question(Noise(law="rademacher", sigma=0.5), Target(kind="absorb", value=0.3)),
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study run once."""
    out = tmp_path_factory.mktemp("brackets")
    run(STUDY, out)
    return out / STUDY.name


def run(study: Study, out: Path) -> None:
    options = Options(out, executor="inline", quiet=True, figures=False)
    run_course(open_course(study, options), options, Console(quiet=True))


def table(folder: Path) -> pd.DataFrame:
    return brackets(load_manifest(folder), entries(folder, BlockCache(folder.parent / ".data")).accepted, {})


@pytest.mark.parametrize("asked", STUDY.brackets)
def test_the_lower_end_is_the_least_rank_whose_floor_allows_the_target(asked: Question) -> None:
    dataset = build(asked.template.request())
    problem = scaled(dataset, "standard", "unit", "task")
    floors = floors_of_deeponet(problem.labels, problem.mean, problem.scale)
    allowed = {
        "relative": asked.target.value**2 * (dataset.labels**2).mean(),
        "absorb": (1 - asked.target.value) * dataset.noise_energy,
    }
    q = lower_ends(asked, BlockCache(None)).q_lower
    assert floors[q] <= allowed[asked.target.kind] < floors[q - 1]


def test_wide_nets_close_the_q_brackets_and_narrow_ones_shrink_d(folder: Path) -> None:
    found = table(folder)
    assert (found["standing"] == "closed").all()
    assert (found["d_upper"] >= found["d_lower"]).all()
    wide = question(Noise(), STUDY.targets[0])
    widest = wide.deeponet(wide.wide(int(found["q_lower"].max()))).parameter_count()
    assert (found["d_upper"] < widest).all()
    assert summary(found)["closed"].sum() == len(found)


def test_trainings_stay_within_each_budget(folder: Path) -> None:
    assert (table(folder)["trainings"] <= 14).all()


def test_a_second_run_trains_nothing_and_gives_the_same_table(folder: Path) -> None:
    before = table(folder)
    lines = sum(len(path.read_bytes().splitlines()) for path in (folder / "records").glob("*.jsonl"))
    run(STUDY, folder.parent)
    assert sum(len(path.read_bytes().splitlines()) for path in (folder / "records").glob("*.jsonl")) == lines
    pd.testing.assert_frame_equal(table(folder), before)


def test_all_witnesses_verify_where_tensorflow_cannot_be_imported(folder: Path) -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = None; sys.modules['deepxde'] = None;"
        f"sys.argv = ['bench', 'verify', {str(folder)!r}, '--out', {str(folder.parent)!r}];"
        "from bench.cli.app import main; main()"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=False)
    count = len(list((folder / "witnesses").glob("*.npz")))
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{count} of {count} witnesses verified" in run.stdout


def test_a_witness_for_other_data_or_a_weaker_target_does_not_count(folder: Path) -> None:
    manifest, accepted = load_manifest(folder), entries(folder, BlockCache(folder.parent / ".data")).accepted
    strict = [entry for entry in accepted if entry.header.target.value == 0.01]
    loose = [entry for entry in accepted if entry.header.target.value == 0.05]
    by_target = {row["target"]: row for row in brackets(manifest, strict, {}).to_dict("records")}
    assert by_target["relative error 0.05"]["witnesses"] == len(strict)
    by_target = {row["target"]: row for row in brackets(manifest, loose, {}).to_dict("records")}
    assert by_target["relative error 0.01"]["witnesses"] == 0
    moved = manifest.model_copy(update={"brackets": tuple(b.model_copy(update={"replicate": 1}) for b in manifest.brackets)})
    assert brackets(moved, accepted, {})["q_upper"].isna().all()


def test_the_leaderboard_names_the_smallest_verified_witness_of_each_problem(folder: Path) -> None:
    by_bracket = {(row["target"], row["sigma"]): row for row in table(folder).to_dict("records")}
    leaders = pd.read_csv(folder / "leaderboard.csv")
    assert len(leaders) == 2 * 2  # targets are shared: relative 0.05 on clean data, absorb 0.3 on noisy
    for row in leaders.to_dict("records"):
        bracket, size = by_bracket[row["target"], row["sigma"]], row["smallest"]
        upper = bracket["q_upper"] if size == "q" else bracket["d_upper"]
        assert row["witness_size"] <= upper
        assert row["witness_author"] == "bracket search"
        assert row["witness_cpu_seconds"] > 0.0
        assert "numpy" in row["witness_versions"]
        assert (folder / "witnesses" / f"{row['witness']}.npz").is_file()


def test_with_q_fixed_below_the_floor_nothing_is_trained_and_the_table_says_impossible(tmp_path: Path) -> None:
    asked = question(Noise(), Target(kind="relative", value=0.01))
    q_lower = lower_ends(asked, BlockCache(None)).q_lower
    fixed = tuple(replace(asked, q=q, net_class="tied") for q in (q_lower - 1, q_lower))
    study = Study(name="fixed-q", question="And with q fixed?", targets=(asked.target,), brackets=fixed)
    run(study, tmp_path)
    impossible, reached = table(tmp_path / study.name).to_dict("records")
    assert (impossible["standing"], impossible["trainings"], impossible["witnesses"]) == ("certified impossible", 0, 0)
    assert (reached["standing"], reached["q_upper"]) == ("witnessed", q_lower)
    assert reached["d_lower"] <= reached["d_upper"]
    assert (tmp_path / study.name / "frontier.csv").is_file()


def test_tied_questions_have_the_lower_end_of_tied_nets_and_only_tied_witnesses_are_held_against_it(folder: Path) -> None:
    asked = STUDY.brackets[0]
    free, tied = lower_ends(asked, BlockCache(None)), lower_ends(replace(asked, net_class="tied"), BlockCache(None))
    needed = certified(asked, BlockCache(None)).needed
    net = class_of(asked.template.deeponet(), "tied").smallest_net(needed)
    assert {*net.branch_widths, *net.trunk_widths} == {max(tied.q_lower - 1, needed.branch)}
    assert tied.q_lower == free.q_lower > 2
    assert tied.d_lower == net.parameter_count() > free.d_lower
    for entry in entries(folder, BlockCache(folder.parent / ".data")).accepted:
        found = entry.header.net()
        assert isinstance(found, DeepONet)
        assert of_class(entry, free)
        assert of_class(entry, tied) == (len({*found.branch_widths, *found.trunk_widths}) == 1)
    manifest = load_manifest(folder).model_copy(update={"brackets": (tied,)})
    (row,) = brackets(manifest, entries(folder, BlockCache(folder.parent / ".data")).accepted, {}).to_dict("records")
    assert row["d_ratio"] >= 1.0


def test_where_no_net_of_the_class_reaches_the_rank_the_table_says_impossible(tmp_path: Path) -> None:
    """Linear ends and no hidden trunk layer: rank 2 at most on one coordinate, where the target asks for more."""
    asked = question(Noise(), Target(kind="relative", value=0.01))
    nets = (Net(branch_widths=(8,), trunk_widths=(), ends="linear"), Net(branch_widths=(), trunk_widths=(), q=1))
    classes = ("free", "no-hidden-layer")
    posed = tuple(
        replace(asked, template=asked.template.model_copy(update={"architecture": net}), net_class=net_class)
        for net, net_class in zip(nets, classes, strict=True)
    )
    study = Study(name="no-hidden", question="And without hidden layers?", targets=(asked.target,), brackets=posed)
    run(study, tmp_path)
    found = {row["nets"]: row for row in table(tmp_path / study.name).to_dict("records")}
    impossible, reached = found["1+0 linear tanh"], found["0+0 activated-trunk tanh"]
    assert (impossible["standing"], impossible["trainings"]) == ("certified impossible", 0)
    assert pd.isna(impossible["d_lower"])
    assert (impossible["d_bound"], impossible["d_status"]) == ("rank-to-parameters", "certified")
    assert reached["d_lower"] == reached["q_lower"] * (101 + 2) + 1
    assert reached["d_upper"] == reached["d_q"] * (101 + 2) + 1
    assert str(reached["d_branch_widths"]) == str(reached["d_trunk_widths"]) == "none"


def test_a_training_counts_as_reached_where_its_own_weights_are_held_not_where_a_witness_names_its_record(
    folder: Path, tmp_path: Path
) -> None:
    options = Options(tmp_path, workers=1, quiet=True)
    copy = tmp_path / STUDY.name
    shutil.copytree(folder, copy)
    assert list(open_course(STUDY, options).pending()) == []
    shutil.rmtree(copy / "submissions")
    cache = BlockCache(folder.parent / ".data")
    for path in sorted((copy / "witnesses").glob("*.npz")):
        honest = load_witness(path)
        enter(replace(honest, weights=honest.weights.changed(lambda array: array * (1.0 + 1e-9))), copy, cache=cache)
    others = entries(copy, cache).accepted
    assert {held.header.origin.record for held in others} == {
        held.header.origin.record for held in entries(folder, cache).accepted
    }
    assert len(list(open_course(STUDY, options).pending())) == len(STUDY.brackets)


@pytest.mark.parametrize(
    ("net_class", "q", "sizes"),
    [
        *(("free", None, 3), ("free", 9, 2), ("tied", None, 2), ("tied", 9, 1)),
        *(("one-width-per-net", None, 3), ("non-increasing", None, 3), ("free-depth", None, 3)),
    ],
)
def test_counting_speaks_of_all_smaller_nets_of_the_class_whatever_the_search_trains(
    net_class, q: int | None, sizes: int
) -> None:
    asked = replace(STUDY.brackets[2], net_class=net_class, q=q)
    counted = necessary_parameters_of_class(400, 0.3, sizes=sizes, bits=64)
    assert class_of(asked.template.deeponet(), net_class).free_sizes(q) == sizes
    assert lower_ends(asked, BlockCache(None)) == lower_ends(replace(asked, trainings=10**6), BlockCache(None))
    assert lower_ends(asked, BlockCache(None)).d_lower >= counted > 0


def test_about_new_functions_nets_are_trained_and_held_to_functions_that_their_own_hash_draws(tmp_path: Path) -> None:
    cell = Cell(
        task="antiderivative",
        functions=64,
        points=100,
        test_functions=64,
        architecture=Net(branch_widths=(8, 8), trunk_widths=(8, 8)),
        training=Training(steps=300, learning_rate=2e-2),
    )
    asked = Question(template=cell, target=Target(kind="population", value=0.2), width=16, restarts=1, trainings=6)
    study = Study(name="trained-for-new-functions", question="", targets=(), brackets=(asked,))
    run(study, tmp_path)
    found = table(tmp_path / study.name)
    assert found["trainings"].item() > 0
    assert found["d_trained"].item() >= found["d_lower"].item()
    held = entries(tmp_path / study.name, BlockCache(tmp_path / ".data")).accepted
    assert [one for one in held if one.header.origin.record is not None]
    assert all(one.measured.error <= 0.2 for one in held)
