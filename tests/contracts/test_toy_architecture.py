"""A new architecture is a hypothesis class and a network, one registry line each: here both in one file, and a study of it.

    h(u, y) = tanh([u, y] A + b) c + c0        one hidden layer on the input and the query point together

It is no product of branch and trunk, has no q, and no limit of its rank is stated, so that no rank floor may be held against it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from bench.cell import Cell, Noise, Training
from bench.drivers.options import Options
from bench.drivers.study_run import open_course, run
from bench.engines.threads import pinned_tensorflow
from bench.study import Study
from operators.architectures import ARCHITECTURES, Architecture, Weights
from operators.arrays import Array
from results.families.deeponet import Measured
from results.records.manifest import Target
from results.records.store import Store

tf = pinned_tensorflow(1)
from bench.engines.descent.networks import NETWORKS  # noqa: E402 - needs TensorFlow
from bench.engines.descent.networks.network import Network, flattened  # noqa: E402

pytestmark = pytest.mark.system


@dataclass(frozen=True)
class Joint(Architecture):
    """The hypothesis class."""

    name = "joint"
    width: int

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"expected a width >= 1, got {self.width}")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        inputs = self.sensors + self.coordinates
        return {"hidden": (inputs, self.width), "offset": (self.width,), "head": (self.width, 1), "bias": (1,)}

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        functions, at = np.split(weights["hidden"], [self.sensors])
        before = (inputs @ functions)[:, None, :] + (points @ at)[None, :, :] + weights["offset"]
        return (np.tanh(before) @ weights["head"])[..., 0] + weights["bias"]


class JointNetwork(Network):
    """The network."""

    net: Joint

    def outputs(self, theta, inputs, points):  # type: ignore[no-untyped-def]
        arrays = self.named(theta)
        functions, at = tf.split(arrays["hidden"], [self.net.sensors, self.net.coordinates])
        at_inputs = tf.matmul(inputs, functions, transpose_a=True)[:, None, :]
        before = at_inputs + tf.matmul(points, at, transpose_a=True)[None, :, :] + arrays["offset"]
        return tf.tensordot(tf.tanh(before), arrays["head"][:, 0], 1) + arrays["bias"]


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    ARCHITECTURES["joint"], NETWORKS["joint"] = Joint, JointNetwork
    yield
    del ARCHITECTURES["joint"], NETWORKS["joint"]


def cells() -> list[Cell]:
    plain = {"task": "antiderivative", "functions": 12, "points": 10, "test_functions": 4}
    return [
        Cell(
            **plain,
            noise=Noise(law="rademacher", sigma=0.5) if noisy else Noise(),
            architecture={"name": "joint", "width": width},
            training=Training(recipe="soap", steps=steps, decay="cosine"),
            replicate=replicate,
        )
        for width, steps, noisy, replicate in ((8, 300, False, 0), (8, 300, False, 1), (16, 300, True, 0))
    ]


def test_numpy_and_tensorflow_agree() -> None:
    net, generator = Joint(3, 2, width=5), np.random.default_rng(0)
    weights = Weights({name: generator.standard_normal(shape) for name, shape in net.shapes().items()}).rounded()
    inputs, points = (generator.standard_normal(shape).astype(np.float32).astype(float) for shape in ((4, 3), (6, 2)))
    values = JointNetwork(net).outputs(
        tf.constant(flattened(weights)), tf.constant(inputs.T, tf.float32), tf.constant(points.T, tf.float32)
    )
    np.testing.assert_allclose(values.numpy(), net.apply(weights, inputs, points), atol=1e-5)
    index = generator.integers(0, 6, size=(4, 3))
    expected = [[net.apply(weights, inputs[i : i + 1], points[j : j + 1]).item() for j in index[i]] for i in range(4)]
    np.testing.assert_allclose(net.apply_at(weights, inputs, points, index), expected, rtol=1e-12)


def test_a_study_of_it_runs_to_records_tables_and_page(tmp_path: Path) -> None:
    study = Study(
        name="joint",
        question="What does one hidden layer on input and point together reach?",
        cells=cells(),
        targets=(Target(kind="relative", value=0.9), Target(kind="absorb", value=0.05)),
    )
    options = Options(tmp_path, executor="inline", quiet=True, figures=False)
    finished = run(open_course(study, options), options, Console(quiet=True))
    records = list(Store(tmp_path / "joint").records())
    assert [(record.status, record.message) for record in records] == [("done", "")] * 3
    assert finished.failed == 0
    for record in records:
        assert isinstance(record.measured, Measured)
        assert record.measured.sizes.d == Joint(100, 1, width=record.cell["architecture"]["width"]).parameter_count()
        assert (record.measured.sizes.q_eff, record.measured.bounds.floor) == (None, None)
        assert record.measured.errors.relative < 0.9
    scaling = pd.read_csv(tmp_path / "joint" / "scaling.csv")
    assert set(scaling["architecture"]) == {'joint {"width":8}', 'joint {"width":16}'}
    assert scaling["q_certified"].isna().all()
    assert set(scaling["floor_status"]) == {"none"}
    leaders = pd.read_csv(tmp_path / "joint" / "leaderboard.csv")
    assert leaders[leaders["smallest"] == "q"]["q"].isna().all()
    assert leaders[leaders["smallest"] == "d"]["d"].notna().all()
    assert "joint" in (tmp_path / "joint" / "report.html").read_text()


def test_other_engines_and_recipes_refuse_it_in_a_sentence() -> None:
    from bench.families import execution_of

    for engine, recipe in (("deepxde", "adam"), ("native", "variable-projection")):
        cell = cells()[0].model_copy(update={"training": Training(engine=engine, recipe=recipe, steps=1)})
        assert "architecture 'deeponet'" in (execution_of(cell).refuses(cell) or "")
