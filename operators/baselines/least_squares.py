"""Linear least squares: the affine map from sensors to points that fits the labels best, of least norm where there are several.

    min over C, c of |Y - U C - 1 c^T|_F,   h(u) = u C + c

Reference: Golub, Van Loan, Matrix Computations, 4th ed. 2013, section 5.5.
"""

import numpy as np

from operators.baselines.baseline import Baseline, Errors, Sample, errors_of
from operators.baselines.linear_map import linear_maps


def measure(sample: Sample) -> Errors:
    """Errors of least squares."""
    maps = linear_maps(sample)
    ones = np.ones_like(maps.values)
    return errors_of(sample, maps.fitted(ones), maps.predicted(ones))


BASELINE = Baseline("least-squares", "linear least squares", "fitted", measure)
