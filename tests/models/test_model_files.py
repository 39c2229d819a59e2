"""Models as files: the same numbers by every reader, sizes that are known, and files that are refused before anything runs."""

import io
import json
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from operators import UserError
from operators.architectures.deeponet import DeepONet, Ends, deeponet_weights
from operators.architectures.weights import Layer
from results.models import keras_file, onnx, safetensors, torch_file
from results.models.count import count_file, count_net, count_shapes
from results.models.deeponet_model import DeepONetModel, decode, encode, save_model
from results.models.foreign import deeponet_of, load_deeponet
from results.models.protobuf import fields, message
from results.models.safetensors import TensorShape
from results.witnesses.untrusted_files import Unreadable


def model_of(ends: Ends = "activated-trunk") -> DeepONetModel:
    net = DeepONet(5, 2, (7, 6), (4,), 3, ends=ends)
    generator = np.random.default_rng(0)

    def layers(sizes: tuple[int, ...]) -> list[Layer]:
        return [Layer(generator.standard_normal((a, b)), generator.standard_normal(b)) for a, b in pairwise(sizes)]

    return DeepONetModel(
        net, deeponet_weights(layers(net.branch_sizes()), layers(net.trunk_sizes()), 0.5), generator.random((8, 2))
    )


INPUTS = np.random.default_rng(1).standard_normal((4, 5))


def test_a_model_is_read_as_it_was_written() -> None:
    model = model_of()
    found = decode(encode(model))
    assert (found.net, encode(found)) == (model.net, encode(model))
    np.testing.assert_array_equal(found.predict(INPUTS), model.net.apply(model.weights, INPUTS, model.points))
    np.testing.assert_allclose(found.predict(INPUTS[0])[0], found.predict(INPUTS)[0], rtol=1e-14)


@pytest.mark.parametrize(("inputs", "points"), [(INPUTS[:, :4], None), (INPUTS, np.zeros((3, 3))), (INPUTS * np.nan, None)])
def test_predictions_of_what_does_not_fit_are_refused(inputs: Any, points: Any) -> None:
    with pytest.raises(UserError, match=r"expected (inputs|points|finite inputs)"):
        model_of().predict(inputs, points)


def changed(**arrays: Any) -> bytes:
    """The model's archive with some arrays replaced."""
    named = {name: array for name, array in np.load(io.BytesIO(encode(model_of()))).items()} | arrays
    buffer = io.BytesIO()
    np.savez(buffer, **named)
    return buffer.getvalue()


HEADER = json.loads(np.load(io.BytesIO(encode(model_of())))["header"].tobytes())


def header(**fields: Any) -> Any:
    return np.frombuffer(json.dumps(HEADER | fields).encode(), dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        b"nothing",
        encode(model_of())[:-30],
        changed(bias=np.zeros(2)),
        changed(bias=np.array([np.inf])),
        changed(extra=np.zeros(1)),
        changed(header=header(sensors=6)),
        changed(header=header(unknown=1)),
        changed(header=header(sensors=2**40)),
        changed(header=header(kind="witness")),
    ],
)
def test_damaged_models_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="expected"):
        decode(data)


def evaluated(data: bytes, feeds: dict[str, np.ndarray]) -> np.ndarray:
    """The output of an ONNX graph, operator by operator, by the published meaning of each."""
    (graph,) = [value for number, value in fields(data) if number == 7]
    values = dict(feeds)
    for number, value in fields(graph):
        if number == 5:
            parts = dict(fields(value))
            sides = [side for field, side in fields(value) if field == 1]
            values[parts[8].decode()] = np.frombuffer(parts[9], dtype="<f4").reshape(sides)
    operators = {
        "Gemm": lambda a, b, c: a @ b + c,
        "Tanh": np.tanh,
        "Transpose": np.transpose,
        "MatMul": np.matmul,
        "Add": np.add,
    }
    for number, value in fields(graph):
        if number == 1:
            names = [name.decode() for field, name in fields(value) if field == 1]
            parts = dict(fields(value))
            values[parts[2].decode()] = operators[parts[4].decode()](*(values[name] for name in names))
    return values["output"]


@pytest.mark.parametrize("ends", ["activated-trunk", "linear"])
def test_the_onnx_graph_computes_the_net_to_float32(ends: Ends) -> None:
    model = model_of(ends)
    found = evaluated(onnx.encode(model), {"branch": INPUTS.astype(np.float32), "trunk": model.points.astype(np.float32)})
    np.testing.assert_allclose(found, model.predict(INPUTS), rtol=1e-5, atol=1e-5)


def test_safetensors_hold_the_weights_transposed_where_their_header_says() -> None:
    model = model_of()
    data = safetensors.encode(safetensors.torch_names(model))
    length = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + length])["branch.2.weight"]
    start, end = entry["data_offsets"]
    found = np.frombuffer(data[8 + length + start : 8 + length + end], dtype="<f4").reshape(entry["shape"])
    np.testing.assert_array_equal(found, model.weights["branch_1_kernel"].T.astype(np.float32))
    assert length % 8 == 0


@pytest.mark.parametrize("turned", [False, True])
def test_a_net_from_elsewhere_is_the_net_whose_weights_it_is(turned: bool, tmp_path: Path) -> None:
    model = model_of("linear").rounded()
    named = safetensors.torch_names(model)
    if turned:
        named = {name: array.T for name, array in named.items()}
    (tmp_path / "net.safetensors").write_bytes(safetensors.encode(named))
    net, weights = load_deeponet(tmp_path / "net.safetensors", ends="linear")
    assert net == model.net
    np.testing.assert_array_equal(net.apply(weights, INPUTS, model.points), model.predict(INPUTS))


@pytest.mark.parametrize("arrays", [{"branch.0": np.zeros((2, 2))}, {"w": np.zeros(3)}])
def test_weights_of_another_net_are_refused(arrays: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="branch and a trunk"):
        deeponet_of(arrays)


@pytest.mark.parametrize("turned", [False, True])
def test_square_kernels_are_those_of_pytorch_and_layers_are_in_order_of_their_numbers(turned: bool, tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    branch, trunk = ([Layer(generator.standard_normal((3, 3)) / 2, generator.random(3)) for _ in range(6)] for _ in range(2))
    named = {}
    for part, layers in (("branch", branch), ("trunk", trunk)):
        for number, layer in enumerate(layers):
            named |= {f"{part}.{2 * number}.weight": layer.kernel.T, f"{part}.{2 * number}.bias": layer.bias}
    named["b"] = np.array([0.25])
    stored = {name: named[name].astype(np.float32) for name in sorted(named)}  # branch.10.weight before branch.2.weight
    (tmp_path / "net.safetensors").write_bytes(safetensors.encode(stored))
    net, weights = load_deeponet(tmp_path / "net.safetensors", activation="relu")
    assert net == DeepONet(3, 3, (3,) * 5, (3,) * 5, 3, "relu")
    inputs, points = generator.standard_normal((2, 4, 3))
    expected = net.apply(deeponet_weights(branch, trunk, 0.25), inputs, points)
    np.testing.assert_allclose(net.apply(weights, inputs, points), expected, atol=1e-5)


def test_a_stated_mapping_names_the_parts_of_a_net(tmp_path: Path) -> None:
    model, path = model_of().rounded(), tmp_path / "net.safetensors"
    named = {name.replace("branch", "first").replace("trunk", "second"): a for name, a in safetensors.torch_names(model).items()}
    path.write_bytes(safetensors.encode(named))
    net, weights = load_deeponet(path, parts={"branch": "first.", "trunk": "second."})
    np.testing.assert_array_equal(net.apply(weights, INPUTS, model.points), model.predict(INPUTS))
    with pytest.raises(Unreadable, match="branch and a trunk"):
        load_deeponet(path)
    for parts in ({"branch": "first."}, {"branch": "first.", "trunk": "third."}):
        with pytest.raises(UserError, match=r"expected prefixes .* the file holds b, first\.0\.bias"):
            load_deeponet(path, parts=parts)


@pytest.mark.parametrize("ends", ["activated-trunk", "linear"])
def test_an_onnx_net_is_the_net_whose_weights_it_holds(ends: Ends, tmp_path: Path) -> None:
    model, path = model_of(ends).rounded(), tmp_path / "net.onnx"
    path.write_bytes(onnx.encode(model))
    net, weights = load_deeponet(path, ends=ends)
    assert net == model.net
    np.testing.assert_array_equal(net.apply(weights, INPUTS, model.points), model.predict(INPUTS))
    with pytest.raises(Unreadable, match="state those of the file"):
        load_deeponet(path, ends=ends, activation="relu")
    with pytest.raises(Unreadable, match="state those of the file"):
        load_deeponet(path, ends="linear" if ends == "activated-trunk" else "activated-trunk")
    path.write_bytes(onnx.encode(model).replace(b"Transpose", b"Flattened"))
    with pytest.raises(Unreadable, match="got 'Flattened'"):
        load_deeponet(path, ends=ends)


def graph_of(attributes: dict[str, int | float], kernel: np.ndarray) -> bytes:
    """An ONNX graph of one Gemm, its kernel in `float_data`."""
    packed = np.ascontiguousarray(kernel, dtype="<f4").tobytes()
    tensor = message((1, kernel.shape[0]), (1, kernel.shape[1]), (2, 1), (8, b"branch.0.weight"), (4, packed))
    said = [
        (5, message((1, name.encode()), (3, value)))
        if isinstance(value, int)
        else (5, message((1, name.encode())) + b"\x15" + np.float32(value).tobytes())
        for name, value in attributes.items()
    ]
    node = message((1, b"x"), (1, b"branch.0.weight"), (1, b"c"), (2, b"y"), (4, b"Gemm"), *said)
    return message((7, message((1, node), (5, tensor))))


def test_what_a_gemm_says_of_its_kernel_is_heeded() -> None:
    kernel = np.arange(6.0).reshape(2, 3)
    for turned in (0, 1):
        found = onnx.arrays(graph_of({"transB": turned, "alpha": 1.0}, kernel))["branch.0.weight"]
        np.testing.assert_array_equal(found, kernel.T if turned else kernel)
    assert onnx.computed(graph_of({"alpha": 1.0, "beta": 1.0}, kernel)) == {"Gemm": 1}
    for attributes in ({"alpha": 0.5}, {"beta": 2.0}, {"transA": 1}):
        with pytest.raises(Unreadable, match="factors of 1"):
            onnx.computed(graph_of(attributes, kernel))


def keras_net(activations: tuple[str, ...] = ("tanh", "linear", "tanh", "tanh"), **layer: Any) -> tuple[bytes, DeepONetModel]:
    """A file as Keras writes it, of branch 5-4-3 and trunk 2-4-3, and the same net."""
    import h5py

    names, sizes = ("branch_0", "branch_1", "trunk_0", "trunk_1"), ((5, 4), (4, 3), (2, 4), (4, 3))
    generator = np.random.default_rng(3)
    made = [Layer(generator.standard_normal(size), generator.standard_normal(size[1])) for size in sizes]
    classes = [{"class_name": "Dense", "config": {"name": n, "activation": a}} for n, a in zip(names, activations, strict=True)]
    rest = [("InputLayer", {}), ("Dot", {}), ("Rescaling", {"scale": 1.0, "offset": 0.75})]
    classes += [{"class_name": kind, "config": config} for kind, config in [*rest, *layer.items()]]
    weights, content = io.BytesIO(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        for number, one in enumerate(made):
            group = f"layers/dense_{number}" if number else "layers/dense"
            file[f"{group}/vars/0"], file[f"{group}/vars/1"] = one.kernel, one.bias
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": classes}}))
        archive.writestr("model.weights.h5", weights.getvalue())
    net = DeepONet(5, 2, (4,), (4,), 3)
    return content.getvalue(), DeepONetModel(net, deeponet_weights(made[:2], made[2:], 0.75), generator.random((8, 2)))


def test_a_keras_net_is_the_net_whose_weights_and_offset_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    data, model = keras_net()
    path.write_bytes(data)
    net, weights = load_deeponet(path)
    assert net == model.net
    np.testing.assert_array_equal(net.apply(weights, INPUTS, model.points), model.predict(INPUTS))
    for other, said in (
        (keras_net(("tanh", "linear", "tanh", "linear"))[0], "state those of the file"),
        (keras_net(("relu", "linear", "tanh", "tanh"))[0], "state those of the file"),
        (keras_net(Normalization={})[0], "got a layer 'Normalization'"),
        (keras_net(Dot={})[0], "with one Dot"),
    ):
        path.write_bytes(other)
        with pytest.raises(Unreadable, match=said):
            load_deeponet(path)


def write(path: Path, model: DeepONetModel) -> None:
    contents = {
        ".npz": lambda: encode(model),
        ".onnx": lambda: onnx.encode(model),
        ".safetensors": lambda: safetensors.encode(safetensors.torch_names(model)),
    }
    path.write_bytes(contents[path.suffix]())


@pytest.mark.parametrize("suffix", [".npz", ".onnx", ".safetensors"])
def test_every_format_counts_alike_and_knows_the_deeponet(suffix: str, tmp_path: Path) -> None:
    model, path = model_of(), tmp_path / f"model{suffix}"
    write(path, model)
    found = count_file(path)
    assert found.net == model.net
    assert found.parameters == model.net.parameter_count() == (6 * 7 + 8 * 6 + 7 * 3) + (3 * 4 + 5 * 3) + 1
    assert found.rank == 3


def test_published_sizes_are_counted_as_published() -> None:
    assert count_net(DeepONet(200, 1, (64, 64, 64), (64, 64), 64)).parameters == 33_793
    linear = count_net(DeepONet(10, 1, (4,), (4,), 9, ends="linear"))
    assert linear.rank == 5
    assert linear.effective_parameters == linear.parameters - 9 * 10 + 5 * (10 - 5)


def test_a_net_without_hidden_layers_is_recognised() -> None:
    shapes = {"branch.0.weight": (3, 5), "branch.0.bias": (3,), "trunk.0.weight": (4, 1), "trunk.0.bias": (4,)}
    shapes |= {"trunk.2.weight": (3, 4), "trunk.2.bias": (3,), "b": (1,)}
    found = count_shapes({name: TensorShape(shape, 32) for name, shape in shapes.items()})
    assert found.net == DeepONet(5, 1, (), (4,), 3)
    assert found.parameters == 18 + 8 + 15 + 1


def test_complex_numbers_count_twice_and_counters_not_at_all() -> None:
    shapes = {
        "spectral": TensorShape((3, 4), 32, parts=2),
        "bias": TensorShape((5,), 32),
        "step": TensorShape((), 64, whole=True),
    }
    found = count_shapes(shapes)
    assert (found.parameters, found.complex_numbers, found.buffers, found.bits) == (29, 12, 1, 29 * 32)
    assert found.rank is None
    assert "no rank floor applies" in found.floors()["eckart-young"]


def test_what_noise_a_net_could_absorb_is_bounded_and_planned() -> None:
    found = count_net(DeepONet(10, 1, (4,), (4,), 2))
    few, many = found.absorbs(1_000), found.absorbs(10_000_000)
    assert few["at_most"] > many["at_most"]
    assert (many["at_most_status"], many["expected_status"]) == ("certified", "heuristic")
    assert many["expected"] == pytest.approx(1.2 * found.parameters / 1e7)
    assert many["at_most"] > many["expected"]


def torch_archive(state: Any, monkeypatch: pytest.MonkeyPatch, storages: dict[str, bytes] | None = None) -> bytes:
    """An archive as torch.save writes it: tensors are calls of torch._utils._rebuild_tensor_v2 on persistent storages."""

    def rebuild(*arguments: Any) -> None:
        raise AssertionError("nothing may be called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch, utilities = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "ComplexFloatStorage", "LongStorage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    utilities._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utilities)

    class Tensor:
        def __init__(self, kind: str, *shape: int, key: str = "0", offset: int = 0, strides: tuple[int, ...] = ()) -> None:
            self.kind, self.shape, self.key, self.offset, self.strides = kind, shape, key, offset, strides or shape

        def __reduce__(self) -> Any:
            storage = ("storage", getattr(torch, self.kind), self.key)
            return rebuild, (storage, self.offset, self.shape, self.strides, False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, one: Any) -> Any:
            return (*one, "cpu", 1) if isinstance(one, tuple) and one[:1] == ("storage",) else None

    buffer, content = io.BytesIO(), io.BytesIO()
    Pickler(buffer, protocol=2).dump(state(Tensor))
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("net/data.pkl", buffer.getvalue())
        for key, numbers in (storages or {}).items():
            archive.writestr(f"net/{key}", numbers)
    return content.getvalue()


def test_a_net_of_pytorch_is_read_without_unpickling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model = model_of().rounded()
    named = safetensors.torch_names(model)
    kernel = named["branch.0.weight"]
    storages = {f"data/{number}": array.astype("<f4").tobytes() for number, array in enumerate(named.values())}
    storages["data/0"] = np.concatenate([np.full(3, np.nan), kernel.T.ravel()]).astype("<f4").tobytes()  # a transposed view

    def state(tensor: Any) -> Any:
        tensors = OrderedDict()
        for number, (name, array) in enumerate(named.items()):
            steps = tuple(stride // array.itemsize for stride in np.ascontiguousarray(array).strides)
            tensors[name] = tensor("FloatStorage", *array.shape, key=str(number), strides=steps)
        tensors["branch.0.weight"] = tensor("FloatStorage", *kernel.shape, offset=3, strides=(1, kernel.shape[0]))
        return tensors

    path = tmp_path / "net.pt"
    path.write_bytes(torch_archive(state, monkeypatch, storages))
    net, weights = load_deeponet(path)
    assert net == model.net
    np.testing.assert_array_equal(net.apply(weights, INPUTS, model.points), model.predict(INPUTS))


@pytest.mark.parametrize(
    ("kind", "shape", "tensor", "storages", "said"),
    [
        ("FloatStorage", (2, 2), {"strides": (2, 1)}, {"data/0": bytes(12)}, "within their storages"),
        ("FloatStorage", (2, 2), {"strides": (2, 1), "offset": 2**62}, {"data/0": bytes(16)}, "within their storages"),
        ("FloatStorage", (2**20, 2**20), {"strides": (0, 0)}, {"data/0": bytes(16)}, "within their storages"),
        ("FloatStorage", (2, 2), {"strides": (2, 1)}, {}, "without the numbers"),
        ("FloatStorage", (2, 2), {"strides": (2, 1)}, {"data/0": bytes(16), "byteorder": b"big"}, "little endian"),
        ("ComplexFloatStorage", (2,), {"strides": (1,)}, {"data/0": bytes(16)}, "got ComplexFloatStorage"),
    ],
)
def test_tensors_outside_their_storages_are_refused(
    kind: str, shape: Any, tensor: Any, storages: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = torch_archive(lambda made: {"w": made(kind, *shape, **tensor)}, monkeypatch, storages)
    with pytest.raises(Unreadable, match=said):
        torch_file.arrays(data)


def test_tensors_of_pytorch_are_counted_without_unpickling(monkeypatch: pytest.MonkeyPatch) -> None:
    def state(tensor: Any) -> Any:
        weight = tensor("FloatStorage", 4, 3)
        complex_one = tensor("ComplexFloatStorage", 2, 2)
        return {
            "state": OrderedDict(weight=weight, spectral=complex_one, tracked=tensor("LongStorage")),
            "epoch": 3,
            "again": [weight],
        }

    found = torch_file.shapes(torch_archive(state, monkeypatch))
    assert found["state.weight"] == found["again.0"] == TensorShape((4, 3), 32)
    assert found["state.spectral"] == TensorShape((2, 2), 32, parts=2)
    assert found["state.tracked"].whole


class Evil:
    """What would make a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_code_in_a_pytorch_file_is_not_run(tmp_path: Path) -> None:
    content, sentinel = io.BytesIO(), tmp_path / "sentinel"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps({"weight": Evil(sentinel)}, protocol=2))
    path = tmp_path / "evil.pt"
    path.write_bytes(content.getvalue())
    with pytest.raises(Unreadable, match="expected a file with weights"):
        count_file(path)
    assert not sentinel.exists()


def keras_archive(config: Any) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    return content.getvalue()


@pytest.mark.parametrize(
    ("reader", "data", "said"),
    [
        (keras_file, keras_archive({"config": {"layers": [{"class_name": "Lambda", "config": {}}]}}), "without lambda layers"),
        (keras_file, keras_archive({"config": {}}), "weights that cannot be read"),
        (keras_file, b"PK\x03\x04 no archive", "damaged archive"),
        (torch_file, b"\x80\x02}.", "damaged archive"),
        (torch_file, keras_archive({}), "one small data.pkl"),
        (onnx, b"\xff" * 40, "damaged number"),
        (onnx, b"", "one graph"),
        (onnx, onnx.encode(model_of())[:-9], "ends within a field"),
        (safetensors, b"\xff" * 16, "without its header"),
        (safetensors, safetensors.encode(safetensors.torch_names(model_of()))[:-4], "does not end where"),
        (safetensors, (2).to_bytes(8, "little") + b"[]", "damaged header"),
    ],
)
def test_foreign_files_that_are_not_what_they_say_are_refused(reader: Any, data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        reader.shapes(data)


def test_a_file_of_another_kind_and_a_link_are_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "model.npz", model_of())
    (tmp_path / "link.npz").symlink_to(tmp_path / "model.npz")
    for name, said in (("model.pkl", "expected a file named"), ("link.npz", "symbolic link"), ("none.npz", "can be read")):
        with pytest.raises(UserError, match=said):
            count_file(tmp_path / name)
