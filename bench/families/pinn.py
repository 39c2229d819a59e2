"""How a physics-informed net is trained on labels whose noise is frozen, and its risk set against what counting allows."""

import math
import time
from collections.abc import Callable

import numpy as np

from bench.engines import physics_informed as native
from bench.engines.physics_informed import PhysicsInformed, Trained
from bench.families.family import Context, Execution, Result, Work
from operators.arrays import Array
from operators.bounds.lemmas.counted_risk import demanded_parameters, least_risk, linear_share
from operators.companions.equations import EQUATIONS, Equation
from operators.companions.frozen_outer import FrozenOuterNet, drawn
from operators.companions.polynomials import fitted, polynomials
from operators.seeds import stream
from results.families.pinn import Cell, Measured
from results.records.record import Cost

STORED_BITS = 32
SECONDS_PER_STEP = {"native": 1e-3, "deepxde": 3e-2}
SECONDS_PER_UNIT = {"adamw": 7e-5, "l-bfgs": 7e-5, "levenberg-marquardt": 2.5e-3}


class PhysicsInformedExecution(Execution):
    """Trains and measures."""

    name = "pinn"
    cell = Cell

    def run(self, cell: Cell, context: Context) -> Result:
        """Train, and measure in float64 the numbers that float32 stores."""
        started, begun = time.process_time(), time.monotonic()
        training, truth = trial(cell)

        def report(step: int) -> bool:
            context.report(step)
            return context.timeout_seconds is None or time.monotonic() - begun < context.timeout_seconds

        found = _engine(cell)(training.as_type(np.float32) if cell.recipe == "adamw" else training, report)
        finite = bool(np.all(np.isfinite(found.inner)) and np.all(np.isfinite(found.curve[-1][1])))
        measured = measure(cell, training, found, truth) if finite and not found.stopped else None
        return Result(
            measured=measured,
            status="done" if measured else "timeout" if finite else "diverged",
            curve=tuple((step, sum(terms[:-1]) + cell.weight * terms[-1]) for step, terms in found.curve),
            cost=Cost(steps=found.curve[-1][0], seconds=0.0, cpu_seconds=time.process_time() - started),
        )

    def work(self, cell: Cell) -> Work:
        """Steps of a width."""
        seconds, how = SECONDS_PER_STEP[cell.engine] + SECONDS_PER_UNIT[cell.recipe] * cell.width, (cell.engine, cell.recipe)
        kinds = ((*how, cell.equation, str(cell.width)), (*how, cell.equation), how)
        return Work(steps=cell.iterations, flops=1e3 * cell.width * cell.iterations, kinds=kinds, rough=(1.0, seconds, 0.0))

    def label(self, cell: Cell) -> str:
        """What is trained."""
        how = f"{cell.iterations} steps of {cell.recipe}, {cell.engine}"
        return f"pinn {cell.equation}, width {cell.width}, sigma {cell.sigma:g}, {how}"


def _engine(cell: Cell) -> Callable[[PhysicsInformed, Callable[[int], bool]], Trained]:
    if cell.engine == "native":
        return native.trained
    from bench.engines.deepxde import physics_informed as deepxde

    return deepxde.trained


def trial(cell: Cell) -> tuple[PhysicsInformed, Array]:
    """The training in float64, and the solution at its labelled points. Noise of all sigma is one draw, scaled."""
    equation = EQUATIONS[cell.equation]
    truth = equation.solution(equation.labelled_points())
    noise = stream("noise", "pinn", cell.equation, cell.replicate).uniform(-math.sqrt(3.0), math.sqrt(3.0), truth.shape)
    start = stream("init", "pinn", cell.equation, cell.width, cell.replicate)
    outer, inner = (
        array.astype(np.float32).astype(np.float64) for array in drawn(cell.width, truth.shape[1], equation.coordinates, start)
    )
    settings = (cell.weight, cell.rate, cell.decay, cell.iterations, cell.recipe)
    return PhysicsInformed(equation, outer, inner, truth + cell.sigma * noise, *settings), truth


def measure(cell: Cell, training: PhysicsInformed, found: Trained, truth: Array) -> Measured:
    """Unweighted risk of the stored numbers against the realised noise, counting, and the polynomial."""
    inner, equation = found.inner.astype(np.float32).astype(np.float64), training.equation
    outer, labels = training.outer.astype(np.float64), training.labels.astype(np.float64)
    values = FrozenOuterNet(outer).values(inner, equation.labelled_points())
    d, n = inner.size, truth.size
    columns = polynomials(equation.labelled_points(), d // truth.shape[1])
    line = fitted(columns, labels)
    risk, energy = float(np.mean((values - labels) ** 2)), float(np.mean((labels - truth) ** 2))
    least = least_risk(n, _nats(d), sigma=cell.sigma, energy=energy) if cell.sigma else None
    return Measured(
        d=d,
        n=n,
        energy=energy,
        risk=risk,
        least_risk=least,
        absorbed=(energy - risk) / energy if cell.sigma else None,
        allowed=(energy - least) / energy if least is not None else None,
        allowed_linear=linear_share(n, _nats(d)) * cell.sigma**2 / energy if cell.sigma else None,
        demanded_d=demanded_parameters(n, risk, sigma=cell.sigma, energy=energy, bits=STORED_BITS) if cell.sigma else None,
        clean=float(np.mean((values - truth) ** 2)),
        residual=residual(equation, outer, inner),
        line_risk=float(np.mean((line - labels) ** 2)),
        line_clean=float(np.mean((line - truth) ** 2)),
    )


def residual(equation: Equation, outer: Array, inner: Array) -> float:
    """Mean squares of the residuals at the collocation points, summed over the equations."""
    points, net = equation.collocation_points(), FrozenOuterNet(outer)
    return float(sum(np.mean(one**2) for one in equation.residuals(net.jet(inner, net.hidden(inner, points)))))


def _nats(d: int) -> float:
    return STORED_BITS * d * math.log(2.0)
