"""A DeepONet as a scikit-learn estimator: for pipelines, cross-validation and searches.

`fit(X, y)` takes inputs (functions, sensors) and outputs (functions, points), sets validation functions aside, and keeps the size
and regularisation that are best there (`bench.fit.selection`). `score` is scikit-learn's R^2. scikit-learn is not needed by the
suite: `pip install 'deeponet-size-bounds[sklearn]'`.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.extras import require
from bench.fit.arrays import FitData
from bench.fit.budget import Budget
from bench.fit.hidden import ground_of
from bench.fit.selection import Selected, select
from operators.arrays import Array
from operators.errors import UserError
from operators.numerics.grids import closed
from operators.seeds import stream
from operators.threads import one_thread
from results.models.deeponet_model import DeepONetModel

require("`DeepONetRegressor`", "sklearn")

from sklearn.base import BaseEstimator, RegressorMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402

FEWEST = 3


class DeepONetRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A DeepONet whose size and regularisation are chosen on functions set aside.

    Attributes:
        points: coordinates (points, dimension) of the outputs; a uniform grid of [0, 1] if None.
        widths: hidden widths to try.
        depth: hidden layers of branch and trunk.
        target: relative validation error that the smallest net is to meet, if `smallest`.
        smallest: take the smallest net that meets the target, where one does, and not the best.
        validation_share: of the functions, set aside.
        cpu_seconds: budget; where it ends the search, results depend on the machine.
        seed: of the functions set aside.
    """

    def __init__(
        self,
        *,
        points: NDArray[Any] | None = None,
        widths: tuple[int, ...] = (8, 32, 128),
        depth: int = 2,
        target: float = 0.01,
        smallest: bool = False,
        validation_share: float = 0.15,
        cpu_seconds: float = 60.0,
        seed: int = 0,
    ) -> None:
        self.points = points
        self.widths = widths
        self.depth = depth
        self.target = target
        self.smallest = smallest
        self.validation_share = validation_share
        self.cpu_seconds = cpu_seconds
        self.seed = seed

    def __sklearn_tags__(self) -> Any:
        """Several outputs are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to inputs (functions, sensors) and outputs (functions, points) or (functions,)."""
        inputs, outputs = validate_data(
            self, X, y, multi_output=True, y_numeric=True, dtype=np.float64, ensure_min_samples=FEWEST
        )
        self._flat = np.ndim(outputs) == 1
        with one_thread():
            self._fit(np.asarray(inputs), np.asarray(outputs, dtype=np.float64).reshape(len(inputs), -1))
        return self

    def predict(self, X: Any) -> Array:
        """Outputs (functions, points) or (functions,) for inputs (functions, sensors)."""
        check_is_fitted(self, "model_")
        inputs = validate_data(self, X, dtype=np.float64, reset=False)
        outputs = self.model_.predict(np.asarray(inputs).reshape(len(inputs), -1))
        return outputs[:, 0] if self._flat else outputs

    def _fit(self, inputs: Array, outputs: Array) -> None:
        count = len(inputs)
        aside = min(max(1, round(self.validation_share * count)), count - 2)
        order = stream("test", "estimator", self.seed).permutation(count)
        held, kept = np.sort(order[:aside]), np.sort(order[aside:])
        rows = {"training": kept, "validation": held, "test": held}
        data = FitData(inputs, outputs, self._places(outputs.shape[1]), (inputs.shape[1],), rows)  # type: ignore[arg-type]
        ground = ground_of(data)
        found: Selected = select(
            ground, self.target, depth=self.depth, budget=Budget(self.cpu_seconds), widths=tuple(self.widths)
        )
        net = found.economical if self.smallest and found.economical is not None else found.net
        weights = ground.assembled(net.hidden, net.heads, net.bias)
        self.selected_ = found
        self.model_ = DeepONetModel(ground.net(net.hidden, net.heads[0].shape[1]), weights, data.points)

    def _places(self, count: int) -> Array:
        if self.points is None:
            return closed(count)[:, None] if count > 1 else np.zeros((1, 1))
        found = np.asarray(self.points, dtype=np.float64)
        found = found[:, None] if found.ndim == 1 else found
        if found.ndim != 2 or len(found) != count or not np.isfinite(found).all():
            raise UserError(f"expected {count} finite points (points, dimension), got shape {found.shape}; one for each output")
        return found
