"""A DeepONet as an ONNX graph, and the shapes of the initialisers of any ONNX file, without the package `onnx`.

    branch (N, m), trunk (P, p)  ->  output (N, P) = B T^T + b0,    B, T = Gemm, Tanh, Gemm, ...

float32, opset 13. Field numbers are those of onnx.proto3 (github.com/onnx/onnx).
"""

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
    graphs = [value for number, value in fields(data) if number == 7 and isinstance(value, bytes)]
    if len(graphs) != 1:
        raise Unreadable("expected an ONNX file with one graph, got none")
    found: dict[str, TensorShape] = {}
    for number, value in fields(graphs[0]):
        if number == 5 and isinstance(value, bytes):
            name, shape = _initialiser(value)
            found[name or f"tensor_{len(found)}"] = shape
    return found


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
