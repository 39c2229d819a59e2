"""Query points and label noise of a data set: one stream each, a prefix in N and in M.

    grid       all functions share the first M of one random permutation of the P query points
    scattered  each function has the first M of a random permutation of its own
    triples    M = 1: each point uniform, independent

    label = clean + z, z drawn once, mean 0, standard deviation s = sigma * (root mean square of the task's clean outputs):
    rademacher z = +-s, so the realised energy is exactly s^2; uniform on (-sqrt(3) s, sqrt(3) s); gaussian

Every function owns P numbers of a stream (one for triples), of which the first M are used.

Controls, each one uniform permutation of its own stream (so no prefix of a larger one):
    permuted-noise   z is permuted over all n labels: noise that knows nothing of where it sits is as easily absorbed as before
    permuted-labels  the labels g_i + z_i of function i go to the input of another function: no structure of the operator is left
                     to learn, while V, and on a grid every singular value and so every floor, stay what they were
"""

import numpy as np
import scipy
from numpy.typing import NDArray

from operators.arrays import Array
from operators.data.request import NoiseLaw, Request
from operators.seeds import stream

ROWS = 256


def point_index(request: Request) -> NDArray[np.int64]:
    """Rows of the task's query points that carry labels: (M,) for a grid, (N, M) otherwise."""
    available = len(request.task.points())
    generator = stream("points", request.design, request.task.identity(), request.replicate)
    if request.design == "grid":
        return generator.permutation(available)[: request.points]
    if request.design == "triples":
        return generator.integers(available, size=(request.functions, 1))
    index = np.empty((request.functions, request.points), dtype=np.int64)
    for row in index:
        row[:] = generator.permutation(available)[: request.points]
    return index


def draw_noise(request: Request, rms: float) -> Array:
    """Frozen noise z (N, M); `rms` is the root mean square of the task's clean outputs."""
    noise = np.zeros((request.functions, request.points))
    if request.noise_law == "none":
        return noise
    width = 1 if request.design == "triples" else len(request.task.points())
    generator = stream("noise", request.design, request.task.identity(), request.replicate)
    for first in range(0, request.functions, ROWS):
        rows = noise[first : first + ROWS]
        rows[:] = _standardised(request.noise_law, generator.random((len(rows), width))[:, : request.points])
    noise *= request.sigma * rms
    return noise


def controlled(request: Request, clean: Array, noise: Array) -> tuple[Array, Array]:
    """Clean values and noise (N, M) of the labels after the request's control experiment."""
    if request.control == "none":
        return clean, noise
    identity = (request.control, request.design, request.task.identity(), request.functions, request.points, request.replicate)
    generator = stream("control", *identity)
    if request.control == "permuted-noise":
        return clean, generator.permutation(noise.ravel()).reshape(noise.shape)
    order = generator.permutation(request.functions)
    return clean[order], noise[order]


def _standardised(law: NoiseLaw, uniform: Array) -> Array:
    """Map uniform variates on [0, 1) to mean 0 and variance 1."""
    if law == "rademacher":
        return np.where(uniform < 0.5, -1.0, 1.0)
    if law == "uniform":
        return np.sqrt(3.0) * (2.0 * uniform - 1.0)
    return scipy.special.ndtri(np.maximum(uniform, 2.0**-54))
