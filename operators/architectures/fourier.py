"""The Fourier neural operator in one and two dimensions.

The m = k^p sensors are a uniform grid, row by row as `operators.architectures.multilinear` numbers its nodes. A field v of w
channels is carried from [u(x), x] through the layers

    v <- phi(v W_l + c_l + K_l v), l = 1..L, the last one without phi
    (K_l v)_j = sum_kappa Re(e^{2 pi i kappa.j / k} vhat_kappa R_kappa)
    vhat_kappa = (1 / k^p) sum_j v_j e^{-2 pi i kappa.j / k}

with complex R_kappa (w, w) for |kappa_a| < min(modes, (k + 1) / 2)
(kappa and -kappa together, so twice the real part for kappa other than 0), a net of one hidden layer at every grid point, and
the multilinear interpolant at y. At grid points that is the published operator.

Count. A real field has vhat_{-kappa} the conjugate of vhat_kappa, so R is needed on half of the kappa: 0, which is real, and
those whose first component other than 0 is positive, each of which counts twice: a matrix for the real part, one for the
imaginary part. The published code holds complex numbers for all kappa of a half plane in two dimensions, its edge included,
where half of them change nothing; the numbers here are those that do.

No limit of rank is stated (None): the field is a nonlinear function of the input at every point, and no rank floor applies.

References: Li et al. 2021, arXiv:2010.08895, section 4. Kovachki et al. 2023, arXiv:2108.08481.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from operators.architectures.activations import ACTIVATIONS, Activation
from operators.architectures.architecture import Architecture
from operators.architectures.fully_connected import block_numbers, by_blocks, fully_connected
from operators.architectures.multilinear import corners
from operators.architectures.weights import Weights, layer_shapes, layers_of
from operators.arrays import Array
from operators.work import PRODUCT, TRANSCENDENTAL

LARGEST_DEPTH = 64


@dataclass(frozen=True)
class FourierOperator(Architecture):
    """The hypothesis class.

    Attributes:
        width: w, channels.
        modes: frequencies per coordinate, 0 included.
        depth: L, Fourier layers.
        projection: hidden width of the net at every grid point.
        activation: phi.
    """

    name: ClassVar[str] = "fourier-operator"
    width: int = 16
    modes: int = 12
    depth: int = 4
    projection: int = 32
    activation: Activation = "gelu"

    def __post_init__(self) -> None:
        """Refuse sizes that are no sizes, and inputs that are no grid."""
        if min(self.width, self.modes, self.depth, self.projection) < 1 or self.depth > LARGEST_DEPTH:
            raise ValueError(f"expected width, modes, depth and projection >= 1, depth at most {LARGEST_DEPTH}, got {self}")
        if self.coordinates > 2 or self.side**self.coordinates != self.sensors:
            raise ValueError(
                f"expected the sensors of 'fourier-operator' on a line or a square grid, got {self.sensors} of them for"
                f" {self.coordinates} coordinates"
            )

    @property
    def side(self) -> int:
        """k, sensors along each coordinate."""
        return round(self.sensors ** (1.0 / self.coordinates))

    def frequencies(self) -> NDArray[np.int64]:
        """The kappa (F, p) that have a matrix, 0 first."""
        highest = min(self.modes - 1, (self.side - 1) // 2)
        every = product(range(-highest, highest + 1), repeat=self.coordinates)
        half = [kappa for kappa in every if next((part for part in kappa if part), 0) > 0]
        return np.array([(0,) * self.coordinates, *half], dtype=np.int64)

    def waves(self) -> tuple[Array, Array]:
        """Cosines and sines (F, k^p) of 2 pi kappa.j / k."""
        grid = np.stack(np.meshgrid(*[np.arange(self.side)] * self.coordinates, indexing="ij"), axis=-1)
        turns = (self.frequencies() @ grid.reshape(-1, self.coordinates).T) % self.side
        angles = 2.0 * np.pi * turns / self.side
        return np.cos(angles), np.sin(angles)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The lift, of each layer R's real and imaginary parts, W and c, and the projection."""
        highest = min(self.modes - 1, (self.side - 1) // 2)
        count, w = ((2 * highest + 1) ** self.coordinates + 1) // 2, self.width
        shapes: dict[str, tuple[int, ...]] = dict(layer_shapes("lift", (1 + self.coordinates, w)))
        for layer in range(self.depth):
            shapes[f"fourier_{layer}_real"] = (count, w, w)
            shapes |= {f"fourier_{layer}_imaginary": (count - 1, w, w)} if count > 1 else {}
            shapes |= {f"local_{layer}_kernel": (w, w), f"local_{layer}_bias": (w,)}
        return {**shapes, **layer_shapes("project", (w, self.projection, 1))}

    def apply(self, weights: Weights, inputs: Array, points: Array) -> Array:
        """h (N, P): the field at the corners of each point's cell, some functions at a time."""
        numbers, factors = corners(points, self.side)
        fields = by_blocks(inputs, self._numbers(), lambda rows: self.field(weights, rows))
        return np.asarray(sum(factors[:, c] * fields[:, numbers[:, c]] for c in range(numbers.shape[1])))

    def field(self, weights: Weights, inputs: Array) -> Array:
        """Values (N, k^p) on the grid."""
        hidden, (cosines, sines) = ACTIVATIONS[self.activation], self.waves()
        axes = [np.linspace(-1.0, 1.0, self.side)] * self.coordinates
        at = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, self.coordinates)
        kernel = weights["lift_0_kernel"]
        v = inputs[:, :, None] * kernel[0] + at @ kernel[1:] + weights["lift_0_bias"]
        for layer in range(self.depth):
            end: Callable[[Array], Array] = hidden if layer < self.depth - 1 else np.asarray
            local = v @ weights[f"local_{layer}_kernel"] + weights[f"local_{layer}_bias"]
            v = end(local + self._convolved(weights, layer, v, cosines, sines))
        return fully_connected(layers_of(weights, "project"), v, hidden)[..., 0]

    def largest_array(self, functions: int, distinct: int, labels: int, *, own: bool) -> int:
        """Channels at all grid points of a block of functions, waves, fields, or outputs."""
        waves = self.sensors * self.shapes()["fourier_0_real"][0]
        return max(
            block_numbers(functions, self._numbers()), waves, self.parameter_count(), functions * max(distinct, self.sensors)
        )

    def operations(self, functions: int, distinct: int, labels: int) -> float:
        """The layers on the grid, transforms as products with waves, and interpolation."""
        w, count = self.width, self.shapes()["fourier_0_real"][0]
        layer = self.sensors * w * (PRODUCT * (w + 4 * count) + TRANSCENDENTAL + 12.0) + 4 * PRODUCT * count * w * w
        ends = self.sensors * (w * 8.0 + self.projection * (PRODUCT * (w + 1) + TRANSCENDENTAL + 6.0))
        waves = self.sensors * count * 2.0 * TRANSCENDENTAL
        return functions * (self.depth * layer + ends + 3.0 * distinct * 2**self.coordinates) + waves

    def _numbers(self) -> int:
        return self.sensors * max(self.width, self.projection)

    def _convolved(self, weights: Weights, layer: int, v: Array, cosines: Array, sines: Array) -> Array:
        """K v (N, k^p, w) of v: with vhat = a - i b and R = S + i T, the terms (a S + b T) cos - (a T - b S) sin."""
        functions, size, width = v.shape
        even, odd = (np.einsum("fx,nxw->fnw", waves, v, optimize=True) / size for waves in (cosines, sines))
        real = weights[f"fourier_{layer}_real"]
        imaginary = np.zeros_like(real)
        if len(real) > 1:
            imaginary[1:] = weights[f"fourier_{layer}_imaginary"]
        twice = np.where(np.arange(len(real)) > 0, 2.0, 1.0)[:, None, None]
        at_cosines, at_sines = twice * (even @ real + odd @ imaginary), twice * (even @ imaginary - odd @ real)
        flat = cosines.T @ at_cosines.reshape(len(real), -1) - sines.T @ at_sines.reshape(len(real), -1)
        return flat.reshape(size, functions, width).transpose(1, 0, 2)
