"""What is written loads in PyTorch and ONNX Runtime and computes the same net; what they write is counted.

Scikit-learn's own checks of the estimator, too. In an environment of its own: `tox -e exports`.
"""

import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from planted_operators import nonlinear
from sklearn.utils.estimator_checks import check_estimator

from bench.fit.estimator import DeepONetRegressor
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer
from operators.arrays import Array
from results.models import onnx as onnx_file
from results.models import safetensors
from results.models.count import count_file
from results.models.deeponet_model import DeepONetModel
from results.models.scripts import pytorch_module


@pytest.fixture(scope="module", params=["activated-trunk", "linear"])
def model(request: pytest.FixtureRequest) -> DeepONetModel:
    ends: Ends = request.param
    net = DeepONet(30, 2, (16, 12), (8,), 5, ends=ends)
    generator = np.random.default_rng(0)

    def layers(sizes: tuple[int, ...]) -> list[Layer]:
        return [Layer(generator.standard_normal((a, b)) / np.sqrt(a), generator.standard_normal(b)) for a, b in pairwise(sizes)]

    weights = deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), 0.5)
    return DeepONetModel(net, weights, generator.random((20, 2)))


@pytest.fixture(scope="module")
def inputs() -> Array:
    return nonlinear(12)[0]


def loaded(folder: Path, model: DeepONetModel) -> ModuleType:
    """The module that is written beside the weights, imported from its file."""
    (folder / "model.safetensors").write_bytes(safetensors.encode(safetensors.torch_names(model)))
    (folder / "pytorch_model.py").write_text(pytorch_module(model))
    spec = importlib.util.spec_from_file_location("pytorch_model", folder / "pytorch_model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pytorch_loads_the_weights_and_computes_the_net(model: DeepONetModel, inputs: Array, tmp_path: Path) -> None:
    net = loaded(tmp_path, model).load(tmp_path / "model.safetensors")
    found = net(torch.tensor(inputs, dtype=torch.float32), torch.tensor(model.points, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(found, model.predict(inputs), rtol=1e-5, atol=1e-5)
    assert sum(parameter.numel() for parameter in net.parameters()) == model.net.parameter_count()


def test_onnx_finds_the_graph_valid_and_its_runtime_computes_the_net(model: DeepONetModel, inputs: Array) -> None:
    data = onnx_file.encode(model)
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    feeds = {"branch": inputs.astype(np.float32), "trunk": model.points.astype(np.float32)}
    np.testing.assert_allclose(session.run(None, feeds)[0], model.predict(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("legacy", [False, True])
def test_what_torch_saves_is_counted_as_torch_counts_it(model: DeepONetModel, tmp_path: Path, legacy: bool) -> None:
    net, path = loaded(tmp_path, model).load(tmp_path / "model.safetensors"), tmp_path / "a.pt"
    state = net.state_dict() | {"spectral": torch.zeros(3, 2, dtype=torch.complex64), "steps": torch.tensor(7)}
    torch.save({"state": state, "epoch": 3} if legacy else net.state_dict(), path)
    found = count_file(path, model.net.ends)
    assert found.parameters == model.net.parameter_count() + (12 if legacy else 0)
    assert found.complex_numbers == (6 if legacy else 0)
    assert found.buffers == (1 if legacy else 0)
    assert found.net == (None if legacy else model.net)


def test_a_whole_pickled_module_is_counted_without_being_run(tmp_path: Path) -> None:
    net, path = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.BatchNorm1d(3)), tmp_path / "whole.pt"
    torch.save({"net": net.state_dict(), "optimiser": torch.optim.Adam(net.parameters()).state_dict()}, path)
    assert count_file(path).parameters == 4 * 3 + 3 + 4 * 3


def test_scikit_learn_finds_nothing_wrong_with_the_estimator() -> None:
    checks = check_estimator(DeepONetRegressor(widths=(8,)), on_fail=None, on_skip=None)
    assert len(checks) > 40
    assert [check["check_name"] for check in checks if check["status"] == "failed"] == []
