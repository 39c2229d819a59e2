"""Nets of one hidden layer without a framework: x -> A phi(W x + b) + c, and their least squares fit by L-BFGS."""

from dataclasses import dataclass

import numpy as np

from operators.arrays import Array


@dataclass(frozen=True)
class TanhNet:
    """A net of `width` tanh units from `inputs` to `outputs` numbers; parameters are one vector (W, b, A, c)."""

    inputs: int
    width: int
    outputs: int

    @property
    def count(self) -> int:
        """Number of parameters."""
        return self.width * (self.inputs + 1) + self.outputs * (self.width + 1)

    def start(self, random: np.random.Generator) -> Array:
        """Normal weights, of variance one over the fan-in."""
        first = random.standard_normal((self.width, self.inputs + 1)) / np.sqrt(self.inputs)
        last = random.standard_normal((self.outputs, self.width + 1)) / np.sqrt(self.width)
        return np.concatenate([first.ravel(), last.ravel()])

    def split(self, theta: Array) -> tuple[Array, Array]:
        """Hidden layer (width, inputs + 1) and last layer (outputs, width + 1), biases in the last column."""
        place = self.width * (self.inputs + 1)
        return theta[:place].reshape(self.width, -1), theta[place:].reshape(self.outputs, -1)

    def apply(self, theta: Array, x: Array) -> Array:
        """Outputs (m, outputs) of x (m, inputs)."""
        first, last = self.split(theta)
        hidden = np.tanh(x @ first[:, :-1].T + first[:, -1])
        return np.asarray(hidden @ last[:, :-1].T + last[:, -1])

    def loss(self, theta: Array, x: Array, y: Array) -> tuple[float, Array]:
        """Half the mean square of the misfit, and its gradient."""
        first, last = self.split(theta)
        hidden = np.tanh(x @ first[:, :-1].T + first[:, -1])
        misfit = (hidden @ last[:, :-1].T + last[:, -1] - y) / len(x)
        back = (misfit @ last[:, :-1]) * (1.0 - hidden**2)
        gradient = np.concatenate([back.T @ x, back.sum(axis=0)[:, None]], axis=1)
        outer = np.concatenate([misfit.T @ hidden, misfit.sum(axis=0)[:, None]], axis=1)
        return 0.5 * len(x) * float(np.sum(misfit**2)), np.concatenate([gradient.ravel(), outer.ravel()])

    def fitted(self, start: Array, x: Array, y: Array, *, iterations: int) -> Array:
        """Parameters after so many steps of L-BFGS."""
        from scipy.optimize import minimize

        found = minimize(self.loss, start, args=(x, y), jac=True, method="L-BFGS-B", options={"maxiter": iterations})
        return np.asarray(found.x)
