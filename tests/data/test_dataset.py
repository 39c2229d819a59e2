"""Data sets: nesting, frozen noise, independent streams, a cache that cannot lie, and refused requests."""

import dataclasses
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import REPOSITORY

from operators import TASKS, find_task
from operators.arrays import Array
from operators.data import sampling
from operators.data.dataset import (
    BLOCK,
    CONTROLS,
    DESIGNS,
    MEMORY_LIMIT_BYTES,
    NOISE_LAWS,
    BlockCache,
    Dataset,
    Request,
    build,
    constants,
    draw_noise,
    functions,
    point_index,
)
from operators.errors import DataInvalid, UserError
from operators.external.source import checksum
from operators.external.task import External
from operators.seeds import stream
from operators.tasks.task import Card, Task
from operators.work import Work

TASK = TASKS["advection"]
ARRAYS = ("inputs", "index", "clean", "noise", "test_inputs", "test_outputs")


def request(design: str, functions: int = 70, points: int = 12, law: str = "gaussian", **settings: object) -> Request:
    points = 1 if design == "triples" else points
    sigma = 0.0 if law == "none" else 0.3
    return Request(TASK, design, functions, points, law, sigma, **settings)


def bits(dataset: Dataset, names: tuple[str, ...] = ARRAYS) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(getattr(dataset, name)).tobytes() for name in names)).hexdigest()


@cache
def largest(design: str, law: str) -> Dataset:
    return build(request(design, 150, 100, law, test_functions=1))


@pytest.mark.parametrize("law", NOISE_LAWS)
@pytest.mark.parametrize("design", DESIGNS)
@settings(max_examples=8, deadline=None)
@given(functions=st.integers(1, 150), points=st.integers(1, 100))
def test_fewer_functions_and_points_are_a_prefix_bit_for_bit(design: str, law: str, functions: int, points: int) -> None:
    large = largest(design, law)
    small = build(request(design, functions, points, law, test_functions=1))
    count = 1 if design == "triples" else points
    assert small.inputs.tobytes() == large.inputs[:functions].tobytes()
    for name in ("clean", "noise", "labels"):
        assert np.array_equal(getattr(small, name), getattr(large, name)[:functions, :count])
    expected = large.index[:count] if design == "grid" else large.index[:functions, :count]
    assert np.array_equal(small.index, expected)


@pytest.mark.parametrize("design", DESIGNS)
def test_labels_are_the_operator_at_the_named_points_plus_noise(design: str) -> None:
    dataset = build(request(design))
    inputs, outputs = functions(TASK, "inputs", replicate=0, count=70, cache=BlockCache(None))
    index = np.broadcast_to(dataset.index, dataset.clean.shape)
    assert np.array_equal(dataset.inputs, inputs)
    assert np.array_equal(dataset.clean, np.take_along_axis(outputs, index, axis=1))
    assert np.array_equal(dataset.labels, dataset.clean + dataset.noise)
    assert dataset.n == dataset.labels.size
    tests = functions(TASK, "test", replicate=0, count=64, cache=BlockCache(None))
    assert np.array_equal(dataset.test_inputs, tests[0])
    assert np.array_equal(dataset.test_outputs, tests[1][:, dataset.test_index])


def test_points_of_the_grid_and_of_each_function_are_drawn_without_replacement() -> None:
    grid, scattered = point_index(request("grid", points=100)), point_index(request("scattered", points=40))
    assert sorted(grid) == list(range(100))
    assert all(len(set(row)) == 40 for row in scattered)
    assert len({tuple(row) for row in scattered}) == len(scattered)


def test_points_of_triples_are_uniform() -> None:
    counts = np.bincount(point_index(request("triples", 20_000))[:, 0], minlength=100)
    chi_square = np.sum((counts - 200.0) ** 2 / 200.0)
    assert abs(chi_square - 99.0) < 5.0 * np.sqrt(2.0 * 99.0)


def test_rademacher_noise_has_exactly_its_energy() -> None:
    dataset = build(request("grid", law="rademacher"))
    s = 0.3 * dataset.constants.output_rms
    assert set(np.unique(dataset.noise)) == {-s, s}
    assert dataset.noise_energy == pytest.approx(s**2, rel=1e-14)
    assert abs(np.mean(dataset.noise) / s) < 5.0 / np.sqrt(dataset.n)


@pytest.mark.parametrize(("law", "kurtosis"), [("rademacher", 1.0), ("uniform", 1.8), ("gaussian", 3.0)])
def test_noise_laws_have_their_moments(law: str, kurtosis: float) -> None:
    z = draw_noise(request("grid", 2000, 100, law), rms=1.0) / 0.3
    n = z.size
    assert abs(z.mean()) < 5.0 / np.sqrt(n)
    assert abs(np.mean(z**2) - 1.0) < 5.0 * np.sqrt(2.0 / n)
    assert np.mean(z**4) == pytest.approx(kurtosis, abs=0.1)
    assert abs(np.mean(z[:, 1:] * z[:, :-1])) < 5.0 / np.sqrt(n)
    assert abs(np.mean(z[1:] * z[:-1])) < 5.0 / np.sqrt(n)


def test_uniform_noise_is_bounded() -> None:
    z = draw_noise(request("scattered", 500, 100, "uniform"), rms=1.0) / 0.3
    assert np.abs(z).max() <= np.sqrt(3.0)


def test_no_noise_means_none() -> None:
    dataset = build(request("grid", law="none"))
    assert not dataset.noise.any()
    assert np.array_equal(dataset.labels, dataset.clean)


def test_noise_is_frozen() -> None:
    dataset = build(request("grid"))
    assert bits(dataset) == bits(build(request("grid")))
    for field in dataclasses.fields(dataset):
        value = getattr(dataset, field.name)
        if isinstance(value, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                value[...] = 0


@pytest.mark.parametrize("design", DESIGNS)
def test_changing_the_noise_changes_nothing_else(design: str) -> None:
    rest = tuple(name for name in ARRAYS if name != "noise")
    gaussian, uniform = build(request(design)), build(request(design, law="uniform"))
    assert bits(gaussian, rest) == bits(uniform, rest)
    assert bits(gaussian, ("noise",)) != bits(uniform, ("noise",))
    louder = build(dataclasses.replace(request(design), sigma=0.6))
    np.testing.assert_allclose(louder.noise, 2.0 * gaussian.noise, rtol=1e-15)
    assert bits(louder, rest) == bits(gaussian, rest)


@pytest.mark.parametrize("design", DESIGNS)
def test_permuted_noise_is_the_same_noise_elsewhere(design: str) -> None:
    plain, control = build(request(design)), build(request(design, control="permuted-noise"))
    assert bits(plain, ("inputs", "index", "clean", "test_outputs")) == bits(
        control, ("inputs", "index", "clean", "test_outputs")
    )
    assert np.array_equal(np.sort(plain.noise, axis=None), np.sort(control.noise, axis=None))
    assert np.mean(plain.noise == control.noise) < 0.1
    correlation = np.corrcoef(plain.noise.ravel(), control.noise.ravel())[0, 1]
    assert abs(correlation) < 4.0 / np.sqrt(plain.n)


@pytest.mark.parametrize("design", DESIGNS)
def test_permuted_labels_are_the_labels_of_other_functions(design: str) -> None:
    plain, control = build(request(design)), build(request(design, control="permuted-labels"))
    unchanged = ("inputs", "index", "test_inputs", "test_outputs")
    assert bits(plain, unchanged) == bits(control, unchanged)
    order = np.lexsort(plain.labels.T), np.lexsort(control.labels.T)
    for name in ("labels", "clean", "noise"):
        assert np.array_equal(getattr(plain, name)[order[0]], getattr(control, name)[order[1]])
    assert np.mean(np.all(plain.labels == control.labels, axis=1)) < 0.1
    assert control.noise_energy == pytest.approx(plain.noise_energy, rel=1e-12)


def test_reassigned_labels_of_a_grid_keep_every_singular_value_and_permuted_noise_does_not() -> None:
    values = {control: np.linalg.svd(build(request("grid", control=control)).labels, compute_uv=False) for control in CONTROLS}
    np.testing.assert_allclose(values["permuted-labels"], values["none"], rtol=1e-10)
    assert np.abs(values["permuted-noise"] - values["none"]).max() > 1e-3 * values["none"][0]


def test_controls_permute_uniformly_and_are_the_same_in_every_build() -> None:
    controlled = request("triples", 5, control="permuted-labels")
    assert bits(build(controlled)) == bits(build(controlled))
    plain, moved = [], []
    for replicate in range(400):
        one = request("triples", 5, control="permuted-labels", replicate=replicate)
        noise = draw_noise(one, rms=1.0)
        plain.append(noise.ravel())
        moved.append(sampling.controlled(one, np.zeros_like(noise), noise)[1].ravel())
    first = [int(np.flatnonzero(after == before[0])[0]) for before, after in zip(plain, moved, strict=True)]
    counts = np.bincount(first, minlength=5)
    assert np.sum((counts - 80.0) ** 2 / 80.0) < 18.5  # chi square of 4 degrees of freedom: exceeded with probability 0.001


@pytest.mark.parametrize(
    ("control", "law", "message"), [("shuffled", "gaussian", "control among"), ("permuted-noise", "none", "noisy")]
)
def test_controls_that_mean_nothing_are_refused(control: str, law: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        request("grid", law=law, control=control)


def test_points_and_noise_are_drawn_from_the_streams_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(sampling, "stream", lambda *identity: opened.append(identity) or stream(*identity))
    for design in DESIGNS:
        point_index(request(design))
        draw_noise(request(design), rms=1.0)
    expected = [(name, design, TASK.identity(), 0) for design in DESIGNS for name in ("points", "noise")]
    assert opened == expected


def test_replicates_change_every_stream_but_not_the_constants() -> None:
    datasets = [build(request("scattered", replicate=replicate)) for replicate in range(5)]
    for name in ARRAYS:
        if name != "test_index":
            assert len({bits(dataset, (name,)) for dataset in datasets}) == 5
    assert len({dataset.constants for dataset in datasets}) == 1


def test_training_and_held_out_functions_differ() -> None:
    dataset = build(request("grid"))
    both = np.concatenate([dataset.inputs, dataset.test_inputs])
    assert len(np.unique(both, axis=0)) == len(both)


def test_constants_are_clean_and_do_not_depend_on_the_request() -> None:
    expected = constants(TASK, BlockCache(None))
    assert build(request("grid", 1, 1)).constants == expected
    _, outputs = functions(TASK, "reference", replicate=0, count=256, cache=BlockCache(None))
    assert expected.output_rms == np.sqrt(np.mean(outputs**2))
    assert expected.output_std == pytest.approx(np.sqrt(TASK.output_spectrum().sum()), rel=0.15)


@pytest.mark.system
def test_data_are_the_same_bits_in_another_process_with_other_thread_counts_and_cache_states(tmp_path: Path) -> None:
    program = (
        "import hashlib, sys, numpy as np; from pathlib import Path; from operators import TASKS;"
        "from operators.data.dataset import *;"
        "d = build(Request(TASKS['darcy'], 'grid', 9, 50, 'uniform', 0.1), BlockCache(Path(sys.argv[1])));"
        "print(hashlib.sha256(d.inputs.tobytes() + d.labels.tobytes() + d.test_outputs.tobytes()).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            cwd=REPOSITORY,
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "2", "2")
    }
    here = build(Request(TASKS["darcy"], "grid", 9, 50, "uniform", 0.1))
    content = here.inputs.tobytes() + here.labels.tobytes() + here.test_outputs.tobytes()
    assert hashes == {hashlib.sha256(content).hexdigest() + "\n"}


def block_files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_cached_blocks_are_read_back_and_hold_no_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = build(request("grid"), BlockCache(tmp_path))
    assert {path.suffix for path in block_files(tmp_path)} == {".npy", ".json"}
    for path in tmp_path.rglob("*.npy"):
        assert not np.load(path, allow_pickle=False).dtype.hasobject
    monkeypatch.setattr(type(TASK), "outputs", lambda *_: pytest.fail("generated again"))
    assert bits(build(request("grid"), BlockCache(tmp_path))) == bits(fresh)


@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "flipped", "missing", "object array", "foreign manifest", "broken manifest"]
)
def test_damaged_blocks_are_generated_again(tmp_path: Path, damage: str) -> None:
    fresh = build(request("grid"), BlockCache(tmp_path))
    before = {path: path.read_bytes() for path in block_files(tmp_path)}
    for path, content in before.items():
        if path.suffix == ".json":
            manifest = json.loads(content)
            if damage == "foreign manifest":
                path.write_text(json.dumps(manifest | {"task": TASKS["heat"].identity()}))
            elif damage == "broken manifest":
                path.write_bytes(b"\xff{" + content)
        elif damage == "truncated":
            path.write_bytes(content[: len(content) // 2])
        elif damage == "empty":
            path.write_bytes(b"")
        elif damage == "flipped":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        elif damage == "missing":
            path.unlink()
        elif damage == "object array":
            np.save(path, np.array([{}], dtype=object), allow_pickle=True)
            manifest_path = path.with_name(path.name.split(".")[0] + ".json")
            manifest = json.loads(manifest_path.read_text())
            manifest[path.name.split(".")[1]] = hashlib.sha256(path.read_bytes()).hexdigest()
            manifest_path.write_text(json.dumps(manifest))
    assert {path: path.read_bytes() for path in block_files(tmp_path)} != before
    assert bits(build(request("grid"), BlockCache(tmp_path))) == bits(fresh)
    assert {path: path.read_bytes() for path in block_files(tmp_path)} == before


def test_constants_of_a_task_do_not_share_its_cached_blocks(tmp_path: Path) -> None:
    cache = BlockCache(tmp_path)
    slow, fast = (Request(find_task("advection", {"speed": speed}), "grid", 4, 100) for speed in (1.0, 1.5))
    assert not np.array_equal(build(slow, cache).clean, build(fast, cache).clean)
    assert len(list(tmp_path.iterdir())) == 2


def test_unwritable_cache_is_one_clear_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UserError, match="expected to write"):
        build(request("grid"), BlockCache(blocked))


@dataclass(frozen=True)
class Planted(Task):
    """Outputs zero, except what is planted in one function of the second block."""

    fault: str = "nan"

    def __post_init__(self) -> None:
        pass

    @property
    def card(self) -> Card:
        return TASK.card

    def sensors(self) -> Array:
        return np.zeros((2, 1))

    def points(self) -> Array:
        return np.linspace(0.0, 1.0, 3)[:, None]

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        return generator.standard_normal((count, 2))

    def inputs(self, coefficients: Array) -> Array:
        return coefficients

    def outputs(self, coefficients: Array) -> Array:
        outputs = np.zeros((len(coefficients), 3))
        if self.fault == "nan":
            outputs[37, 1] = np.nan
        if self.fault == "inf":
            outputs[37:39, 2] = np.inf
        if self.fault == "shape":
            outputs = outputs[:, :2]
        return outputs.astype(np.float32) if self.fault == "float32" else outputs

    def work(self, count: int) -> Work:
        return Work()

    def violations(self, inputs: Array, outputs: Array) -> list[str]:
        return ["a planted invariant is broken"] if self.fault == "invariant" else []


@pytest.mark.parametrize("fault", ["nan", "inf"])
def test_poisoned_function_is_named_by_its_index(fault: str) -> None:
    with pytest.raises(DataInvalid, match=r"task 'planted': outputs of function 37 are not finite"):
        build(Request(Planted("planted", fault), "grid", 4, 3))
    with pytest.raises(DataInvalid, match=rf"function {BLOCK + 37} are not finite"):
        BlockCache(None).block(Planted("planted", fault), "inputs", replicate=0, number=1)


@pytest.mark.parametrize(
    ("fault", "message"), [("shape", "expected outputs of shape"), ("float32", "float32"), ("invariant", "a planted invariant")]
)
def test_broken_contract_is_invalid_data(fault: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=f"task 'planted'.*{message}"):
        build(Request(Planted("planted", fault), "grid", 4, 3))


def test_invalid_data_are_not_cached(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid):
        build(Request(Planted("planted"), "grid", 4, 3), BlockCache(tmp_path))
    assert block_files(tmp_path) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"design": "lattice"}, "expected a design among"),
        ({"noise_law": "cauchy", "sigma": 1.0}, "expected a noise law among"),
        ({"functions": 0}, "at least one function, got 0"),
        ({"test_functions": 0}, "at least one held-out function, got 0"),
        ({"points": 0}, "expected 1 <= M <= 100"),
        ({"points": 101}, "expected 1 <= M <= 100 .* got M = 101"),
        ({"design": "triples", "points": 2}, "expected M = 1"),
        ({"noise_law": "none", "sigma": 0.1}, "expected sigma = 0"),
        ({"noise_law": "gaussian", "sigma": 0.0}, "expected sigma = 0 for noise law 'none'"),
        ({"noise_law": "gaussian", "sigma": -0.1}, "got law 'gaussian' and sigma = -0.1"),
        ({"noise_law": "gaussian", "sigma": float("nan")}, "sigma = nan"),
        ({"functions": 10**9}, "at most 4 GiB, got N = 1000000000"),
    ],
)
def test_requests_that_cannot_be_served_are_refused_before_anything_is_generated(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Request(TASK, **settings)


def test_largest_request_is_one_that_fits() -> None:
    width = 8 * (len(TASK.points()) + len(TASK.sensors()))
    most = MEMORY_LIMIT_BYTES // width - 64
    assert Request(TASK, functions=most).bytes() <= MEMORY_LIMIT_BYTES
    with pytest.raises(UserError, match="GiB"):
        Request(TASK, functions=most + 1)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e155, 1e300])
@pytest.mark.parametrize("array", ["inputs", "outputs"])
def test_data_whose_squares_float64_cannot_hold_are_refused_before_anything_is_trained(
    tmp_path: Path, array: str, scale: float
) -> None:
    arrays = {name: np.random.default_rng(0).standard_normal((20, 6)) for name in ("inputs", "outputs")}
    np.savez(tmp_path / "mine.npz", **{**arrays, array: arrays[array] * scale})
    path = tmp_path / "mine.npz"
    task = External("external-mine", file=str(path), sha256=checksum(path), input_array="inputs", output_array="outputs")
    with pytest.raises(DataInvalid, match=rf"expected {array} whose largest value .* choose other units"):
        build(Request(task, functions=8, points=6, test_functions=4))
