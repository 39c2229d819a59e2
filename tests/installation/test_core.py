"""The installation without extras sizes a matrix, verifies a witness, and says which extra is missing, before any work.

Here its absence is played: no finder of modules finds what the extras bring. `tox -e core` runs the same tests where it is real.
"""

import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import bench
from bench.extras import EXTRAS
from operators import find_task
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.data.dataset import Request, build
from operators.data.normalisation import scaled
from results.models.deeponet_model import DeepONetModel, save_model
from results.records.manifest import Manifest, Target, save_manifest
from results.schema.cells import Net
from results.witnesses.file import Witness, save_witness
from results.witnesses.header import Header, Origin, Scaling, data_of

pytestmark = pytest.mark.system

BROUGHT = ("keras", "tf_keras", "sklearn", "skopt", "PIL", "tensorboard")  # by these in turn
ABSENT = (*BROUGHT, *(package for packages in EXTRAS.values() for package in packages))
PROGRAM = f"""
import runpy, sys

class Without:
    def __init__(self, finder):
        self._finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {ABSENT!r} else self._finder.find_spec(name, path, target)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
runpy.run_module("bench", run_name="__main__", alter_sys=True)
"""
RANK = 6
WIDTH = 40


def core(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without the extras."""
    environment = {**os.environ, "PYTHONPATH": str(Path(bench.__file__).parents[1]), "COLUMNS": "200"}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def answer(*arguments: object, folder: Path) -> str:
    """What a command prints that succeeds."""
    run = core(*arguments, folder=folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def features_and_head(inputs: Array, values: Array, slope: float) -> tuple[Layer, Layer]:
    """A hidden layer of random features and the head that sends inputs to values; exact with fewer inputs than features."""
    generator = np.random.default_rng(0)
    hidden = Layer(generator.normal(size=(inputs.shape[1], WIDTH)) * slope, generator.uniform(-slope, slope, WIDTH))
    head = np.linalg.lstsq(np.tanh(inputs @ hidden.kernel + hidden.bias), values, rcond=None)[0]
    return hidden, Layer(head, np.zeros(head.shape[1]))


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    """A net of q = RANK that reaches 1 % on 12 functions at 12 points, planted by singular vectors."""
    request = Request(find_task("heat"), functions=12, points=12)
    problem = scaled(build(request), "standard", "unit", "task")
    left, singular, right = np.linalg.svd((problem.labels - problem.mean) / problem.scale)
    weights = deeponet_weights(
        branch=features_and_head(problem.inputs, left[:, :RANK] * singular[:RANK], 0.3),
        trunk=features_and_head(problem.points[problem.index], right[:RANK].T, 12.0),
        bias=0.0,
    )
    header = Header(
        data=data_of(request),
        sensors=problem.inputs.shape[1],
        coordinates=problem.points.shape[1],
        architecture=Net(branch_widths=(WIDTH,), trunk_widths=(WIDTH,), q=RANK, ends="linear"),
        scaling=Scaling(inputs="standard", coordinates="unit"),
        target=Target(kind="relative", value=0.01),
        origin=Origin(author="Planted", method="singular vectors", created="2026-01-01"),
    )
    save_witness(tmp_path / "witness.npz", Witness(header, weights))
    return tmp_path / "witness.npz"


@pytest.fixture
def study(tmp_path: Path) -> str:
    """A study without cells that has a folder."""
    save_manifest(tmp_path / "results" / "out" / "planted", Manifest(name="planted", question="?", targets=(), expected=()))
    return "planted"


def test_a_matrix_is_sized(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.standard_normal((side, 8)))[0] for side in (200, 100))
    np.savez(tmp_path / "mine.npz", outputs=(left * 0.5 ** np.arange(8)) @ right.T)
    found = json.loads(answer("size", "--data", "mine.npz", "--target", 0.01, "--json", folder=tmp_path))
    # |tail_q| / |Y| = 2^-q but for the end of the sum: 2^-6 > 0.01 > 2^-7.
    assert found["q_certified"] == found["q_attained"] == 7


def test_a_witness_is_verified_submitted_and_merged(witness: Path, study: str, tmp_path: Path) -> None:
    (facts,) = json.loads(answer("verify", witness, "--json", folder=tmp_path))
    assert facts["passed"]
    assert facts["error"] < 0.01
    assert "entered as" in answer("submit", witness, "--study", study, folder=tmp_path)
    assert "1 of 1 witnesses verified" in answer("verify", study, folder=tmp_path)
    (tmp_path / "other").mkdir()
    copied = answer("merge", Path("results/out") / study, "--into", "other", folder=tmp_path)
    assert list((tmp_path / "other" / "witnesses").glob("*.npz")), copied


def test_a_net_is_counted_and_a_model_predicts(tmp_path: Path) -> None:
    net = DeepONet(5, 1, (4,), (3,), 2, "tanh", "linear")
    generator = np.random.default_rng(0)
    weights = Weights({name: generator.normal(size=shape) for name, shape in net.shapes().items()})
    points, inputs = np.linspace(0.0, 1.0, 7)[:, None], generator.normal(size=(6, 5))
    save_model(tmp_path / "model.npz", DeepONetModel(net, weights, points))
    np.save(tmp_path / "inputs.npy", inputs)
    answer("predict", "model.npz", "--data", "inputs.npy", "--inputs", "inputs", "--out", "outputs.npy", folder=tmp_path)
    branch, trunk = (
        np.tanh(inputs @ weights["branch_0_kernel"] + weights["branch_0_bias"]),
        np.tanh(points @ weights["trunk_0_kernel"] + weights["trunk_0_bias"]),
    )
    heads = [
        features @ weights[f"{part}_1_kernel"] + weights[f"{part}_1_bias"]
        for part, features in (("branch", branch), ("trunk", trunk))
    ]
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), heads[0] @ heads[1].T + weights["bias"], atol=1e-12)
    counted = json.loads(answer("count", "model.npz", "--json", folder=tmp_path))
    assert counted["d"] == 5 * 4 + 4 + 4 * 2 + 2 + 1 * 3 + 3 + 3 * 2 + 2 + 1


def test_what_there_is_and_what_a_study_would_take_is_told(study: str, tmp_path: Path) -> None:
    assert "heat" in {task["task"] for task in json.loads(answer("list", "--json", folder=tmp_path))["tasks"]}
    assert json.loads(answer("bounds", "--json", folder=tmp_path))
    (standing,) = json.loads(answer("status", "--json", folder=tmp_path))
    assert (standing["study"], standing["expected"]) == (study, 0)
    assert (
        json.loads(answer("run", "outside-run", "--dry-run", "--json", folder=tmp_path))["cells"] == 10
    )  # five nets, five data sets of lines


@pytest.mark.parametrize(
    ("arguments", "what", "extras"),
    [
        (("run", "smoke"), "`bench run`", "train,report"),
        (("run", "smoke", "--shard", "1/2"), "`bench run`", "train"),
        (("run", "smoke", "--executor", "dask"), "`bench run`", "train,cluster,report"),
        (("run", "smoke", "--executor", "slurm", "--workers", "2"), "`bench run`", "train,cluster,report"),
        (("report", "planted"), "`bench report`", "report"),
        (("compact",), "`bench compact`", "report"),
        (("export", "planted"), "`bench export`", "train"),
        (("show", "heat"), "`bench show`", "report"),
        (("show", "--record", "0123abcd", "--study", "planted"), "`bench show`", "report,train"),
        (("show", "--witness", "mine.npz"), "`bench show`", "report"),
        (("size", "--data", "mine.npz", "--target", "0.1", "--plot", "size.png"), "`bench size --plot`", "report"),
        (("doctor",), "`bench doctor`", "train"),
    ],
)
def test_a_missing_extra_is_one_sentence_before_any_work(
    arguments: tuple[str, ...], what: str, extras: str, study: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    run = core(*arguments, folder=tmp_path)
    first = EXTRAS[extras.split(",")[0]][0]
    assert run.stderr == (
        f"error: expected package {first} for {what}, found none; run `pip install 'deeponet-size-bounds[{extras}]'`\n"
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("package", ["operators", "results", "bench"])
def test_the_installation_says_that_it_is_typed(package: str) -> None:
    assert (resources.files(package) / "py.typed").is_file()


def test_the_installation_brings_the_files_of_the_page() -> None:
    folder = resources.files("results.page")
    assert {"page.js", "page.css"} <= {path.name for path in (folder / "assets").iterdir()}
    assert "study.html.j2" in {path.name for path in (folder / "templates").iterdir()}


def test_the_installation_brings_the_published_tables(tmp_path: Path) -> None:
    tables = json.loads(answer("list", "--published", "--json", folder=tmp_path))
    assert {"standings.csv", "scaling.csv"} < {row["table"] for row in tables if Path(row["file"]).is_file()}
