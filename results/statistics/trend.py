"""Page's test of a trend (Page 1963, J. Am. Stat. Assoc. 58, 216-230)."""

import scipy

from operators.arrays import Array


def page_p_value(errors: Array) -> float:
    """P-value of Page's test that errors (replicates, points) fall along the points."""
    return float(scipy.stats.page_trend_test(-errors).pvalue)
