"""`operators.architectures.multilinear` in TensorFlow. Needs TensorFlow."""

from itertools import product

import tensorflow as tf

from bench.engines.descent.networks.network import Tensor


def interpolated(values: Tensor, points: Tensor, nodes: int) -> Tensor:
    """Values (c, E) at the points (p, E) from those at the nodes (k^p, c)."""
    along = tf.clip_by_value((points + 1.0) * (0.5 * (nodes - 1)), 0.0, nodes - 1.0)
    cell = tf.minimum(tf.floor(along), nodes - 2.0)
    place, cell = along - cell, tf.cast(cell, tf.int32)
    found = tf.zeros(())
    for corner in product((0, 1), repeat=points.shape[0]):
        number, factor = tf.zeros_like(cell[0]), tf.ones_like(place[0])
        for axis, step in enumerate(corner):
            number = number * nodes + cell[axis] + step
            factor = factor * (place[axis] if step else 1.0 - place[axis])
        found = found + factor * tf.transpose(tf.gather(values, number))
    return found
