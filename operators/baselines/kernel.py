"""Matern-5/2 kernel ridge regression on the sensor values, component by component of the outputs.

    k(u, v) = (1 + r + r^2 / 3) exp(-r),   r = sqrt(5) |u - v|_2 / length
    h(u) = mean + sum_c w_c k(u, U) (K + lambda_c I)^-1 z_c,   z_c = (Y - mean) w_c

w_c are the principal components of the training labels with singular values above RESOLUTION of the first. Each component has its
own penalty, by generalised cross-validation; the length, a power of two times the root mean square distance of the training
inputs, has the least sum of these scores. Both read the training labels only.

References: Batlle, Darcy, Hosseini, Owhadi 2024, doi:10.1016/j.jcp.2023.112549 (arXiv:2304.13202); Rasmussen, Williams, Gaussian
Processes for Machine Learning, 2006, section 4.2.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from operators.arrays import Array
from operators.baselines.baseline import Baseline, Errors, Sample, errors_of
from operators.baselines.cross_validation import PENALTIES, scores
from operators.baselines.projection import principal_components

LENGTHS = 2.0 ** np.arange(-1, 6)
"""Relative to the root mean square distance of the inputs."""
RESOLUTION = 1e-10
MOST_FUNCTIONS = 2000


@dataclass(frozen=True, eq=False)
class Fit:
    """Weights (N, c) of the components at one length, and their score."""

    length: float
    weights: Array
    score: float


def measure(sample: Sample) -> Errors:
    """Errors of kernel ridge regression."""
    mean = sample.labels.mean(axis=0)
    values, modes = principal_components(sample.labels - mean)
    modes = modes[values > RESOLUTION * values[0]]
    distances = scipy.spatial.distance.cdist(sample.inputs, sample.inputs)
    unit = float(np.sqrt(np.mean(distances**2))) or 1.0
    components = (sample.labels - mean) @ modes.T
    best = min((_fit(distances, components, unit * ratio) for ratio in LENGTHS), key=lambda fit: fit.score)
    across = matern(scipy.spatial.distance.cdist(sample.test_inputs, sample.inputs), best.length)
    fitted = mean + matern(distances, best.length) @ best.weights @ modes
    return errors_of(sample, fitted, mean + across @ best.weights @ modes)


def matern(distances: Array, length: float) -> Array:
    """The Matern kernel of smoothness 5/2."""
    r = np.sqrt(5.0) * distances / length
    return np.asarray((1.0 + r + r * r / 3.0) * np.exp(-r))


def _fit(distances: Array, components: Array, length: float) -> Fit:
    eigenvalues, vectors = np.linalg.eigh(matern(distances, length))
    rotated = vectors.T @ components
    found = scores(eigenvalues, rotated**2, np.zeros(components.shape[1]), len(components))
    chosen = PENALTIES[found.argmin(axis=0)] * eigenvalues.max()
    weights = vectors @ (rotated / (np.maximum(eigenvalues, 0.0)[:, None] + chosen))
    return Fit(length, weights, float(found.min(axis=0).sum()))


BASELINE = Baseline("kernel", "Matern-5/2 kernel ridge regression", "fitted", measure, most_functions=MOST_FUNCTIONS)
