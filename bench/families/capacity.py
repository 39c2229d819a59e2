"""How a bias-free DeepONet is trained on Burgers' equation, and its capacity set against the gap."""

import math

import numpy as np

from bench.families.family import Context
from bench.families.measuring import Measuring
from operators.arrays import Array
from operators.bounds.rademacher import capacity, complexity
from operators.companions import absolute_nets as nets
from operators.seeds import stream
from results.families.capacity import CHANCE, Cell, Measured

TEST_FUNCTIONS, TEST_POINTS = 100, 400


class CapacityExecution(Measuring):
    """Trains and measures."""

    name = "capacity"
    cell = Cell
    rough_seconds = 2.0

    def measure(self, cell: Cell, context: Context) -> Measured:
        """Losses, capacity, bounds."""
        delta = 2.0 ** -(cell.layers - 1)
        u, y, labels = _pairs("inputs", cell.functions, cell.points, cell.replicate)
        matrices = _trained(cell, (u, y, labels), delta)
        branch, trunk = matrices[: cell.layers], matrices[cell.layers :]
        held_out = _pairs("test", TEST_FUNCTIONS, TEST_POINTS, cell.replicate)
        train, test = (nets.loss(branch, trunk, *pairs, delta=delta)[0] for pairs in ((u, y, labels), held_out))
        found = capacity(branch, trunk)
        norms = np.sum(u**2, axis=1) * np.sum(y**2, axis=1)
        pairs = complexity(found, cell.layers, data_norm=math.sqrt(norms.sum()), n=len(labels))
        return Measured(
            train_loss=train,
            test_loss=test,
            gap=test - train,
            capacity=found,
            complexity=pairs,
            bound_pairs=2.0 * delta * pairs,
            bound=_bound(cell, found, norms, float(np.abs(labels).max()), delta=delta),
        )

    def label(self, cell: Cell) -> str:
        """Size."""
        return f"capacity N={cell.functions}, P={cell.points}, L={cell.layers}, {cell.steps} steps"


def _pairs(name: str, functions: int, points: int, replicate: int) -> tuple[Array, Array, Array]:
    """Sensor values (N P, 100), coordinates (N P, 3) and labels (N P,); each function has points of its own."""
    random = stream("test" if name == "test" else "inputs", "capacity", replicate)
    coefficients = nets.AMPLITUDE * random.standard_normal((functions, nets.WAVES))
    places = stream("points", "capacity", name, replicate)
    x, t = (places.uniform(low, high, (functions, points)) for low, high in ((-np.pi, np.pi), (0.0, 1.0)))
    u = np.repeat(nets.initial_values(coefficients, nets.sensors()), points, axis=0)
    return u, nets.coordinates(x, t).reshape(-1, 3), nets.solutions(coefficients, x, t).ravel()


def _trained(cell: Cell, data: tuple[Array, Array, Array], delta: float) -> nets.Matrices:
    """Weight matrices, branch first."""
    start, order = (stream(name, "capacity", cell.replicate) for name in ("init", "batches"))
    hidden = (cell.width,) * cell.layers
    matrices = (*nets.start((nets.SENSORS, *hidden), start), *nets.start((3, *hidden), start))
    batches = order.integers(0, len(data[2]), (cell.steps, min(cell.batch, len(data[2]))))
    return nets.trained(matrices, *data, list(batches), delta=delta, rate=cell.rate)


def _bound(cell: Cell, found: float, norms: Array, largest: float, *, delta: float) -> float:
    """Upper bound of the gap with probability 1 - CHANCE, if fresh functions are no larger than those of the training.

    2 delta Rad + 3 span sqrt(ln(2 / chance) / (2 N)), Rad on the very data. Functions are the independent units: of the average
    over their points the supremum is at most the average of the suprema, each over N pairs. The loss is delta-Lipschitz and at
    most span = delta (|h| + |label|), |h| <= capacity |u| |y|. The capacity is rounded up to a power of two 2^k, k of either
    sign, and a share 3 / (pi^2 (|k| + 1)^2) of the chance is left to each k, of which there are two per |k|.
    """
    power = math.ceil(math.log2(found))
    c, chance = 2.0**power, CHANCE * 3.0 / (math.pi * (abs(power) + 1)) ** 2
    per_function = norms.reshape(cell.functions, cell.points).mean(axis=1)
    rademacher = complexity(c, cell.layers, data_norm=math.sqrt(per_function.sum()), n=cell.functions)
    span = delta * (c * math.sqrt(float(norms.max())) + largest)
    return 2.0 * delta * rademacher + 3.0 * span * math.sqrt(math.log(2.0 / chance) / (2.0 * cell.functions))
