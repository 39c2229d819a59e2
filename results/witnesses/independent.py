"""A second evaluation of a witness that shares no line with the first: Python's floats one by one, sums exact by `math.fsum`.

    |y - h| / |y|,   h(u, y) = mu + s (<branch(u'), trunk(y')> + b0)

Scalings, layers and ends are written out here from docs/leaderboard.md. The data set alone is shared; what it holds is checked by
its own tests. Some seconds a witness, so it stands beside published witnesses, not in a search.
"""

import math
from collections.abc import Callable, Sequence
from operator import mul

from operators.architectures import DeepONet
from operators.data.dataset import Dataset
from results.witnesses.file import Witness

Vector = list[float]
ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 0.5 * (1.0 + math.tanh(0.5 * x)),
}


def independent_error(witness: Witness, dataset: Dataset) -> float | None:
    """The error |y - h| / |y| over all training labels; None about new functions, and for nets that are not written out here."""
    header, net = witness.header, witness.header.net()
    if header.target.kind == "population" or not isinstance(net, DeepONet) or net.activation not in ACTIVATIONS:
        return None
    constants = dataset.constants
    inputs = [list(map(float, row)) for row in dataset.inputs]
    if header.scaling.inputs == "standard":
        inputs = [[(u - constants.input_mean) / constants.input_std for u in row] for row in inputs]
    points = [list(map(float, row)) for row in dataset.points]
    if header.scaling.coordinates == "unit":
        ends = [(min(axis), max(axis)) for axis in zip(*points, strict=True)]
        points = [[2.0 * (x - low) / (high - low) - 1.0 for x, (low, high) in zip(row, ends, strict=True)] for row in points]
    branch = _part(witness, "branch", len(net.branch_widths) + 1, activated=net.ends == "sigmoid")
    trunk = _part(witness, "trunk", len(net.trunk_widths) + 1, activated=net.ends in ("sigmoid", "activated-trunk"))
    last = "sigmoid" if net.ends == "sigmoid" else net.activation
    ours = [branch(row, ACTIVATIONS[net.activation], ACTIVATIONS[last]) for row in inputs]
    used = set(dataset.index.ravel().tolist())
    theirs = {point: trunk(points[point], ACTIVATIONS[net.activation], ACTIVATIONS[last]) for point in used}
    offset, mu, s = float(witness.weights["bias"][0]), float(constants.output_mean), float(constants.output_std)
    squares, energy = Vector(), Vector()
    for number, labels in enumerate(dataset.labels.tolist()):
        rows = dataset.index if dataset.index.ndim == 1 else dataset.index[number]
        for label, point in zip(labels, rows.tolist(), strict=True):
            h = mu + s * (math.fsum(map(mul, ours[number], theirs[point])) + offset)
            squares.append((label - h) ** 2)
            energy.append(label**2)
    return math.sqrt(math.fsum(squares) / math.fsum(energy))


def _part(witness: Witness, part: str, layers: int, *, activated: bool) -> Callable[..., Vector]:
    """The map of one of the two nets: x, activation, activation of the last layer -> values."""
    named = witness.weights
    columns = [list(map(list, zip(*named[f"{part}_{number}_kernel"].tolist(), strict=True))) for number in range(layers)]
    biases = [named[f"{part}_{number}_bias"].tolist() for number in range(layers)]

    def values(x: Sequence[float], hidden: Callable[[float], float], last: Callable[[float], float]) -> Vector:
        found = list(x)
        for number, (kernel, bias) in enumerate(zip(columns, biases, strict=True)):
            found = [math.fsum(map(mul, found, column)) + c for column, c in zip(kernel, bias, strict=True)]
            if number < layers - 1:
                found = list(map(hidden, found))
            elif activated:
                found = list(map(last, found))
        return found

    return values
