"""`bench fit`, `predict` and `count`: what they print, what they leave, and that every file computes the same net."""

import dataclasses
import json
import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from planted_operators import nonlinear
from typer.testing import CliRunner

from bench.cli.count import count
from bench.cli.fit import fit
from bench.cli.predict import predict
from bench.engines.keras_model import load_keras
from bench.fit.arrays import FitData
from bench.fit.files import Files, read
from bench.fit.fitting import fit as fit_arrays
from bench.fit.unaligned.labels import UnalignedData
from operators import UserError
from operators.architectures.weights import Weights
from results.models.count import count_file
from results.models.deeponet_model import DeepONetModel, encode, load_model, save_model
from results.models.foreign import load_deeponet
from results.witnesses.untrusted_files import Unreadable

pytestmark = pytest.mark.system

APP = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
for command in (fit, predict, count):
    APP.command()(command)


def called(*arguments: object) -> str:
    """What a command prints on standard output; what it raises is raised."""
    done = CliRunner().invoke(APP, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def in_float32(model: DeepONetModel, inputs: Any, points: Any) -> Any:
    """What NumPy computes in float32: how far rounding alone leads away."""
    weights = Weights({name: array.astype(np.float32) for name, array in model.weights.named.items()})
    found = model.net.apply(weights, inputs, points)
    assert found.dtype == np.float32
    return found


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Functions with points, a split, several inputs and components, and points of each function's own."""
    path = tmp_path_factory.mktemp("data") / "mine.npz"
    inputs, outputs = nonlinear()
    place = np.linspace(2.0, 3.0, 30)
    own = place + np.arange(80)[:, None] * 1e-3
    same = np.broadcast_to(place[:, None], (80, 30, 1))
    split = np.repeat([0, 1, 2], [60, 10, 10])
    np.savez(path, u=inputs, f=inputs[:, :5] ** 2, y=outputs, x=place, own=own[:, :, None], same=same, split=split)
    return path


@pytest.fixture(scope="module")
def folder(mine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model")
    facts = json.loads(
        called(
            *("fit", "--data", mine, "--inputs", "u", "--outputs", "y", "--points", "x", "--split", "split", "--target", 0.05),
            *("--cpu-seconds", 1, "--depth", 1, "--out", out, "--plot", out / "plot.svg", "--quiet", "--json"),
        )
    )
    assert facts == json.loads((out / "report.json").read_text())
    assert facts["functions"] == {"training": 60, "validation": 10, "test": 10}
    return out


def test_the_folder_holds_what_its_page_says(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names >= {"model.npz", "model.safetensors", "model.onnx", "model.keras", "pytorch_model.py", "deepxde_model.py"}
    assert names >= {"test.npz", "training.npz", "report.txt", "report.json", "figure.png", "plot.svg"}
    assert (folder / "report.txt").read_text().startswith("A DeepONet is better than a linear map")


def test_every_file_of_the_model_counts_alike(folder: Path) -> None:
    parameters = json.loads((folder / "report.json").read_text())["best"]["parameters"]
    counts = {suffix: count_file(folder / f"model.{suffix}") for suffix in ("npz", "safetensors", "onnx", "keras")}
    assert {found.net for found in counts.values()} == {load_model(folder / "model.npz").net}
    assert [counts[suffix].parameters - parameters for suffix in counts] == [0, 0, 0, -1]


@pytest.mark.parametrize("suffix", ["keras", "onnx", "safetensors"])
def test_every_file_of_the_model_is_loaded_as_that_net(suffix: str, folder: Path) -> None:
    model, inputs = load_model(folder / "model.npz"), arrays(folder / "test.npz")["inputs"]
    net, weights = load_deeponet(folder / f"model.{suffix}")
    assert net == model.net
    expected = model.rounded().predict(inputs)
    allowed = 2e-7 if suffix == "keras" else 0.0  # b0 stands in the file as float64
    np.testing.assert_allclose(net.apply(weights, inputs, model.points), expected, rtol=0, atol=allowed)


def test_predictions_of_the_command_and_of_keras_and_of_deepxde_are_those_of_the_model(folder: Path) -> None:
    data = arrays(folder / "test.npz")
    printed = called(
        "predict", folder / "model.npz", "--data", folder / "test.npz", "--inputs", "inputs", "--out", folder / "o.npy"
    )
    assert printed.startswith("10 functions x 30 points")
    expected = load_model(folder / "model.npz").predict(data["inputs"])
    np.testing.assert_array_equal(np.load(folder / "o.npy"), expected)
    inputs, points = data["inputs"].astype(np.float32), np.broadcast_to(data["points"].astype(np.float32), (10, 30, 1))
    allowed = 5.0 * float(np.abs(in_float32(load_model(folder / "model.npz"), inputs, points[0]) - expected).max())
    np.testing.assert_allclose(np.asarray(load_keras(folder / "model.keras")([inputs, points])), expected, rtol=0, atol=allowed)
    script = runpy.run_path(str(folder / "deepxde_model.py"), run_name="script")
    net = script["load"]()
    np.testing.assert_allclose(np.asarray(net((inputs, points[0]))), expected, rtol=0, atol=allowed)
    stated = json.loads((folder / "report.json").read_text())["best"]["errors"]["test"]
    relative = allowed * np.sqrt(expected.size) / np.linalg.norm(data["outputs"])
    assert script["error"](net, data) == pytest.approx(stated, rel=0, abs=relative)


def test_the_folder_keeps_a_private_bracket_and_measures_every_net_in_it(folder: Path, mine: Path, tmp_path: Path) -> None:
    facts = json.loads((folder / "bracket.json").read_text())["bracket"]
    assert facts["private"]
    assert facts["q_lower"] <= facts["q_upper"]
    assert [entry["d"] for entry in facts["leaderboard"]] == sorted(entry["d"] for entry in facts["leaderboard"])
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "entries").mkdir()
    shutil.copy(folder / "smallest.npz", tmp_path / "copy" / "entries" / "own.npz")
    shutil.copy(folder / "model.safetensors", tmp_path / "copy" / "entries" / "elsewhere.safetensors")
    (tmp_path / "copy" / "entries" / "broken.npz").write_bytes(b"nothing")
    small = load_model(folder / "smallest.npz")
    huge = dataclasses.replace(small, weights=small.weights.changed(lambda array: 1e300 * array))
    (tmp_path / "copy" / "entries" / "huge.npz").write_bytes(encode(huge))
    asked = ("fit", "--data", mine, "--inputs", "u", "--outputs", "y", "--points", "x", "--split", "split", "--cpu-seconds", 1e-6)
    rest = ("--depth", 1, "--out", tmp_path / "copy", "--quiet")
    called(*asked, "--target", 0.05, *rest)
    again = json.loads((tmp_path / "copy" / "bracket.json").read_text())["bracket"]
    names = {entry["file"]: entry for entry in again["leaderboard"]}
    assert set(names) >= {"smallest.npz", "entries/own.npz", "entries/elsewhere.safetensors"}
    assert "entries/broken.npz" not in names
    assert names["entries/own.npz"]["training"] == names["smallest.npz"]["training"] <= 0.05
    assert names["entries/huge.npz"] == names["smallest.npz"] | {
        "file": "entries/huge.npz",
        **dict.fromkeys(("training", "validation", "test")),
    }
    reach = [entry["training"] is not None and entry["training"] <= 0.05 for entry in again["leaderboard"]]
    assert reach == sorted(reach, reverse=True)
    assert (again["q_upper"], again["d_upper"], again["key"]) == (facts["q_upper"], facts["d_upper"], facts["key"])
    with pytest.raises(UserError, match="another --out"):
        called(*asked, "--target", 0.04, *rest)
    path = tmp_path / "copy" / "bracket.json"
    for damaged in (path.read_bytes()[:-9], path.read_bytes().replace(b'"private"', b'"pr1vate"'), b"{}"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"bracket\.json as `bench fit` wrote it, got a damaged one"):
            called(*asked, "--target", 0.05, *rest)


def test_the_written_program_trains_with_deepxde(folder: Path) -> None:
    script = runpy.run_path(str(folder / "deepxde_model.py"), run_name="script")
    data = arrays(folder / "training.npz")
    assert script["error"](script["train"](40), data) < script["error"](script["build"](), data)


def test_selections_are_read_as_the_other_commands_read_them(mine: Path) -> None:
    data = read(Files(mine, "u[::2], f[::2]", "y[::2, ::3], y[::2, 1::3]", "x[::3]"))
    assert isinstance(data, FitData)
    assert (data.inputs.shape, data.outputs.shape, data.points.shape, data.blocks) == ((40, 35), (40, 20), (20, 2), (30, 5))
    shared = read(Files(mine, "u", "y", "same", split="split"))
    np.testing.assert_array_equal(shared.points, np.linspace(2.0, 3.0, 30)[:, None])
    assert list(shared.rows["test"]) == list(range(70, 80))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--points", "own", "--noise", "0.1"), "no noise level"),
        (("--points", "split"), "coordinates of the points"),
        (("--split", "u"), "a split of 80 numbers"),
        (("--plot", "figure.txt"), "a figure named"),
        (("--target", "2"), "a target in"),
        (("--target", "1e-9"), "a target in"),
        (("--noise", "0"), "noise level sigma > 0"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(arguments: tuple[str, ...], said: str, mine: Path) -> None:
    with pytest.raises(UserError, match="expected") as caught:
        called("fit", "--data", mine, "--inputs", "u", "--outputs", "y", "--quiet", "--cpu-seconds", "1e-6", *arguments)
    assert said in str(caught.value)


def test_functions_with_points_of_their_own_are_fitted_and_predicted_there(mine: Path, tmp_path: Path) -> None:
    data = read(Files(mine, "u", "y", "own"))
    assert isinstance(data, UnalignedData)
    model = fit_arrays(data, 0.5, cpu_seconds=1e-6, depth=1).best.model
    save_model(tmp_path / "model.npz", model)
    rest = ("--data", mine, "--inputs", "u", "--out", tmp_path / "o.npy", "--points")
    assert called("predict", tmp_path / "model.npz", *rest, "own").startswith("80 functions x 30 points")
    found = np.load(tmp_path / "o.npy")
    np.testing.assert_allclose(found.ravel(), model.predict_labels(data.inputs, data.function, data.points), rtol=1e-12)
    called("predict", tmp_path / "model.npz", *rest, "u")
    expected = model.predict_labels(data.inputs, data.function, data.inputs.reshape(-1, 1))
    np.testing.assert_allclose(np.load(tmp_path / "o.npy").ravel(), expected, rtol=1e-12)


def test_sizes_on_the_command_line_are_counted() -> None:
    facts = json.loads(called("count", "--branch", "200,64,64,64,64", "--trunk", "1,64,64,64", "--labels", 20_000, "--json"))
    assert (facts["d"], facts["q"], facts["q_eff"], facts["bits"]) == (33_793, 64, 64, 32 * 33_793)
    assert facts["noise"]["expected_status"] == "heuristic"
    printed = called("count", "--branch", "10,4,2", "--trunk", "1,4,2", "--labels", 100_000)
    assert "absorbs at most" in printed
    assert "(certified, probability 1 - 1e-12)" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--branch", "10,4,2"),
        ("--branch", "10,4,2", "--trunk", "1,4,3"),
        ("--branch", "10,x,2", "--trunk", "1,4,2"),
        ("a.npz", "--ends", "round"),
    ],
)
def test_counts_of_what_makes_no_net_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="expected"):
        called("count", *arguments)


def test_predictions_of_a_file_that_is_no_model_are_refused(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="header"):
        called("predict", mine, "--data", mine, "--inputs", "u", "--out", tmp_path / "o.npy")
