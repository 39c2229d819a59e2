"""How growth is measured along rays, and how SGD and Langevin dynamics are run."""

import numpy as np

from bench.families.family import Context
from bench.families.measuring import Measuring
from operators.arrays import Array
from operators.companions.equation_loss import EquationLoss
from operators.companions.equations import EQUATIONS
from operators.companions.villani import ACTIVATIONS, Heads, Loss, TwoLayers, autocorrelation_time
from operators.seeds import stream
from results.families.villani import EXPONENTS, RESIDUAL, Cell, Measured

SAMPLES, INPUTS, NOISE = 32, 4, 0.1
SENSORS, OUTPUTS, PAIRS = 4, 4, 8
POINTS = 64
START, RATE, BATCH = 3.0, 0.05, 4
TEMPERATURE, BURN_IN = 0.05, 0.1
REPORT_EVERY = 1000


class VillaniExecution(Measuring):
    """Measures rays and runs algorithms."""

    name = "villani"
    cell = Cell
    rough_seconds = 0.5

    def measure(self, cell: Cell, context: Context) -> Measured:
        """As the cell asks."""
        loss = _loss(cell)
        weight = cell.strength * (loss.threshold() if isinstance(loss, TwoLayers) else 1.0)
        if cell.experiment == "rays":
            return _rays(cell, loss, weight)
        assert isinstance(loss, TwoLayers)
        values = _run(cell, loss, weight, context)
        last = float(values[-max(len(values) // 10, 1) :].mean())
        if cell.experiment == "sgd":
            return Measured(weight=weight, final_loss=last)
        time = autocorrelation_time(values[int(BURN_IN * len(values)) :]) * _rate(weight)
        return Measured(weight=weight, final_loss=last, autocorrelation_time=time)

    def label(self, cell: Cell) -> str:
        """Experiment, loss and strength."""
        return f"villani {cell.experiment}, {cell.loss}, {cell.activation}, width {cell.width}, strength {cell.strength:g}"


def _loss(cell: Cell) -> Loss:
    """The loss on its data: inputs on the unit sphere, labels of unit scale, outer weights of Euclidean norm 1 an output."""
    random = stream("inputs", "villani", cell.loss, cell.replicate if cell.experiment == "rays" else 0)
    equation = EQUATIONS.get(cell.loss.removesuffix(RESIDUAL))
    if equation is not None:
        outer = random.choice([-1.0, 1.0], (len(equation.unknowns), cell.width)) / np.sqrt(cell.width)
        return EquationLoss(equation, random.uniform(size=(POINTS, equation.coordinates)), outer)
    outer = random.choice([-1.0, 1.0], cell.width) / np.sqrt(cell.width)
    if cell.loss == "two layers":
        x = _on_the_sphere(random, SAMPLES, INPUTS)
        labels = np.sin(2.0 * x @ random.standard_normal(INPUTS)) + NOISE * random.standard_normal(SAMPLES)
        return TwoLayers(x, labels, outer, ACTIVATIONS[cell.activation])
    u, y = _on_the_sphere(random, PAIRS, SENSORS), random.uniform(-1.0, 1.0, (PAIRS, 2))
    labels = random.standard_normal((PAIRS, PAIRS))
    branch, trunk = (random.standard_normal((OUTPUTS, cell.width)) / np.sqrt(cell.width) for _ in range(2))
    return Heads(u, y, labels, branch, trunk, trained=cell.loss == "trained heads")


def _on_the_sphere(random: np.random.Generator, count: int, dimension: int) -> Array:
    drawn = random.standard_normal((count, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1)[:, None])


def _rays(cell: Cell, loss: Loss, weight: float) -> Measured:
    """The worst over directions at each radius."""
    directions = loss.directions(stream("points", "villani", cell.replicate), cell.steps)
    found = [[loss.growth(10.0**exponent * one, weight) for one in directions] for exponent in EXPONENTS]
    ratios = [
        min(point.slope - point.laplacian for point in points) / (weight * 10.0**exponent) ** 2
        for exponent, points in zip(EXPONENTS, found, strict=True)
    ]
    temperature = min(point.temperature() for point in found[-1])
    return Measured(
        weight=weight,
        ratios=tuple(ratios),
        inner=min(point.inner for points in found for point in points),
        inner_bound=loss.least_inner() if isinstance(loss, TwoLayers) else None,
        temperature=temperature if np.isfinite(temperature) else None,
    )


def _rate(weight: float) -> float:
    """The step size, stable for the regulariser too."""
    return RATE / max(1.0, weight)


def _run(cell: Cell, loss: TwoLayers, weight: float, context: Context) -> Array:
    """F at each step of SGD on minibatches, or of the unadjusted Langevin algorithm at its temperature."""
    start, noise = stream("init", "villani", cell.replicate), stream("batches", "villani", cell.replicate)
    noisy = cell.experiment == "langevin"
    scale = np.sqrt(TEMPERATURE / weight) if noisy else START
    theta, values = scale * start.standard_normal(loss.count), np.empty(cell.steps)
    rate = _rate(weight)
    for step in range(cell.steps):
        value, gradient = loss.value_and_gradient(theta)
        values[step] = value + 0.5 * weight * float(theta @ theta)
        if noisy:
            kick = np.sqrt(2.0 * rate * TEMPERATURE) * noise.standard_normal(loss.count)
        else:
            gradient, kick = loss.value_and_gradient(theta, noise.integers(0, SAMPLES, BATCH))[1], 0.0
        theta = theta - rate * (gradient + weight * theta) + kick
        if step % REPORT_EVERY == 0:
            context.report(step)
    return values
