"""The units a net is trained in, and the way back: a DeepONet of the user's own inputs, points and outputs.

    X = ((u - mean u) / s) V      s one deviation per array of inputs, V the leading principal directions of the training inputs:
                                  at most MOST, those below CUT of the largest left out
    y' in [-1, 1]                 each coordinate; a constant one becomes 0
    G = (Y - mean Y) / deviation  one mean and one deviation

All three are affine and are folded into first layers, heads and b0: what is returned needs no constants beside its weights,

    h(u, y) = <branch(u), trunk(y)> + b0    with u, y and h as in the user's file
"""

from dataclasses import dataclass

import numpy as np

from bench.fit.arrays import FitData, Part
from operators.architectures.weights import Layer
from operators.arrays import Array

CUT = 1e-5
MOST = 512

Layers = tuple[Layer, ...]


@dataclass(frozen=True, eq=False)
class Units:
    """Affine maps between the user's units and those of training.

    Attributes:
        input_mean: (m,).
        rotation: V over s, (m, r).
        low: (p,), least coordinates.
        extent: (p,), ranges of the coordinates; 1 for a constant one.
        mean: of the outputs.
        deviation: of the outputs.
    """

    input_mean: Array
    rotation: Array
    low: Array
    extent: Array
    mean: float
    deviation: float

    def inputs(self, inputs: Array) -> Array:
        """X (N, r)."""
        return (inputs - self.input_mean) @ self.rotation

    @property
    def factors(self) -> Array:
        """What coordinates are multiplied by; 0 for a constant one."""
        return np.asarray(np.where(self.extent > 0.0, 2.0 / np.where(self.extent > 0.0, self.extent, 1.0), 0.0))

    def points(self, points: Array) -> Array:
        """Coordinates in [-1, 1]."""
        return (points - self.low) * self.factors - (self.extent > 0.0)

    def labels(self, outputs: Array) -> Array:
        """G (N, P)."""
        return (outputs - self.mean) / self.deviation

    def branch(self, layers: Layers) -> Layers:
        """Layers that act on the user's inputs as `layers` do on X, and give outputs in the user's units."""
        kernel = self.rotation @ layers[0].kernel
        first = Layer(kernel, layers[0].bias - self.input_mean @ kernel)
        if len(layers) == 1:
            return (Layer(self.deviation * first.kernel, self.deviation * first.bias),)
        last = Layer(self.deviation * layers[-1].kernel, self.deviation * layers[-1].bias)
        return (first, *layers[1:-1], last)

    def trunk(self, layers: Layers) -> Layers:
        """Layers that act on the user's coordinates as `layers` do on y'."""
        factor = self.factors
        shift = -self.low * factor - (self.extent > 0.0)
        kernel = layers[0].kernel
        return (Layer(factor[:, None] * kernel, layers[0].bias + shift @ kernel), *layers[1:])

    def bias(self, bias: float) -> float:
        """b0 in the user's units."""
        return self.mean + self.deviation * bias


def units_of(data: FitData) -> Units:
    """The units that the training functions give."""
    inputs, outputs = data.inputs_of("training"), data.outputs_of("training")
    mean = inputs.mean(axis=0)
    ends = np.cumsum(data.blocks)
    deviations = [float(np.std(inputs[:, end - width : end])) or 1.0 for width, end in zip(data.blocks, ends, strict=True)]
    scale = np.repeat(deviations, data.blocks)
    points = data.points_of("training")
    low, high = points.min(axis=0), points.max(axis=0)
    return Units(
        input_mean=mean,
        rotation=principal_directions((inputs - mean) / scale) / scale[:, None],
        low=low,
        extent=high - low,
        mean=float(outputs.mean()),
        deviation=float(outputs.std()) or 1.0,
    )


def principal_directions(centred: Array) -> Array:
    """Leading right singular vectors (m, r) of centred inputs (N, m), by the Gram matrix of the shorter side."""
    tall = centred.shape[0] >= centred.shape[1]
    squares, vectors = np.linalg.eigh(centred.T @ centred if tall else centred @ centred.T)
    order = np.argsort(squares)[::-1][:MOST]
    values = np.sqrt(np.maximum(squares[order], 0.0))
    kept = values > CUT * values[0] if values[0] > 0.0 else np.arange(len(values)) == 0
    chosen = vectors[:, order[kept]]
    return chosen if tall else centred.T @ chosen / np.where(values[kept] > 0.0, values[kept], 1.0)


def parts(data: FitData, units: Units, part: Part) -> tuple[Array, Array]:
    """X and G of the functions of a part."""
    return units.inputs(data.inputs_of(part)), units.labels(data.outputs_of(part))
