"""Reference methods: what regression reaches on the data of a net. One line per method.

`reference` alone means published evidence in this project; these are baselines, or reference lines where they are drawn.
"""

from operators.baselines import kernel, least_squares, mean, nearest_neighbour, projection, reduced_rank, ridge
from operators.baselines.baseline import LARGEST_RANK, Baseline, Errors, Sample

BASELINES: dict[str, Baseline] = {
    module.BASELINE.name: module.BASELINE
    for module in (mean, nearest_neighbour, least_squares, ridge, kernel, reduced_rank, projection)
}

__all__ = ["BASELINES", "LARGEST_RANK", "Baseline", "Errors", "Sample"]
