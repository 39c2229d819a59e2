"""SOAP: its recurrence under both rules, NumPy and TensorFlow, its symmetry, and a quadratic that Adam cannot meet."""

import numpy as np
import pytest

from bench.cell import Training
from bench.engines.learning_rates import warmed_cosine
from bench.engines.soap import NUMPY, REFRESH, MatrixSoap, SoapRule
from bench.engines.threads import pinned_tensorflow
from bench.engines.variable_projection.subnet import RULE
from operators.arrays import Array

WAITING = SoapRule(from_first_gradient=False, epsilon=1e-30, relative=False)
STEPS = 3 * REFRESH + 4


def soap_in_numpy(gradients: list[Array], rate: float, rule: SoapRule) -> Array:
    """SOAP for one matrix, with the momentum kept in the original coordinates and turned at every step."""
    rows, columns = gradients[0].shape
    left, right = np.zeros((rows, rows)), np.zeros((columns, columns))
    q_left, q_right = np.eye(rows), np.eye(columns)
    momentum, second, theta = np.zeros((rows, columns)), np.zeros((rows, columns)), np.zeros((rows, columns))

    def follow(average: Array, basis: Array, first: bool) -> Array:
        return np.linalg.eigh(average)[1][:, ::-1] if first else np.linalg.qr(average @ basis)[0]

    for t, g in enumerate(gradients):
        old = left, right
        left, right = 0.95 * left + 0.05 * g @ g.T, 0.95 * right + 0.05 * g.T @ g
        averages = (left, right) if rule.from_first_gradient else old
        if t % 10 == 0 and (t or rule.from_first_gradient):
            first = t == (0 if rule.from_first_gradient else 10)
            q_left, q_right = follow(averages[0], q_left, first), follow(averages[1], q_right, first)
        momentum = 0.9 * momentum + 0.1 * g
        second = 0.95 * second + 0.05 * (q_left.T @ g @ q_right) ** 2
        corrected = second / (1 - 0.95 ** (t + 1))
        epsilon = rule.epsilon * (corrected.max() if rule.relative else 1.0)
        direction = (q_left.T @ momentum @ q_right) / (1 - 0.9 ** (t + 1)) / np.sqrt(corrected + epsilon)
        theta = theta - rate * q_left @ direction @ q_right.T
    return theta


def gradients_of(shape: tuple[int, int], seed: int) -> list[Array]:
    """Gradients of unequal sizes."""
    generator = np.random.default_rng(seed)
    return [np.exp(generator.standard_normal(shape)) * generator.standard_normal(shape) for _ in range(STEPS)]


@pytest.mark.parametrize("rule", [RULE, WAITING, SoapRule(from_first_gradient=True, epsilon=0.1, relative=True)])
@pytest.mark.parametrize("shape", [(5, 4), (3, 2), (2, 1), (1, 1)])  # null spaces of one dimension at most
def test_the_state_of_a_matrix_follows_the_documented_recurrence(shape: tuple[int, int], rule: SoapRule) -> None:
    gradients, soap = gradients_of(shape, 7), MatrixSoap(shape, rule)
    reached = sum(soap.update(gradient, 0.01) for gradient in gradients)
    expected = soap_in_numpy(gradients, 0.01, rule)
    rounding = (
        max(1e-16 / np.sqrt(rule.epsilon), 1e-9) if rule.relative else 1e-9
    )  # of a step, where the first gradient leaves V at 0
    np.testing.assert_allclose(reached, expected, atol=0.01 * STEPS * rounding, rtol=0)


def test_the_optimiser_of_the_descent_follows_the_documented_recurrence_on_every_matrix() -> None:
    tf = pinned_tensorflow(1)
    from bench.engines.descent.optimisers.soap import RULE as RULE_OF_DESCENT
    from bench.engines.descent.optimisers.soap import Soap

    shapes = ((5, 4), (3, 2), (1, 1))
    gradients = [gradients_of(shape, seed) for seed, shape in enumerate(shapes)]
    training = Training(steps=STEPS, learning_rate=0.01)
    soap, theta = Soap(shapes), tf.zeros(27)
    state = soap.start()
    for step in range(STEPS):
        gradient = tf.constant(np.concatenate([matrices[step].ravel() for matrices in gradients]), tf.float32)
        coefficients = tf.constant(soap.coefficients(training, STEPS, step, count=1)[0])
        theta, opened = soap.step(theta, gradient, soap.opened(state), coefficients=coefficients)
        state = soap.closed(opened)
        if step % REFRESH == REFRESH - 1:
            state = soap.between_chunks(state, step + 1)
    expected = np.concatenate([soap_in_numpy(matrices, 0.01, RULE_OF_DESCENT).ravel() for matrices in gradients])
    np.testing.assert_allclose(theta.numpy(), expected, atol=2e-4 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize(("relative", "expected"), [(False, [[2.0, 2.5], [1.5, 0.0]]), (True, [[3.0, 3.5], [2.5, 1.0]])])
def test_epsilon_is_absolute_or_in_units_of_the_largest_second_moment(relative: bool, expected: list[list[float]]) -> None:
    tf = pinned_tensorflow(1)
    from bench.engines.descent.optimisers.soap import TENSORFLOW

    second = np.square(expected) - (1.0 if relative else 0.0)
    rule = SoapRule(from_first_gradient=True, epsilon=1.0 / 11.25 if relative else 0.0, relative=relative)
    np.testing.assert_allclose(rule.root(second, NUMPY), expected, rtol=1e-12)
    np.testing.assert_allclose(rule.root(tf.constant(second, tf.float32), TENSORFLOW), expected, rtol=1e-6)


def test_a_side_that_is_too_long_stays_unturned() -> None:
    gradients, rule = gradients_of((5, 4), 3), SoapRule(True, 0.0, relative=False, longest_side=4)
    assert [rule.turns(side) for side in (1, 2, 4, 5)] == [False, True, True, False]
    columns, turned = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0], MatrixSoap((5, 4), rule)
    plain = MatrixSoap((5, 4), rule)
    for gradient in gradients:
        np.testing.assert_allclose(turned.update(gradient @ columns, 1.0), plain.update(gradient, 1.0) @ columns, atol=1e-6)
    adam = MatrixSoap((5, 4), SoapRule(True, 0.0, relative=False, longest_side=1))
    np.testing.assert_allclose(adam.update(gradients[0], 0.1), -0.1 * np.sign(gradients[0]))


def test_steps_turn_with_the_coordinates() -> None:
    rng = np.random.default_rng(3)
    left, right = np.linalg.qr(rng.normal(size=(5, 5)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
    plain, turned = MatrixSoap((5, 4), RULE), MatrixSoap((5, 4), RULE)
    for _ in range(25):
        gradient = rng.normal(size=(5, 4))
        step = plain.update(gradient, 1.0)
        np.testing.assert_allclose(turned.update(left @ gradient @ right, 1.0), left @ step @ right, atol=1e-5)


def test_an_ill_conditioned_quadratic_is_met() -> None:
    rng = np.random.default_rng(4)
    left, right = (np.linalg.qr(rng.normal(size=(6, 6)))[0] * np.geomspace(1.0, 1e-3, 6) for _ in range(2))
    target, matrix, soap = rng.normal(size=(6, 6)), np.zeros((6, 6)), MatrixSoap((6, 6), RULE)
    for rate in warmed_cosine(0.1, 1500):
        matrix = matrix + soap.update(left.T @ left @ (matrix - target) @ right.T @ right, rate)
    assert np.abs(matrix - target).max() < 1e-2


def test_gradients_that_are_not_finite_are_refused() -> None:
    with pytest.raises(FloatingPointError, match="finite"):
        MatrixSoap((3, 2), RULE).update(np.full((3, 2), np.inf), 0.1)
