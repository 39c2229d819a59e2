"""Hidden layers trained on labels without common points, by variable projection: heads are solved at every step.

At each step one sweep of alternating least squares renews both heads (`bench.fit.unaligned.heads`), and SOAP moves the hidden
weights along the gradient with the heads held (Golub and Pereyra 1973, doi:10.1137/0710036: at solved heads it is that of the
reduced objective). At most MOST_LABELS labels are used, of whole functions; heads and errors are of all.
"""

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.engines.learning_rates import warmed_cosine
from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.subnet import Subnet
from bench.fit.arrays import Part
from bench.fit.hidden import Ground, Hidden
from bench.fit.unaligned.heads import Labels, alternating, ends_of, full, leading
from bench.fit.unaligned.labels import UnalignedData
from bench.fit.units import Layers
from operators.architectures.weights import Layer
from operators.arrays import Array
from operators.seeds import stream

MOST_LABELS = 2**15
RATE = 2e-2
PENALTY = 1e-9
PATIENCE, GAIN = 60, 0.99


@dataclass(frozen=True, eq=False)
class UnalignedGround(Ground):
    """Unaligned data in the units of training; `points`, `training` and `validation` have a row per label."""

    data: UnalignedData

    @cached_property
    def labels(self) -> Labels:
        """The labels of the training functions."""
        return self.labels_of("training")

    @cached_property
    def chosen(self) -> Labels:
        """The labels that hidden layers are trained on."""
        labels = self.labels
        counts = np.bincount(labels.function)
        order = stream("points", "fit", "functions").permutation(len(counts))
        kept = np.sort(order[: max(2, int(np.searchsorted(np.cumsum(counts[order]), MOST_LABELS)))])
        rows = np.isin(labels.function, kept)
        function = np.searchsorted(kept, labels.function[rows])
        return Labels(labels.inputs[kept], labels.points[rows], labels.values[rows], function)

    @property
    def sample(self) -> tuple[Array, Array]:
        """Scaled inputs and points that hidden layers are trained on."""
        return self.chosen.inputs, self.chosen.points

    def labels_of(self, part: Part) -> Labels:
        """The scaled labels of a part."""
        chosen, function = self.data.labels_of(part)
        units = self.units
        return Labels(
            units.inputs(self.data.inputs_of(part)),
            units.points(self.data.points[chosen]),
            units.labels(self.data.outputs[chosen]),
            function,
        )


def trained(ground: UnalignedGround, start: Hidden, *, q: int, steps: int, seconds: float, enough: float = 0.0) -> Hidden:
    """The best hidden layers met at rank q in some steps, and at most some wall seconds.

    It ends early where the mean square of the misses is `enough`, or PATIENCE steps did not lower the best one to GAIN of it.
    """
    labels, started = ground.chosen, time.perf_counter()
    branch, trunk = (
        Subnet(HiddenNet(values, [np.vstack([layer.kernel, layer.bias]) for layer in layers], "tanh"))
        for values, layers in ((labels.inputs, start.branch), (labels.points, start.trunk))
    )
    right: Array | None = None
    best, least, gained, goal = start, np.inf, 0, np.inf
    for step, rate in enumerate(warmed_cosine(RATE, steps)):
        ends = ends_of(branch.net.features(), trunk.net.features())
        if right is None:
            right = leading(ends, next(full(ends, labels, (PENALTY,))), q)
        left, right = alternating(ends, labels, right, PENALTY, 1)
        values, head = ends.branch @ left, ends.back @ right
        residual = np.einsum("nq,nq->n", values[labels.function], ends.trunk @ right) - labels.values
        loss = float(residual @ residual) / len(residual)
        if loss < least:
            best, least = Hidden(_layers(branch), _layers(trunk)), loss
        if loss < GAIN * goal:
            gained, goal = step, loss
        late = time.perf_counter() - started > seconds or step - gained > PATIENCE
        if not np.isfinite(loss) or loss <= enough or late:
            break
        outer_trunk = (residual[:, None] * values[labels.function]) @ head[:-1].T
        outer_branch = np.add.reduceat(residual[:, None] * (ends.trunk @ right), labels.starts) @ left[:-1].T
        branch.descend(outer_branch, rate)
        trunk.descend(outer_trunk, rate)
    return best


def _layers(part: Subnet) -> Layers:
    return tuple(Layer(matrix[:-1].copy(), matrix[-1].copy()) for matrix in part.net.matrices)
