"""The forms of the training loss (see `bench.engines.batched.forms`) in TensorFlow.

Each function takes branch values U (q, B), trunk values V (q, .), the scalar bias b0 () and the operands of the batch.
"""

from collections.abc import Callable

import tensorflow as tf

from bench.engines.batched.forms import LossForm
from bench.engines.batched.network import Tensor

Arrays = dict[str, Tensor]


def _direct(branch: Tensor, trunk: Tensor, bias: Tensor, arrays: Arrays) -> Tensor:
    residual = arrays["factor"] * (tf.matmul(branch, trunk, transpose_a=True) + bias) - arrays["targets"]
    return tf.reduce_mean(tf.square(residual))


def _gram(branch: Tensor, trunk: Tensor, bias: Tensor, arrays: Arrays) -> Tensor:
    targets, factor = arrays["targets"], arrays["factor"]
    functions, points = targets.shape
    trunk, offset = factor * trunk, tf.broadcast_to(factor * bias, (points,))
    squared = tf.reduce_sum(tf.matmul(branch, branch, transpose_b=True) * tf.matmul(trunk, trunk, transpose_b=True))
    crossed = tf.reduce_sum(tf.reduce_sum(branch, axis=1) * tf.linalg.matvec(trunk, offset))
    mixed = tf.reduce_sum(tf.matmul(branch, targets) * trunk)
    squared += functions * tf.reduce_sum(tf.square(offset)) + tf.reduce_sum(arrays["energies"])
    return (squared + 2.0 * (crossed - mixed - tf.reduce_sum(offset * arrays["sums"]))) / (functions * points)


def _own(branch: Tensor, trunk: Tensor, bias: Tensor, arrays: Arrays) -> Tensor:
    functions, points = arrays["targets"].shape
    values = tf.reduce_sum(branch[:, :, None] * tf.reshape(trunk, (-1, functions, points)), axis=0)
    return tf.reduce_mean(tf.square(arrays["factor"] * (values + bias) - arrays["targets"]))


def _table(branch: Tensor, trunk: Tensor, bias: Tensor, arrays: Arrays) -> Tensor:
    values = arrays["factor"] * (tf.matmul(branch, trunk, transpose_a=True) + bias)
    return tf.reduce_sum(tf.square(arrays["mask"] * values - arrays["targets"])) / arrays["labels"]


def _gathered(branch: Tensor, trunk: Tensor, bias: Tensor, arrays: Arrays) -> Tensor:
    chosen = tf.gather(tf.transpose(trunk), arrays["index"])
    values = tf.reduce_sum(tf.transpose(branch)[:, None, :] * chosen, axis=-1)
    return tf.reduce_mean(tf.square(arrays["factor"] * (values + bias) - arrays["targets"]))


LOSSES: dict[LossForm, Callable[[Tensor, Tensor, Tensor, Arrays], Tensor]] = {
    "direct": _direct,
    "gram": _gram,
    "own": _own,
    "table": _table,
    "gathered": _gathered,
}
