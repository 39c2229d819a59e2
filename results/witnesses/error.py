"""The error of a witness, and the margins that make a pass on one machine a pass on all.

With labels y, predictions h and realised noise energy V = mean z^2, over all n training labels and in float64,

    error = |y - h| / |y|,     allowed: T = tau for the target `relative`, T = sqrt((1 - rho) V / mean y^2) for `absorb`,

so that error <= T is the target itself. To enter, a witness needs error <= T (1 - ENTERING_MARGIN); to be verified later,
anywhere, half of that margin: error <= T (1 - VERIFYING_MARGIN).

Machines differ in two ways: generated data agree to 1e-12 relative, which moves the error by at most about 2e-12 directly, and
sums are taken in another order. For T >= LEAST_ALLOWED = 1e-5 (finer targets are refused) the half margin is at least 1e-11,
five times that. Weights could amplify either, by huge terms that cancel. So on entering the error is measured twice, the
second time with data rounded to 40 bits (by at most 1e-12 of the largest value) and all sums reversed, and even ten times the
difference must leave room:

    error + DRIFT_FACTOR |error - disturbed error| <= T (1 - VERIFYING_MARGIN).

This is a test, not a proof: it tries one disturbance of the size that machines differ by.

About new functions (target `population`) the error is the upper confidence bound over FRESH functions that the witness's own
address draws (`results.witnesses.fresh`), and T = tau: a statistical statement, not a certified one. The floor is then that of
the spectrum, where the task states it (`operators.bounds.population`).

On grids `floor` is the certified least error of the rank this net can reach (`operators.bounds.eckart_young`). No weights get
below it: if some seem to, the floor or the evaluation is wrong.
"""

import math
from dataclasses import dataclass

import numpy as np

from operators import find_task
from operators.architectures import Architecture, Weights
from operators.bounds.population import population_floors
from operators.data.dataset import Dataset
from operators.data.normalisation import Problem, predict, scaled
from operators.diagnostics.floor import floor_of, floors_of
from results.records.manifest import Target
from results.witnesses.disturbance import disturbed
from results.witnesses.file import Witness
from results.witnesses.fresh import fresh_errors

ENTERING_MARGIN = 2e-6
VERIFYING_MARGIN = 1e-6
DRIFT_FACTOR = 10.0
LEAST_ALLOWED = 1e-5
FRESH = 2**15


@dataclass(frozen=True)
class Measured:
    """What the weights of a witness do on its data.

    Attributes:
        error: |y - h| / |y|; over new functions, what it lies below with confidence.
        allowed: T.
        absorbed: rho = 1 - R / V, None without noise.
        floor: the certified least error for the rank of this net; None off the grid.
        below_floor: whether the error lies below the floor by more than rounding.
        disturbed: the error with data rounded to DATA_BITS bits and all sums reversed, if asked for.
    """

    error: float
    allowed: float
    absorbed: float | None
    floor: float | None
    below_floor: bool
    disturbed: float | None = None


def allowed_error(target: Target, *, label_energy: float, noise_energy: float) -> float:
    """T, the largest |y - h| / |y| of a target, from mean y^2 and V = mean z^2."""
    if target.kind != "absorb":
        return target.value
    return math.sqrt(max(1.0 - target.value, 0.0) * noise_energy / label_energy)


def measure(witness: Witness, dataset: Dataset, *, disturb: bool = False) -> Measured:
    """Error and floor of a witness; the errors are NaN or inf where predictions are.

    Raises:
        ValueError: labels that all vanish.
    """
    if witness.header.target.kind == "population":
        return _on_new_functions(witness, dataset, disturb=disturb)
    scaling, net = witness.header.scaling, witness.header.net()
    problem = scaled(dataset, scaling.inputs, scaling.coordinates, scaling.outputs)
    label_energy, noise_energy = float(np.mean(problem.labels**2)), dataset.noise_energy
    if not 0.0 < label_energy < math.inf:
        raise ValueError(f"expected labels of finite, positive energy, got {label_energy:g}")
    mse, floor = _training_mse(net, witness.weights, problem), floor_of(net, problem, floors_of(problem))
    again = _again(net, witness.weights, problem) if disturb else None
    return Measured(
        error=math.sqrt(mse / label_energy),
        allowed=allowed_error(witness.header.target, label_energy=label_energy, noise_energy=noise_energy),
        absorbed=1.0 - mse / noise_energy if noise_energy > 0.0 else None,
        floor=None if floor is None else math.sqrt(floor.value / label_energy),
        below_floor=floor is not None and floor.excludes(mse),
        disturbed=None if again is None else math.sqrt(again / label_energy),
    )


def _on_new_functions(witness: Witness, dataset: Dataset, *, disturb: bool) -> Measured:
    """The error over functions that nobody can have chosen the weights on, and the floor of the law."""
    data, net = witness.header.data, witness.header.net()
    task = find_task(data.task, dict(data.parameters))
    fresh, *again = fresh_errors(witness, task, dataset, FRESH, disturb=disturb)
    spectrum, rank = task.output_spectrum(), net.output_rank()
    floor = None
    if spectrum is not None and rank is not None:
        tails = population_floors(spectrum)
        floor = math.sqrt(float(tails[min(rank, len(spectrum))] / tails[0]))
    return Measured(
        error=fresh.upper,
        allowed=witness.header.target.value,
        absorbed=None,
        floor=floor,
        below_floor=floor is not None and fresh.upper < floor,
        disturbed=again[0].upper if again else None,
    )


def _training_mse(net: Architecture, weights: Weights, problem: Problem) -> float:
    with np.errstate(all="ignore"):
        return float(np.mean((problem.labels - predict(net, weights, problem)) ** 2))


def _again(net: Architecture, weights: Weights, problem: Problem) -> float:
    """The error with rounded data and, where the architecture can turn round its sums, all of them in reverse order."""
    return _training_mse(net, *disturbed(net, weights, problem))
