"""Initial weights of other architectures than the DeepONet, array by array, each from the stream `init` of its name.

    kernels   W ~ N(0, 2 / (a + b)) over the last two axes: `glorot`
    vectors   0

Under the law `scaled`, what is named as layers of a net on the inputs (branch, scale, shift) or on the coordinates (trunk)
starts as branch and trunk of a DeepONet do (`bench.engines.initial_weights`): a first kernel that is fitted to its arguments,
first and hidden biases that are uniform. The ends of scale and shift start at 0, where a shift-DeepONet is a DeepONet. Other
laws are glorot here.
"""

import re

import numpy as np

from bench.cell import Cell
from bench.engines.initial_scales import FIRST_BIAS, HIDDEN_BIAS, TRUNK_SCALE, Part, input_factor, unit_range
from operators.architectures import Architecture
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.seeds import stream

LAYER = re.compile(r"(branch|scale|shift|trunk)_(\d+)_(kernel|bias)")
MOVES = ("scale", "shift")


def initial_arrays(cell: Cell, net: Architecture, inputs: Array | None, points: Array | None) -> Weights:
    """Draw the weights of a cell with such an architecture.

    Raises:
        ValueError: the law `scaled` without inputs or points.
    """
    shapes = net.shapes()
    drawn = {name: _glorot(cell, name, shape) for name, shape in shapes.items()}
    if cell.training.initialisation != "scaled":
        return Weights(drawn)
    if inputs is None or points is None:
        raise ValueError("expected scaled inputs and points for the initialisation 'scaled', got None")
    parts = {match[1] for name in shapes if (match := LAYER.fullmatch(name))}
    for part in sorted(parts):
        _scale(cell, part, drawn, points if part == "trunk" else inputs)
    return Weights(drawn)


def _scale(cell: Cell, part: str, drawn: dict[str, Array], arguments: Array) -> None:
    """Biases of a part, and its first kernel as it acts on centred arguments of unit size."""
    side: Part = "trunk" if part == "trunk" else "branch"
    biases = sorted(name for name in drawn if name.startswith(f"{part}_") and name.endswith("_bias"))
    ends = len([name for name in drawn if name.startswith(f"{part}_") and name.endswith("_kernel")]) - 1
    for name in biases:
        number = int(name.split("_")[1])
        if number < ends or ends == 0:
            width = (HIDDEN_BIAS if number else FIRST_BIAS)[side]
            drawn[name] = _stream(cell, name).uniform(-width, width, size=drawn[name].shape)
    first = f"{part}_0_kernel"
    unit = _stream(cell, first).standard_normal(drawn[first].shape)
    if side == "trunk":
        unit *= (TRUNK_SCALE / np.sqrt(arguments.shape[1]) * unit_range(arguments))[:, None]
    else:
        unit *= input_factor(arguments)
    drawn[first] = unit
    owner = f"{part}_0_bias" if f"{part}_0_bias" in drawn else "trunk_0_bias"
    drawn[owner] = drawn[owner] - (arguments.mean(axis=0)[:, None] * unit).sum(axis=0)
    if part in MOVES:
        drawn[f"{part}_{ends}_kernel"] = np.zeros_like(drawn[f"{part}_{ends}_kernel"])


def _glorot(cell: Cell, name: str, shape: tuple[int, ...]) -> Array:
    if len(shape) < 2:
        return np.zeros(shape)
    return np.sqrt(2.0 / sum(shape[-2:])) * _stream(cell, name).standard_normal(shape)


def _stream(cell: Cell, name: str) -> np.random.Generator:
    return stream("init", cell.replicate, cell.restart, name, "kernel")
