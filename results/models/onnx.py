"""A DeepONet as an ONNX graph, and the initialisers of any ONNX file, without the package `onnx`.

    branch (N, m), trunk (P, p)  ->  output (N, P) = B T^T + b0,    B, T = Gemm, Tanh, Gemm, ...

float32, opset 13. Field numbers are those of onnx.proto3 (github.com/onnx/onnx).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.errors import UserError
from results.models.deeponet_model import DeepONetModel
from results.models.protobuf import Field, fields, message
from results.models.safetensors import TensorShape
from results.witnesses.untrusted_files import Unreadable

IR_VERSION, OPSET = 8, 13
FLOAT = 1
BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16}
COMPLEX, WHOLE = (14, 15), (2, 3, 4, 5, 6, 7, 9, 12, 13)
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
OPERATORS = {"Gemm", "MatMul", "Transpose", "Add", "Identity", *ACTIVATIONS.values()}
MOST_AXES = 16


def encode(model: DeepONetModel) -> bytes:
    """The model as a file.

    Raises:
        UserError: an activation or ends that one ONNX operator does not express.
    """
    net = model.net
    if net.activation not in ACTIVATIONS or net.ends == "sigmoid":
        raise UserError(
            f"expected an activation among {sorted(ACTIVATIONS)} and ends other than 'sigmoid' for ONNX, got {net.activation!r}"
            f" and {net.ends!r}; use the PyTorch file"
        )
    nodes: list[bytes] = []
    tensors: list[bytes] = []
    ends = []
    for part, widths, activated in (
        ("branch", net.branch_widths, False),
        ("trunk", net.trunk_widths, net.ends == "activated-trunk"),
    ):
        value = part
        for number in range(len(widths) + 1):
            kernel, bias = f"{part}_{number}_kernel", f"{part}_{number}_bias"
            tensors += [_tensor(kernel, model.weights[kernel]), _tensor(bias, model.weights[bias])]
            nodes.append(_node("Gemm", [value, kernel, bias], f"{part}_{number}_affine"))
            value = f"{part}_{number}_affine"
            if number < len(widths) or activated:
                nodes.append(_node(ACTIVATIONS[net.activation], [value], f"{part}_{number}_active"))
                value = f"{part}_{number}_active"
        ends.append(value)
    tensors.append(_tensor("bias", model.weights["bias"]))
    nodes += [
        _node("Transpose", [ends[1]], "trunk_transposed"),
        _node("MatMul", [ends[0], "trunk_transposed"], "product"),
        _node("Add", ["product", "bias"], "output"),
    ]
    graph = message(
        *((1, node) for node in nodes),
        (2, b"deeponet"),
        *((5, tensor) for tensor in tensors),
        (11, _value("branch", "functions", net.sensors)),
        (11, _value("trunk", "points", net.coordinates)),
        (12, _value("output", "functions", "points")),
    )
    return message((1, IR_VERSION), (2, b"deeponet-size-bounds"), (7, graph), (8, message((1, b""), (2, OPSET))))


def shapes(data: bytes) -> dict[str, TensorShape]:
    """Shapes of the initialisers of an untrusted file: what it stores as weights.

    Raises:
        Unreadable: no ONNX file, or a damaged one.
    """
    return {name: shape for name, (shape, _) in _initialisers(_graph(data)).items()}


def arrays(data: bytes) -> dict[str, NDArray[np.float64]]:
    """The initialisers of real numbers, kernels as (fan in, fan out) whatever a Gemm's transB says.

    Raises:
        Unreadable: as `shapes`, or numbers of another type than float32 or float64, or outside the file.
    """
    graph = _graph(data)
    turned = {node.inputs[1] for node in _nodes(graph) if node.operator == "Gemm" and node.numbers.get("transB", 0) == 1}
    found = {}
    for name, (shape, tensor) in _initialisers(graph).items():
        if not shape.whole:
            array = _numbers(shape, tensor)
            found[name] = array.T.copy() if name in turned else array
    return found


def computed(data: bytes) -> dict[str, int]:
    """How often each operator of a graph stands there, if they are those of a DeepONet with plain products.

    Raises:
        Unreadable: as `shapes`, or other operators or factors.
    """
    counts: dict[str, int] = {}
    for node in _nodes(_graph(data)):
        factors = {node.numbers.get(name, 1) for name in ("alpha", "beta")} | {1 - node.numbers.get("transA", 0)}
        if node.operator not in OPERATORS or (node.operator == "Gemm" and factors != {1}):
            raise Unreadable(
                f"expected an ONNX DeepONet of {', '.join(sorted(OPERATORS))} with factors of 1, got {node.operator[:40]!r}; save"
                " its weights as safetensors"
            )
        counts[node.operator] = counts.get(node.operator, 0) + 1
    return counts


@dataclass(frozen=True)
class Node:
    """An operator of a graph, the names of its inputs, and its attributes that are numbers."""

    operator: str
    inputs: tuple[str, ...]
    numbers: dict[str, float]


def _graph(data: bytes) -> bytes:
    graphs = [value for number, value in fields(data) if number == 7 and isinstance(value, bytes)]
    if len(graphs) != 1:
        raise Unreadable("expected an ONNX file with one graph, got none")
    return graphs[0]


def _initialisers(graph: bytes) -> dict[str, tuple[TensorShape, bytes]]:
    found: dict[str, tuple[TensorShape, bytes]] = {}
    for number, value in fields(graph):
        if number == 5 and isinstance(value, bytes):
            name, shape = _initialiser(value)
            found[name or f"tensor_{len(found)}"] = shape, value
    return found


def _nodes(graph: bytes) -> list[Node]:
    found = []
    for number, value in fields(graph):
        if number == 1 and isinstance(value, bytes):
            parts = [(field, one) for field, one in fields(value) if isinstance(one, bytes)]
            names = tuple(one.decode("utf-8", "replace") for field, one in parts if field == 1)
            operator = next((one.decode("utf-8", "replace") for field, one in parts if field == 4), "")
            found.append(Node(operator, names, dict(_attribute(one) for field, one in parts if field == 5)))
    for node in found:
        if node.operator == "Gemm" and len(node.inputs) != 3:
            raise Unreadable("expected every Gemm of the ONNX file with a kernel and a bias, got one without")
    return found


def _attribute(data: bytes) -> tuple[str, float]:
    """Name and number of an attribute; 0 for others."""
    name, number = "", 0.0
    for field, value in fields(data):
        if field == 1 and isinstance(value, bytes):
            name = value.decode("utf-8", "replace")
        elif field == 2 and isinstance(value, bytes) and len(value) == 4:
            number = float(np.frombuffer(value, dtype="<f4")[0])
        elif field == 3 and isinstance(value, int):
            number = float(value)
    return name, number


def _numbers(shape: TensorShape, data: bytes) -> NDArray[np.float64]:
    """The numbers of an initialiser: `raw_data`, or packed `float_data` or `double_data`."""
    kind = {32: "<f4", 64: "<f8"}.get(shape.bits) if shape.parts == 1 else None
    place = 4 if shape.bits == 32 else 10
    content = b"".join(value for field, value in fields(data) if field in (9, place) and isinstance(value, bytes))
    if kind is None or 8 * len(content) != shape.bits * shape.numbers:
        raise Unreadable("expected initialisers of float32 or float64 numbers within the ONNX file, got others")
    return np.frombuffer(content, dtype=kind).astype(np.float64).reshape(shape.shape)


def _initialiser(data: bytes) -> tuple[str, TensorShape]:
    sides: list[int] = []
    kind, name = FLOAT, ""
    for number, value in fields(data):
        if number == 1:
            sides += [value] if isinstance(value, int) else _packed(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, bytes):
            name = value.decode("utf-8", "replace")
    if kind not in BITS or len(sides) > MOST_AXES or any(side >= 2**63 for side in sides):
        raise Unreadable("expected initialisers of numbers in the ONNX file, got another type or shape")
    parts = 2 if kind in COMPLEX else 1
    return name, TensorShape(tuple(sides), BITS[kind] // parts, parts, kind in WHOLE)


def _packed(data: bytes) -> list[int]:
    """Whole numbers one after the other, as proto3 packs them: read as the values of fields of number 1."""
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value, shift = 0, 0
    return values


def _tensor(name: str, values: NDArray) -> bytes:
    content = np.ascontiguousarray(values, dtype="<f4").tobytes()
    sides: list[Field] = [(1, side) for side in values.shape]
    return message(*sides, (2, FLOAT), (8, name.encode()), (9, content))


def _node(operator: str, inputs: list[str], output: str) -> bytes:
    return message(*((1, name.encode()) for name in inputs), (2, output.encode()), (3, output.encode()), (4, operator.encode()))


def _value(name: str, *sides: int | str) -> bytes:
    dimensions = [(1, message((1, side) if isinstance(side, int) else (2, side.encode()))) for side in sides]
    return message((1, name.encode()), (2, message((1, message((1, FLOAT), (2, message(*dimensions)))))))
