"""Affine maps from sensors to points, from one singular value decomposition of the centred inputs.

    U - mean = L diag(s) R^T   (k singular values above RESOLUTION s_1),   B = L^T (Y - mean)
    fitted     H = mean + L diag(f) B
    predicted  h(u) = mean + (u - mean) R diag(f / s) B

with factors f in [0, 1]: 1 for least squares, s^2 / (s^2 + lambda) for ridge regression. The mean takes one degree of freedom.
"""

from dataclasses import dataclass

import numpy as np

from operators.arrays import Array
from operators.baselines.baseline import Sample

RESOLUTION = 1e-13


@dataclass(frozen=True, eq=False)
class LinearMaps:
    """All affine maps of a sample that shrink along its principal inputs.

    Attributes:
        mean: of the labels, (M,).
        left: L (N, k).
        values: s (k,), decreasing.
        targets: B (k, M).
        test_left: (u - mean) R diag(1 / s) of the held-out inputs, (N', k).
    """

    mean: Array
    left: Array
    values: Array
    targets: Array
    test_left: Array

    def fitted(self, factors: Array) -> Array:
        """H (N, M)."""
        return np.asarray(self.mean + self.left @ (factors[:, None] * self.targets))

    def predicted(self, factors: Array) -> Array:
        """Predictions at the held-out inputs (N', M)."""
        return np.asarray(self.mean + self.test_left @ (factors[:, None] * self.targets))


def linear_maps(sample: Sample) -> LinearMaps:
    """Decompose the inputs of a sample."""
    mean_input, mean = sample.inputs.mean(axis=0), sample.labels.mean(axis=0)
    left, values, right = np.linalg.svd(sample.inputs - mean_input, full_matrices=False)
    k = int(np.sum(values > RESOLUTION * values[0])) if len(values) else 0
    left, values, right = left[:, :k], values[:k], right[:k]
    test_left = (sample.test_inputs - mean_input) @ right.T / values
    return LinearMaps(mean, left, values, left.T @ (sample.labels - mean), test_left)
