"""Linear regression with Student intervals."""

import numpy as np
import scipy

from operators.arrays import Array


def least_squares(regressors: Array, response: Array, *, confidence: float = 0.95) -> tuple[Array, Array]:
    """Slopes of a linear regression with intercept, and half-widths of their Student intervals.

    Args:
        regressors: (points, k), centred here.
        response: (points,).
        confidence: of each interval.

    Raises:
        numpy.linalg.LinAlgError: collinear regressors.
    """
    x, y = regressors - regressors.mean(axis=0), response - response.mean()
    inverse = np.linalg.inv(x.T @ x)
    slopes = inverse @ x.T @ y
    freedom = len(y) - x.shape[1] - 1
    variance = float(np.sum((y - x @ slopes) ** 2)) / freedom
    return slopes, scipy.stats.t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(variance * np.diag(inverse))
