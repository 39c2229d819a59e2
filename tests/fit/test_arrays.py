"""What is taken as data, how it is split, and what is refused in one sentence."""

import numpy as np
import pytest

from bench.fit.arrays import PARTS, fit_data
from bench.fit.hidden import Hidden, ground_of, random_hidden
from bench.fit.units import principal_directions, units_of
from operators import UserError


def arrays(functions: int = 20) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.standard_normal((functions, 4)), generator.standard_normal((functions, 3, 2))


def test_every_function_is_in_one_part_and_the_seed_decides() -> None:
    first, again, other = (fit_data(*arrays(), seed=seed).rows for seed in (0, 0, 1))
    assert sorted(np.concatenate([first[part] for part in PARTS])) == list(range(20))
    assert all(np.array_equal(first[part], again[part]) for part in PARTS)
    assert not np.array_equal(first["test"], other["test"])


def test_axes_are_flattened_on_a_product_grid_and_components_get_a_number() -> None:
    inputs, outputs = arrays()
    data = fit_data([inputs, inputs[:, :2]], [outputs, -outputs])
    assert data.blocks == (4, 2)
    assert data.inputs.shape == (20, 6)
    np.testing.assert_array_equal(data.points[:, 2], [0.0] * 6 + [1.0] * 6)
    np.testing.assert_array_equal(data.points[2, :2], [0.5, 0.0])
    np.testing.assert_array_equal(data.outputs[:, 6:], -outputs.reshape(20, 6))


INPUTS, OUTPUTS = arrays()
NOT_FINITE = OUTPUTS.copy()
NOT_FINITE[7, 1, 1] = np.nan


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ((INPUTS[:19], OUTPUTS), {}, "as many inputs as outputs"),
        ((INPUTS, NOT_FINITE), {}, "function 7"),
        ((INPUTS, OUTPUTS * 0 + 2.0), {}, "outputs that vary"),
        ((INPUTS, OUTPUTS + 1j), {}, "real numbers"),
        ((INPUTS, OUTPUTS * 1e200), {}, "squares float64 can hold"),
        ((INPUTS[:5], OUTPUTS[:5]), {}, "at least 10 functions"),
        ((INPUTS, OUTPUTS, np.zeros((20, 6, 1))), {}, "own_points"),
        ((INPUTS, OUTPUTS, np.arange(5.0)), {}, "points of shape (6, dimension)"),
        ((INPUTS, OUTPUTS, np.zeros(6)), {}, "distinct points"),
        ((INPUTS, OUTPUTS), {"split": np.zeros(20)}, "got none for validation"),
        ((INPUTS, OUTPUTS), {"split": np.full(20, 3)}, "0 for training"),
        ((INPUTS, [OUTPUTS, OUTPUTS[:, :2]]), {}, "components at the same points"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(given: tuple, options: dict, said: str) -> None:
    with pytest.raises(UserError, match="expected") as caught:
        fit_data(*given, **options)
    assert said in str(caught.value)


@pytest.mark.parametrize("shape", [(30, 7), (7, 30)])
def test_principal_directions_span_the_inputs(shape: tuple[int, int]) -> None:
    centred = np.random.default_rng(1).standard_normal(shape)
    found = principal_directions(centred)
    np.testing.assert_allclose(found.T @ found, np.eye(7), atol=1e-12)
    np.testing.assert_allclose(centred @ found @ found.T, centred, atol=1e-10)


def test_constants_of_training_units_are_folded_into_the_weights() -> None:
    inputs, outputs = arrays()
    data = fit_data(3.0 + 40.0 * inputs, outputs * 1e-3 - 7.0, np.stack([np.arange(6.0), np.full(6, 5.0)], axis=1) + 100.0)
    ground = ground_of(data)
    hidden: Hidden = random_hidden(ground, ((9, 8), (7, 6)), seed=0)
    heads = tuple(np.random.default_rng(2).standard_normal((rows, 3)) for rows in (9, 7))
    features = (
        ground.features(hidden.branch, ground.units.inputs(data.inputs)).copy(),
        ground.features(hidden.trunk, ground.points),
    )
    expected = ground.units.mean + ground.units.deviation * ((features[0] @ heads[0]) @ (features[1] @ heads[1]).T + 0.25)
    weights = ground.assembled(hidden, heads, 0.25)
    found = ground.net(hidden, 3).apply(weights, data.inputs, data.points)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7 * ground.units.deviation * np.abs(heads[0]).max() * 30)


def test_units_come_from_training_functions_alone() -> None:
    inputs, outputs = arrays()
    data = fit_data(inputs, outputs)
    changed = inputs.copy(), outputs.copy()
    for array in changed:
        array[np.concatenate([data.rows["validation"], data.rows["test"]])] *= 100.0
    first, second = units_of(data), units_of(fit_data(*changed))
    assert (first.mean, first.deviation) == (second.mean, second.deviation)
    np.testing.assert_array_equal(first.rotation, second.rotation)
