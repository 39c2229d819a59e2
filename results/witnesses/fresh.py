"""A witness on fresh functions: what its net does beyond the data that chose it, with a confidence statement.

The functions are drawn from a stream named by the witness's address, the hash of its bytes: nobody can have trained or chosen
on them before the weights were final, and anyone can draw them again. With e_i = |G_i - h_i|^2 and g_i = |G_i|^2 over the
design's points

    error = sqrt(mean e / mean g),      a ratio of means, as in `operators.bounds.first_layer`

and `upper` is the tau at which a one-sided test of E (e - tau^2 g) >= 0 rejects at the level 1 - CONFIDENCE: the t statistic of
e - tau^2 g equals its normal quantile (Fieller 1954). It rests on the central limit theorem: `statistical`, never certified.
Who hands in many witnesses until one passes needs about 1 / (1 - CONFIDENCE) of them.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import scipy

from operators.arrays import Array
from operators.data.dataset import Dataset, validate
from operators.data.normalisation import predict_test, scaled
from operators.seeds import stream
from operators.tasks.task import Task
from results.witnesses import disturbance
from results.witnesses.file import Witness

CONFIDENCE = 1.0 - 1e-6
CHUNK = 256


@dataclass(frozen=True)
class Fresh:
    """The error over fresh functions.

    Attributes:
        error: sqrt(mean e / mean g).
        upper: with `CONFIDENCE`, an upper bound of sqrt(E e / E g); inf where the sample is too small to say.
        functions: how many were drawn.
    """

    error: float
    upper: float
    functions: int

    @property
    def text(self) -> str:
        """In words."""
        return (
            f"relative error {self.error:.6g} over {self.functions} fresh functions, below {self.upper:.6g} with confidence"
            f" 1 - {1.0 - CONFIDENCE:.0e} (statistical)"
        )


def fresh_error(witness: Witness, task: Task, dataset: Dataset, functions: int) -> Fresh:
    """Measure a witness on functions that its own hash draws; arguments and errors as in `fresh_errors`."""
    return fresh_errors(witness, task, dataset, functions, disturb=False)[0]


def fresh_errors(witness: Witness, task: Task, dataset: Dataset, functions: int, *, disturb: bool) -> list[Fresh]:
    """Measure a witness on functions that its own hash draws.

    Args:
        witness: the weights.
        task: where its data are from.
        dataset: the data of its header, for constants and points.
        functions: how many to draw; on designs without common points, the error is over all points of the task.
        disturb: also predict from rounded data with all sums reversed (`results.witnesses.disturbance`).

    Returns:
        The error, and if asked for that of disturbed predictions of the same functions.

    Raises:
        DataInvalid: functions that break the task's contract.
    """
    generator = stream("test", "fresh", task.identity(), witness.sha256)
    ways = (False, True) if disturb else (False,)
    errors, energies = {way: list[float]() for way in ways}, list[float]()
    for first in range(0, functions, CHUNK):
        count = min(CHUNK, functions - first)
        coefficients = task.draw(generator, CHUNK)[:count]
        inputs, outputs = task.inputs(coefficients), task.outputs(coefficients)
        validate(task, inputs, outputs, first=first)
        wanted = outputs[:, dataset.test_index]
        energies += np.mean(wanted**2, axis=1).tolist()
        for way in ways:
            errors[way] += np.mean((wanted - _predicted(witness, dataset, inputs, disturbed=way)) ** 2, axis=1).tolist()
    return [judged(np.array(errors[way]), np.array(energies)) for way in ways]


def judged(errors: Array, energies: Array) -> Fresh:
    """The error and its upper bound from e_i and g_i."""
    count, quantile = len(errors), float(scipy.stats.norm.ppf(CONFIDENCE))
    error = math.sqrt(errors.mean() / energies.mean())

    def statistic(tau: float) -> float:
        surplus = errors - tau**2 * energies
        return float(surplus.mean()) + quantile * float(surplus.std(ddof=1)) / math.sqrt(count)

    high = 2.0 * error + 1e-300
    while statistic(high) > 0.0 and high < 1e6 * (error + 1.0):
        high *= 2.0
    if statistic(high) > 0.0:
        return Fresh(error, math.inf, count)
    return Fresh(error, float(scipy.optimize.brentq(statistic, error, high)) if statistic(error) > 0.0 else error, count)


def _predicted(witness: Witness, dataset: Dataset, inputs: Array, *, disturbed: bool) -> Array:
    """Predictions at the test points for other inputs, scaled by the constants of the data set."""
    scaling, net, weights = witness.header.scaling, witness.header.net(), witness.weights
    problem = scaled(replace(dataset, test_inputs=inputs), scaling.inputs, scaling.coordinates, scaling.outputs)
    if disturbed:
        weights, problem = disturbance.disturbed(net, weights, problem)
    return predict_test(net, weights, problem, dataset.test_index)
