"""What linear reconstruction could do on the same grid, beside a fit whose architecture has no limit of rank.

A model that is linear in its trunk, h(u, y) = sum_{k <= r} b_k(u) t_k(y) + b0, leaves at least the Eckart-Young tail of rank r,
on the training labels and, whatever it was trained on, on the held-out outputs (`operators.bounds.eckart_young`). Nonlinear
reconstruction may fall below both. Recorded of a clean grid, by name:

    linear_floor             relative error that rank r = q leaves on the labels, where the architecture has q terms
    linear_floor_held_out    the same on the held-out outputs
    linear_rank              least r whose floor does not exclude the training error: linear reconstruction needs as many terms
    linear_rank_held_out     the same of the held-out error

All are certified of these data; none is a floor of the fit.
"""

from dataclasses import replace

import numpy as np

from bench.families.deeponet.trial import Trial
from operators.diagnostics.floor import floors_of, least_rank
from results.families.deeponet import Errors


def linear_values(trial: Trial, errors: Errors) -> dict[str, float | None]:
    """The values by name; empty where the architecture has a limit of rank, off the grid, and with noise."""
    cell, dataset = trial.cell, trial.dataset
    if trial.net.output_rank() is not None or cell.design != "grid" or cell.noise.law != "none":
        return {}
    held_out = replace(trial.problem, labels=dataset.test_outputs)
    found: dict[str, float | None] = {}
    for suffix, problem, relative in (("", trial.problem, errors.relative), ("_held_out", held_out, errors.test_relative)):
        energy = float(np.mean(problem.labels**2)) or 1.0
        floors = floors_of(problem)
        assert floors is not None
        q = getattr(trial.net, "q", None)
        if q is not None:
            found[f"linear_floor{suffix}"] = float(np.sqrt(floors[min(q, len(floors) - 1)] / energy))
        found[f"linear_rank{suffix}"] = float(least_rank(relative**2 * energy, problem, floors))
    return found
