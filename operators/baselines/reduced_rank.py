"""Reduced-rank ridge regression: the best linear map of rank q, for every q.

    min over C of rank q, c of |Y - U C - 1 c^T|_F^2 + lambda |C|_F^2

has the closed form C_q = C W W^T, C the ridge solution and W the first q right singular vectors of diag(sqrt(f)) B in the
notation of `linear_map`, f = s^2 / (s^2 + lambda): in D = diag(s) R^T C the criterion is

    |diag(sqrt(f)) B - diag(1 / sqrt(f)) D|_F^2 + const,

and Eckart and Young choose D. lambda is that of ridge regression. As lambda -> 0 no map of rank q about the mean has a smaller
training error: it is where a DeepONet whose branch has no hidden layer stands at best, but for the mean.

References: Izenman 1975, doi:10.1016/0047-259X(75)90042-1; Mukherjee, Zhu 2011, doi:10.1002/sam.10138.
"""

import numpy as np

from operators.baselines.baseline import Baseline, Errors, Sample, errors_by_rank
from operators.baselines.linear_map import linear_maps
from operators.baselines.ridge import shrinkage


def measure(sample: Sample) -> Errors:
    """Errors for q = 1, 2, ..."""
    maps = linear_maps(sample)
    factors = shrinkage(sample, maps)
    modes = np.linalg.svd(np.sqrt(factors)[:, None] * maps.targets, full_matrices=False)[2]
    return errors_by_rank(sample, modes, maps.mean, maps.fitted(factors), maps.predicted(factors))


BASELINE = Baseline("reduced-rank", "linear map of rank q (reduced-rank ridge regression)", "fitted", measure)
