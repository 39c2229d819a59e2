"""The mean function: every input is answered by the mean of the labels, h(u) = (1/N) sum_i y_i."""

import numpy as np

from operators.baselines.baseline import Baseline, Errors, Sample, errors_of


def measure(sample: Sample) -> Errors:
    """Errors of the mean function."""
    mean = sample.labels.mean(axis=0)
    return errors_of(sample, np.broadcast_to(mean, sample.labels.shape), np.broadcast_to(mean, sample.test_outputs.shape))


BASELINE = Baseline("mean", "mean function", "fitted", measure)
