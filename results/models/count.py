"""How large is a net? Parameters, rank, bits, and what each of them limits.

    d       real numbers among the weights: a complex one counts twice
    d_eff   d less a proved redundancy (`DeepONet.effective_parameter_count`); d for nets that are not recognised
    q_eff   the rank that the outputs of all inputs at common points can have, less a constant; none is stated for other nets

A file is recognised as a DeepONet where its arrays are those of a part `branch` and a part `trunk`, each a chain of affine layers
that end in one width q, and at most one number beside. Activations and ends are not in such files: they are stated by who asks.

What n labels of noise such a net could absorb, as a fraction of the noise: at most, certified, by counting bits
(`operators.bounds.bit_counting`); about, a heuristic for planning, by d_eff (`operators.bounds.effective_parameters`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from operators.architectures.architecture import Architecture
from operators.architectures.deeponet import DeepONet, Ends
from operators.bounds import bit_counting, eckart_young, effective_parameters, rank_to_parameters
from operators.bounds.bound import probability_text
from operators.bounds.lemmas.rates import Law
from operators.bounds.setting import FAILURE_PROBABILITY
from operators.errors import UserError
from results.models import deeponet_model, keras_file, onnx, safetensors, torch_file
from results.models.safetensors import TensorShape
from results.witnesses.file import decode as decode_witness
from results.witnesses.untrusted_files import Unreadable, read_regular

MOST_BYTES = 2**30
Kind = Literal["npz", "keras", "pt", "onnx", "safetensors"]
KINDS: dict[str, Kind] = {
    ".npz": "npz",
    ".keras": "keras",
    ".pt": "pt",
    ".pth": "pt",
    ".onnx": "onnx",
    ".safetensors": "safetensors",
}
PART = re.compile(r"(?:^|[./_])(branch|trunk)(?![a-z])")


@dataclass(frozen=True)
class Count:
    """What is known of a net by its sizes.

    Attributes:
        parameters: d.
        arrays: how many arrays of weights there are.
        complex_numbers: how many complex numbers are among them, each counted twice.
        bits: bits that store the weights.
        net: the architecture, where it is known.
        buffers: numbers that are whole or true or false, and no parameters.
    """

    parameters: int
    arrays: int
    complex_numbers: int
    bits: int
    net: Architecture | None
    buffers: int = 0

    @property
    def effective_parameters(self) -> int:
        """d_eff."""
        net = self.net
        return self.parameters - (0 if net is None else net.parameter_count() - net.effective_parameter_count())

    @property
    def rank(self) -> int | None:
        """q_eff; None where no limit is stated."""
        return None if self.net is None else self.net.output_rank()

    def floors(self) -> dict[str, str]:
        """Which lower bounds apply to this net, and why or why not."""
        rank = self.rank
        ranked = "no limit of rank is stated for this net: no rank floor applies"
        if rank is not None:
            ranked = f"applies on a grid: |Y - H| is at least what rank {rank} and a constant leave of the labels"
        return {
            eckart_young.BOUND.name: ranked,
            rank_to_parameters.BOUND.name: "applies" if rank is not None else "no limit of rank is stated for this net",
            bit_counting.BOUND.name: f"applies to noise drawn once: {self.bits:,} bits",
        }

    def absorbs(self, labels: int, law: Law = "gaussian") -> dict[str, Any]:
        """What fraction of the noise of n labels such a net could absorb."""
        per_parameter = max(1, -(-self.bits // max(self.parameters, 1)))
        most = bit_counting.absorbable_fraction(labels, self.parameters, law=law, bits=per_parameter)
        return {
            "labels": labels,
            "law": law,
            "at_most": most,
            "at_most_status": "vacuous" if most >= 1.0 else bit_counting.BOUND.status,
            "probability": probability_text(1.0 - FAILURE_PROBABILITY),
            "expected": effective_parameters.absorbed_fraction(labels, self.effective_parameters),
            "expected_status": effective_parameters.BOUND.status,
        }

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        net = self.net
        facts: dict[str, Any] = {
            "d": self.parameters,
            "d_eff": self.effective_parameters,
            "q": net.q if isinstance(net, DeepONet) else None,
            "q_eff": self.rank,
            "bits": self.bits,
            "arrays": self.arrays,
            "complex_numbers": self.complex_numbers,
            "buffers": self.buffers,
            "architecture": None if net is None else net.name,
            "floors": self.floors(),
        }
        if isinstance(net, DeepONet):
            facts |= {"branch": list(net.branch_sizes()), "trunk": list(net.trunk_sizes()), "ends": net.ends}
        return facts


def count_net(net: Architecture, bits: int = 32) -> Count:
    """The count of an architecture stored in this many bits a parameter."""
    d = net.parameter_count()
    return Count(d, len(net.shapes()), 0, bits * d, net)


def count_file(path: Path, ends: Ends = "activated-trunk") -> Count:
    """The count of an untrusted file of this suite, Keras, PyTorch, ONNX or safetensors. Nothing in it is run.

    Args:
        path: the file; its ending says what it is.
        ends: what ends branch and trunk, where a DeepONet is recognised.

    Raises:
        UserError: another ending, or a file that is not what its ending says.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"expected a file named *{', *'.join(KINDS)}, got {path.name!r}; save the weights in one of these")
    data = read_regular(path, MOST_BYTES)
    if kind == "npz":
        found = deeponet_model.decode(data) if deeponet_model.is_model(data) else None
        if found is not None:
            return count_net(found.net, found.weights.bits())
        witness = decode_witness(data)
        return count_net(witness.header.net(), witness.bits)
    readers = {"keras": keras_file, "pt": torch_file, "onnx": onnx, "safetensors": safetensors}
    return count_shapes(readers[kind].shapes(data), ends)


def count_shapes(shapes: Mapping[str, TensorShape], ends: Ends = "activated-trunk") -> Count:
    """The count of arrays of known shapes: those of real and complex numbers are weights.

    Raises:
        Unreadable: no weights at all.
    """
    weights = {name: shape for name, shape in shapes.items() if not shape.whole}
    if not weights:
        raise Unreadable("expected a file with weights, got none; save the whole state")
    return Count(
        parameters=sum(shape.numbers for shape in weights.values()),
        arrays=len(weights),
        complex_numbers=sum(shape.numbers // 2 for shape in weights.values() if shape.parts == 2),
        bits=sum(shape.numbers * shape.bits for shape in weights.values()),
        net=recognised(weights, ends),
        buffers=sum(shape.numbers for shape in shapes.values() if shape.whole),
    )


def recognised(weights: Mapping[str, TensorShape], ends: Ends = "activated-trunk") -> DeepONet | None:
    """The DeepONet whose weights these are; None where they are of another net."""
    parts: dict[str, list[TensorShape]] = {"branch": [], "trunk": []}
    beside: list[TensorShape] = []
    for name, shape in sorted(weights.items(), key=lambda item: by_number(item[0])):
        match = PART.search(name)
        (beside if match is None else parts[match[1]]).append(shape)
    chains = {part: chain(shapes) for part, shapes in parts.items()}
    if chains["branch"] is None or chains["trunk"] is None:
        return None
    branch, trunk = chains["branch"][0], chains["trunk"][0]
    if branch[-1] != trunk[-1] or sum(shape.numbers for shape in beside) > 1:
        return None
    if any(shape.parts != 1 for shape in weights.values()):
        return None
    return DeepONet(branch[0], trunk[0], branch[1:-1], trunk[1:-1], branch[-1], ends=ends)


def by_number(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts `branch.10.weight` after `branch.2.weight`: files may hold layers in the order of the alphabet."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def chain(shapes: list[TensorShape], *, turned: bool = False) -> tuple[tuple[int, ...], bool] | None:
    """Sizes m, w_1, ..., q of affine layers in order, and whether kernels are stored as (out, in); None if they are no chain.

    Of square kernels shapes do not tell: they are as `turned` says.
    """
    kernels = [shape.shape for shape in shapes if len(shape.shape) == 2]
    biases = [shape.shape[0] for shape in shapes if len(shape.shape) == 1]
    if not kernels or len(kernels) + len(biases) != len(shapes) or len(biases) != len(kernels):
        return None
    for way in (turned, not turned):
        layers = [kernel[::-1] if way else kernel for kernel in kernels]
        joined = all(before[1] == after[0] for before, after in pairwise(layers))
        if joined and [layer[1] for layer in layers] == biases:
            return (layers[0][0], *(layer[1] for layer in layers)), way
    return None
