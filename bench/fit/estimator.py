"""A DeepONet as a scikit-learn estimator: for pipelines, cross-validation and searches.

`fit(X, y)` takes inputs (functions, sensors) and outputs (functions, points), sets validation functions aside, and keeps the size
and regularisation that are best there (`bench.fit.selection`). `score` is scikit-learn's R^2. scikit-learn is not needed by the
suite: `pip install 'deeponet-size-bounds[sklearn]'`.

With `coordinates` = p > 0 rows are triples: the last p columns of X are the point, y (rows,) the value there; rows of equal input
are one function. Cross-validate them by functions: `GroupKFold` with a number of each function.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.extras import require
from bench.fit.arrays import FitData, Part
from bench.fit.budget import Budget
from bench.fit.hidden import Ground, ground_of
from bench.fit.selection import Selected, select
from bench.fit.unaligned.ground import UnalignedGround
from bench.fit.unaligned.labels import UnalignedData, grouped
from bench.fit.unaligned.selection import select as select_without_grid
from bench.fit.units import units_of
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
        coordinates: p, how many of the last columns of X are coordinates of the point of the row; 0: rows are functions.
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
        coordinates: int = 0,
        widths: tuple[int, ...] = (8, 32, 128),
        depth: int = 2,
        target: float = 0.01,
        smallest: bool = False,
        validation_share: float = 0.15,
        cpu_seconds: float = 60.0,
        seed: int = 0,
    ) -> None:
        self.points = points
        self.coordinates = coordinates
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
            if self.coordinates:
                self._fit_triples(np.asarray(inputs), np.asarray(outputs, dtype=np.float64))
                return self
            self._fit(np.asarray(inputs), np.asarray(outputs, dtype=np.float64).reshape(len(inputs), -1))
        return self

    def predict(self, X: Any) -> Array:
        """Outputs (functions, points) or (functions,) for inputs (functions, sensors)."""
        check_is_fitted(self, "model_")
        inputs = validate_data(self, X, dtype=np.float64, reset=False)
        if self.coordinates:
            u, y = np.split(np.asarray(inputs), [-self.coordinates], axis=1)
            return self.model_.predict_labels(u, np.arange(len(u)), y)
        outputs = self.model_.predict(np.asarray(inputs).reshape(len(inputs), -1))
        return outputs[:, 0] if self._flat else outputs

    def _fit_triples(self, inputs: Array, outputs: Array) -> None:
        if not self._flat or not 0 < self.coordinates < inputs.shape[1]:
            raise UserError(
                f"expected one value per row, and fewer coordinates than the {inputs.shape[1]} columns, got outputs of shape"
                f" {outputs.shape} and {self.coordinates} coordinates"
            )
        u, y = np.split(inputs, [-self.coordinates], axis=1)
        rows = grouped(u, outputs, y)
        parts = self._aside(len(rows.inputs))
        data = UnalignedData(rows.inputs, rows.values, rows.points, (u.shape[1],), parts, rows.function)
        ground = UnalignedGround(data, units_of(data))
        budget = Budget(self.cpu_seconds)
        self._keep(ground, select_without_grid(ground, self.target, depth=self.depth, budget=budget, widths=tuple(self.widths)))

    def _aside(self, count: int) -> dict[Part, NDArray[np.int64]]:
        """Functions kept and set aside."""
        if count < FEWEST:
            raise UserError(f"expected at least {FEWEST} functions, got {count}")
        aside = min(max(1, round(self.validation_share * count)), count - 2)
        order = stream("test", "estimator", self.seed).permutation(count)
        held, kept = np.sort(order[:aside]), np.sort(order[aside:])
        return {"training": kept, "validation": held, "test": held}

    def _fit(self, inputs: Array, outputs: Array) -> None:
        places, rows = self._places(outputs.shape[1]), self._aside(len(inputs))
        data = FitData(inputs, outputs, places, (inputs.shape[1],), rows)
        ground, budget = ground_of(data), Budget(self.cpu_seconds)
        self._keep(ground, select(ground, self.target, depth=self.depth, budget=budget, widths=tuple(self.widths)))

    def _keep(self, ground: Ground, found: Selected) -> None:
        net = found.economical if self.smallest and found.economical is not None else found.net
        weights = ground.assembled(net.hidden, net.heads, net.bias)
        self.selected_ = found
        self.model_ = DeepONetModel(ground.net(net.hidden, net.heads[0].shape[1]), weights, ground.data.places)

    def _places(self, count: int) -> Array:
        if self.points is None:
            return closed(count)[:, None] if count > 1 else np.zeros((1, 1))
        found = np.asarray(self.points, dtype=np.float64)
        found = found[:, None] if found.ndim == 1 else found
        if found.ndim != 2 or len(found) != count or not np.isfinite(found).all():
            raise UserError(f"expected {count} finite points (points, dimension), got shape {found.shape}; one for each output")
        return found
