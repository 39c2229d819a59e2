"""The projection floor: outputs projected on the first q principal components of the training labels, about their mean.

    |y - mean - W W^T (y - mean)|,   W the first q right singular vectors of Y - mean

It reads the outputs that it is judged by, so it is no method but a floor: what is linear in these q modes, such as POD-DeepONet
with this basis, cannot do better on the same outputs, whatever its branch. A net with other modes can. Of the training labels it
is the Eckart-Young floor about the mean, which q + 1 modes without a mean may lie below.

References: Lu et al. 2022 (POD-DeepONet), doi:10.1016/j.cma.2022.114778; Lanthaler, Mishra, Karniadakis 2022,
doi:10.1093/imatrm/tnac001.
"""

import numpy as np

from operators.arrays import Array
from operators.baselines.baseline import Baseline, Errors, Sample, errors_by_rank


def measure(sample: Sample) -> Errors:
    """Errors for q = 1, 2, ..."""
    mean = sample.labels.mean(axis=0)
    return errors_by_rank(sample, principal_components(sample.labels - mean)[1], mean, None, None)


def principal_components(centred: Array) -> tuple[Array, Array]:
    """Singular values (r,) and right singular vectors (r, M), by a QR factorisation of the longer side first."""
    count, points = centred.shape
    if count > points:
        values, modes = np.linalg.svd(np.linalg.qr(centred, mode="r"), full_matrices=False)[1:]
        return values, modes
    basis, triangle = np.linalg.qr(centred.T)
    _, values, small = np.linalg.svd(triangle.T, full_matrices=False)
    return values, small @ basis.T


BASELINE = Baseline("projection", "projection on q principal components of the training labels", "floor", measure)
