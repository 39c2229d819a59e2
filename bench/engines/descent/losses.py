"""The forms of the training loss (see `bench.engines.descent.loss_forms`) in TensorFlow.

Each function takes what a network returns and the operands of the batch, among them the weights w_j = 1 / (B M) of the columns
of the residual. Branch values are U (q, B), trunk values V (q, .); `direct` and `table` also take plain values F (B, .).
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from bench.engines.descent.loss_forms import LossForm
from bench.engines.descent.networks.network import Factored, Tensor

Arrays = dict[str, Tensor]


def _weighted(squares: Tensor, arrays: Arrays) -> Tensor:
    """Sum over i and j of w_j s_ij, columns first: XLA on CPU adds a column sum in vectors, a whole sum one by one."""
    return tf.reduce_sum(arrays["weights"] * tf.reduce_sum(squares, axis=0))


def _values(outputs: Factored | Tensor) -> Tensor:
    """F (B, .) at all pairs."""
    return tf.matmul(outputs.branch, outputs.trunk, transpose_a=True) + outputs.bias if isinstance(outputs, Factored) else outputs


def _direct(outputs: Factored | Tensor, arrays: Arrays) -> Tensor:
    residual = arrays["factor"] * _values(outputs) - arrays["targets"]
    return _weighted(tf.square(residual), arrays)


def _own_products(rows: Tensor) -> Tensor:
    """A A^T; its gradient (D + D^T) A is 2 D A for the symmetric D of this loss: one product through the left A, doubled."""
    products = tf.matmul(rows, tf.stop_gradient(rows), transpose_b=True)
    return 2.0 * products - tf.stop_gradient(products)


def _gram(outputs: Factored, arrays: Arrays) -> Tensor:
    branch, trunk, bias = outputs
    targets, factor = arrays["targets"], arrays["factor"]
    functions, points = targets.shape
    trunk, offset = factor * trunk, tf.broadcast_to(factor * bias, (points,))
    squared = tf.reduce_sum(_own_products(branch) * _own_products(trunk))
    crossed = tf.reduce_sum(tf.reduce_sum(branch, axis=1) * tf.linalg.matvec(trunk, offset))
    constant = functions * tf.reduce_sum(tf.square(offset)) - 2.0 * tf.reduce_sum(offset * arrays["sums"]) + arrays["energy"]
    mixed = _weighted(tf.matmul(branch, targets) * trunk, arrays)
    return (squared + 2.0 * crossed + constant) / (functions * points) - 2.0 * mixed


def _own(outputs: Factored, arrays: Arrays) -> Tensor:
    branch, trunk, bias = outputs
    functions, points = arrays["targets"].shape
    values = tf.reduce_sum(branch[:, :, None] * tf.reshape(trunk, (-1, functions, points)), axis=0)
    return _weighted(tf.square(arrays["factor"] * (values + bias) - arrays["targets"]), arrays)


def _table(outputs: Factored | Tensor, arrays: Arrays) -> Tensor:
    values = arrays["factor"] * _values(outputs)
    return _weighted(tf.square(arrays["mask"] * values - arrays["targets"]), arrays)


def _gathered(outputs: Factored, arrays: Arrays) -> Tensor:
    branch, trunk, bias = outputs
    chosen = tf.gather(tf.transpose(trunk), arrays["index"])
    values = tf.reduce_sum(tf.transpose(branch)[:, None, :] * chosen, axis=-1)
    return _weighted(tf.square(arrays["factor"] * (values + bias) - arrays["targets"]), arrays)


LOSSES: dict[LossForm, Callable[[Any, Arrays], Tensor]] = {
    "direct": _direct,
    "gram": _gram,
    "own": _own,
    "table": _table,
    "gathered": _gathered,
}
