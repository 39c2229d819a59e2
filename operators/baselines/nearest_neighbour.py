"""Nearest neighbour: an input is answered by the labels of the training input nearest to it at the sensors.

    h(u) = y_j,   j = argmin_j |u - u_j|_2, the first of equals.

Its training error is that of inputs that occur more than once.

Reference: Cover, Hart 1967, doi:10.1109/TIT.1967.1053964.
"""

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.baselines.baseline import Baseline, Errors, Sample, errors_of

ROWS = 256


def measure(sample: Sample) -> Errors:
    """Errors of the nearest neighbour."""
    nearest = neighbours(sample.inputs, sample.test_inputs)
    return errors_of(sample, sample.labels[first_of_equals(sample.inputs)], sample.labels[nearest])


def neighbours(inputs: Array, asked: Array) -> NDArray[np.int64]:
    """Of each asked input the row of `inputs` nearest to it."""
    parts = [
        scipy.spatial.distance.cdist(asked[first : first + ROWS], inputs).argmin(axis=1) for first in range(0, len(asked), ROWS)
    ]
    return np.concatenate(parts)


def first_of_equals(inputs: Array) -> NDArray[np.int64]:
    """Of each input the first row that equals it."""
    _, first, inverse = np.unique(inputs, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[inverse.ravel()], dtype=np.int64)


BASELINE = Baseline("nearest-neighbour", "nearest neighbour at the sensors", "fitted", measure)
