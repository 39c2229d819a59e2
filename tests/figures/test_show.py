"""`python -m bench show`: what is drawn is what the data are; nothing global changes, and the same bytes come again."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from typer.testing import CliRunner

from bench.cell import Cell, Net, Noise, Training
from bench.cli.app import app
from bench.engines.initial_weights import initial_weights
from bench.execution.runner import Runner
from operators import TASKS, UserError, find_task
from operators.data.dataset import Request, build
from operators.data.function_cache import BlockCache
from operators.data.normalisation import predict, scaled
from results.figures import samples
from results.figures.functions import fit_figure, task_figure
from results.figures.samples import Sample, WorstFit, coordinate_names, sample, worst_fit
from results.figures.style import Figure, rendered
from results.records.manifest import Target
from results.records.store import Store
from results.witnesses.file import Witness, save_witness
from results.witnesses.header import Header, Origin, Scaling, data_of

pytestmark = pytest.mark.system

CACHE = BlockCache(None)
CELL = Cell(
    task="heat",
    functions=24,
    points=20,
    test_functions=4,
    noise=Noise(law="rademacher", sigma=0.3),
    architecture=Net(branch_widths=(8,), trunk_widths=(8,), q=3),
    training=Training(steps=40),
)


def panels(figure: Figure) -> dict[str, Any]:
    """Axes of a figure and of its subfigures by title."""
    return {axes.get_title(): axes for axes in figure.get_axes() if axes.get_title()}


def fitted(cell: Cell) -> WorstFit:
    """The worst fit of the untrained net of a cell."""
    dataset = build(cell.request(), CACHE)
    problem = scaled(dataset, "standard", "unit", "task")
    start = initial_weights(cell, inputs=problem.inputs, points=problem.points)
    return worst_fit(cell.deeponet(), start, problem, dataset=dataset, task=cell.request().task)


# What is drawn


@pytest.mark.parametrize("name", ["heat", "darcy", "advection-speed", "advection-space-time"])
def test_singular_values_and_floors_are_those_of_the_outputs(name: str) -> None:
    found = sample(find_task(name), 1, CACHE, count=40)
    assert found.outputs.shape == (40, len(found.task.points()))
    gram = np.linalg.eigvalsh(found.outputs @ found.outputs.T)[::-1]
    np.testing.assert_allclose(found.singular**2, np.maximum(gram, 0.0) / gram.sum(), atol=1e-13)
    assert found.singular[0] == max(found.singular)
    assert found.floors[-1] == 0.0
    tails = np.sqrt(np.append(np.cumsum(found.singular[::-1] ** 2)[::-1], 0.0))
    assert np.all(found.floors <= tails[: len(found.floors)] + 1e-9)
    assert np.all(found.floors[:-1] >= tails[1 : len(found.floors)] - 1e-9)


def test_closed_forms_are_there_where_the_task_knows_its_spectrum_and_agree_with_the_sample() -> None:
    known = sample(find_task("heat"), 0, CACHE)
    assert known.closed_singular is not None
    assert known.closed_floors is not None
    np.testing.assert_allclose(known.singular[:5], known.closed_singular[:5], rtol=0.2)
    spectrum = find_task("heat").output_spectrum()
    assert spectrum is not None
    assert known.closed_floors[2] ** 2 == pytest.approx(spectrum[2:].sum() / spectrum.sum())
    assert sample(find_task("burgers"), 0, CACHE, count=8).closed_singular is None


def test_lines_are_the_functions_and_dashes_the_closed_form() -> None:
    found = sample(find_task("heat"), 0, CACHE, count=30)
    drawn = panels(task_figure(found, 2))
    assert set(drawn) == {"input functions", "output functions", "decay of the outputs"}
    for title, values in (("input functions", found.inputs), ("output functions", found.outputs)):
        assert [list(line.get_ydata()) for line in drawn[title].lines] == [list(row) for row in values[:2]]
    decay = drawn["decay of the outputs"]
    singular, closed, floors, _ = decay.lines
    shown = len(singular.get_ydata())
    np.testing.assert_array_equal(singular.get_ydata(), found.singular[:shown])
    np.testing.assert_array_equal(singular.get_xdata(), np.arange(1, shown + 1))
    np.testing.assert_array_equal(floors.get_ydata(), found.floors[1 : len(floors.get_ydata()) + 1])
    assert closed.get_linestyle() == "--"
    assert "closed form" in closed.get_label()
    assert "certified" in floors.get_label()


def test_images_have_the_first_coordinate_to_the_right_and_the_second_upwards() -> None:
    task = find_task("advection-speed")
    found = sample(task, 0, CACHE, count=4)
    drawn = panels(task_figure(found, 3))
    assert {"input 1", "input 3", "output 1", "output 3"} <= set(drawn)
    (mesh,) = [item for item in drawn["output 2"].collections if isinstance(item, QuadMesh)]
    image = np.asarray(mesh.get_array()).reshape(task.time_count, task.point_count)
    np.testing.assert_array_equal(image, found.outputs[1].reshape(task.time_count, task.point_count))
    assert (drawn["output 1"].get_xlabel(), drawn["output 1"].get_ylabel()) == ("x", "t")
    assert drawn["input 1"].get_ylim() == drawn["input 3"].get_ylim()


def test_coordinates_are_named_by_what_they_are() -> None:
    assert coordinate_names(find_task("burgers")) == ("x",)
    assert coordinate_names(find_task("advection-speed")) == ("x", "t")
    assert coordinate_names(find_task("darcy")) == ("$x_1$", "$x_2$")


@pytest.mark.parametrize("design", ["grid", "scattered"])
def test_the_worst_fitted_function_is_the_one_with_the_largest_relative_error(design: Any) -> None:
    cell = CELL.model_copy(update={"design": design})
    worst = fitted(cell)
    dataset = build(cell.request(), CACHE)
    problem = scaled(dataset, "standard", "unit", "task")
    start = initial_weights(cell, inputs=problem.inputs, points=problem.points)
    h = predict(cell.deeponet(), start, problem)
    errors = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(h, dataset.labels, strict=True)]
    assert worst.number == int(np.argmax(errors))
    np.testing.assert_allclose(worst.errors, sorted(errors, reverse=True))
    index = dataset.index if design == "grid" else dataset.index[worst.number]
    np.testing.assert_array_equal(worst.points, dataset.points[index])
    np.testing.assert_array_equal(worst.labels, dataset.clean[worst.number] + dataset.noise[worst.number])
    np.testing.assert_array_equal(worst.clean, dataset.clean[worst.number])
    assert worst.noisy


def test_functions_that_vanish_have_no_relative_error() -> None:
    dataset = build(CELL.model_copy(update={"noise": Noise()}).request(), CACHE)
    problem = scaled(dataset, "standard", "unit", "task")
    start = initial_weights(CELL, inputs=problem.inputs, points=problem.points)
    labels = problem.labels.copy()
    labels[0] = 0.0
    task = CELL.request().task
    worst = worst_fit(CELL.deeponet(), start, dataclasses.replace(problem, labels=labels), dataset=dataset, task=task)
    assert worst.number != 0
    assert len(worst.errors) == len(labels) - 1
    with pytest.raises(ValueError, match="vanish"):
        worst_fit(CELL.deeponet(), start, dataclasses.replace(problem, labels=0.0 * labels), dataset=dataset, task=task)


def test_lines_of_a_fit_are_labels_fit_and_their_difference() -> None:
    worst = fitted(CELL)
    drawn = panels(fit_figure(worst, "title"))
    order = np.argsort(worst.points[:, 0])
    lines = {line.get_label(): line for line in drawn[f"function {worst.number}, the worst fitted"].lines}
    assert set(lines) == {"labels y", "without noise", "fit h"}
    np.testing.assert_array_equal(lines["fit h"].get_ydata(), worst.fit[order])
    np.testing.assert_array_equal(lines["labels y"].get_ydata(), worst.labels[order])
    np.testing.assert_array_equal(drawn["h - y"].lines[0].get_ydata(), (worst.fit - worst.labels)[order])
    (title,) = [title for title in drawn if title.startswith("relative error")]
    np.testing.assert_array_equal(drawn[title].lines[0].get_ydata(), worst.errors)


@pytest.mark.parametrize(("points", "kind"), [(100, QuadMesh), (37, PathCollection)])
def test_a_fit_of_two_coordinates_is_an_image_on_a_full_grid_and_dots_elsewhere(points: int, kind: type) -> None:
    worst = fitted(CELL.model_copy(update={"task": "advection-speed", "points": points}))
    drawn = panels(fit_figure(worst, "title"))
    for title, values in ((f"labels y of function {worst.number}", worst.labels), ("fit h", worst.fit)):
        (item,) = [item for item in drawn[title].collections if isinstance(item, kind)]
        np.testing.assert_array_equal(np.sort(np.asarray(item.get_array()).ravel()), np.sort(values))
    (difference,) = [item for item in drawn["h - y"].collections if isinstance(item, kind)]
    assert difference.norm.vmin == -difference.norm.vmax


@pytest.mark.parametrize(("kind", "drawn"), [("png", "task"), ("svg", "fit"), ("pdf", "task")])
def test_figures_are_the_same_bytes_and_change_nothing_global(kind: str, drawn: str) -> None:
    found, worst = sample(find_task("darcy"), 0, CACHE, count=6), fitted(CELL)
    before = dict(mpl.rcParams)
    draw = {"task": lambda: task_figure(found, 2), "fit": lambda: fit_figure(worst, "$\\frac{$ & <script>")}[drawn]
    first = rendered(draw(), kind)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert rendered(draw(), kind) == first
    assert dict(mpl.rcParams) == before


# The command


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(app, ["show", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("name", TASKS)
def test_every_task_can_be_shown(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def small(task: Any, replicate: int, cache: BlockCache) -> Sample:
        return sample(task, replicate, CACHE, count=4)

    monkeypatch.setattr(samples, "sample", small)
    monkeypatch.chdir(tmp_path)
    run(name, "--functions", 1)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A results folder with a study of one record, and its key."""
    out = tmp_path_factory.mktemp("out")
    (outcome,) = Runner(out / ".data").run([CELL])
    assert outcome.record.status == "done"
    with Store(out / "one").writer() as writer:
        writer.append(outcome.record)
    return out, outcome.record.key


def test_a_record_is_trained_again_to_the_same_weights(study: tuple[Path, str], tmp_path: Path) -> None:
    out, key = study
    result = run("--record", key[:8], "--study", "one", "--out", out, "--file", tmp_path / "worst.pdf")
    recorded = Store(out / "one").get(key)
    assert recorded is not None
    assert f"the record's weights, trained again: SHA-256 {recorded.weights_sha256}" in result.output.replace("\n", "")
    assert (tmp_path / "worst.pdf").read_bytes().startswith(b"%PDF")


def test_other_weights_than_recorded_are_said_to_be_others(study: tuple[Path, str], tmp_path: Path) -> None:
    out, key = study
    recorded = Store(out / "one").get(key)
    assert recorded is not None
    other = recorded.model_copy(update={"weights_sha256": hashlib.sha256(b"other").hexdigest()})
    with Store(tmp_path / "two").writer() as writer:
        writer.append(other)
    result = run("--record", key, "--study", "two", "--out", tmp_path, "--file", tmp_path / "worst.svg")
    assert "NOT the record's weights" in result.output
    assert (tmp_path / "worst.svg").exists()


def test_the_worst_function_of_a_witness_needs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(find_task("heat"), functions=24, points=20, test_functions=1)
    net = Net(branch_widths=(6,), trunk_widths=(6,), q=2)
    weights = initial_weights(CELL.model_copy(update={"architecture": net}), inputs=np.zeros((2, 100)), points=np.zeros((2, 1)))
    header = Header(
        data=data_of(request),
        sensors=100,
        coordinates=1,
        architecture=net,
        scaling=Scaling(inputs="standard", coordinates="unit"),
        target=Target(kind="relative", value=0.5),
        origin=Origin(author="me", method="none", created="2026-01-01"),
    )
    save_witness(tmp_path / "mine.npz", Witness(header, weights))
    monkeypatch.setattr(Runner, "run", None)
    monkeypatch.chdir(tmp_path)
    run("--witness", "mine.npz", "--out", tmp_path)
    assert (tmp_path / "mine.png").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "one of a task, --record and --witness"),
        (("heat", "--record", "abc"), "one of a task, --record and --witness"),
        (("--record", "abcdef"), "--study"),
        (("heat", "--file", "heat.gif"), "png"),
        (("hete",), "expected a task among"),
        (("--record", "abcdef", "--study", "none"), "study folder"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=reason):
        run(*arguments, "--out", tmp_path)
    assert not list(tmp_path.iterdir())


def test_keys_that_begin_no_record_or_several_are_refused(study: tuple[Path, str], tmp_path: Path) -> None:
    out, key = study
    for wrong in (key[:3], "0" * 12 if not key.startswith("0" * 12) else "1" * 12):
        with pytest.raises(UserError, match="begin one key"):
            run("--record", wrong, "--study", "one", "--out", out)


def test_a_file_that_is_no_witness_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"witness .*bad\.npz"):
        run("--witness", tmp_path / "bad.npz", "--out", tmp_path)
