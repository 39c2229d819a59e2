"""Ridge regression from sensors to points: the linear map of this suite's tables.

    min over C, c of |Y - U C - 1 c^T|_F^2 + lambda |C|_F^2,   lambda by generalised cross-validation

References: Hoerl, Kennard 1970, doi:10.1080/00401706.1970.10488634; Golub, Heath, Wahba 1979, doi:10.1080/00401706.1979.10489751.
"""

import numpy as np

from operators.arrays import Array
from operators.baselines.baseline import Baseline, Errors, Sample, errors_of
from operators.baselines.cross_validation import best_penalty
from operators.baselines.linear_map import LinearMaps, linear_maps


def measure(sample: Sample) -> Errors:
    """Errors of ridge regression."""
    maps = linear_maps(sample)
    factors = shrinkage(sample, maps)
    return errors_of(sample, maps.fitted(factors), maps.predicted(factors))


def shrinkage(sample: Sample, maps: LinearMaps) -> Array:
    """Factors s^2 / (s^2 + lambda) with the penalty of generalised cross-validation."""
    if not len(maps.values):
        return np.zeros(0)
    squares = maps.values**2
    beyond = float(np.sum((sample.labels - maps.fitted(np.ones_like(squares))) ** 2))
    penalty = best_penalty(squares, np.sum(maps.targets**2, axis=1), beyond, len(sample.labels) - 1)
    return np.asarray(squares / (squares + penalty))


BASELINE = Baseline("ridge", "linear map (ridge regression, penalty by generalised cross-validation)", "fitted", measure)
