"""shift-DeepONet: without scale and shift a DeepONet; with a shift, one term follows a translate of any rank."""

import numpy as np

from operators.architectures import DeepONet, ShiftDeepONet, Weights
from operators.arrays import Array

NET = ShiftDeepONet(4, 2, branch_widths=(5, 6), trunk_widths=(7,), q=3)


def drawn(seed: int = 0) -> dict[str, Array]:
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(shape) for name, shape in NET.shapes().items()}


def test_where_scale_and_shift_vanish_it_is_a_deeponet() -> None:
    arrays = drawn()
    for name in ("scale_2_kernel", "scale_2_bias", "shift_2_kernel", "shift_2_bias"):
        arrays[name] = np.zeros_like(arrays[name])
    plain = DeepONet(4, 2, NET.branch_widths, NET.trunk_widths, NET.q, ends="linear")
    kept = Weights({name: arrays[name] for name in plain.shapes()})
    generator = np.random.default_rng(1)
    inputs, points = generator.standard_normal((9, 4)), generator.uniform(-1.0, 1.0, (11, 2))
    np.testing.assert_allclose(NET.apply(Weights(arrays), inputs, points), plain.apply(kept, inputs, points), atol=1e-12)


def test_values_are_those_of_the_formula_pair_by_pair() -> None:
    arrays = drawn(2)
    generator = np.random.default_rng(3)
    inputs, points = generator.standard_normal((3, 4)), generator.uniform(-1.0, 1.0, (5, 2))

    def part(name: str, values: Array) -> Array:
        depth = 1 if name == "trunk" else 2
        for number in range(depth):
            values = np.tanh(values @ arrays[f"{name}_{number}_kernel"] + arrays[f"{name}_{number}_bias"])
        return values @ arrays[f"{name}_{depth}_kernel"] + arrays[f"{name}_{depth}_bias"]

    expected = np.full((3, 5), arrays["bias"][0])
    for i, u in enumerate(inputs):
        scale, shift = part("scale", u).reshape(3, 2, 2), part("shift", u).reshape(3, 2)
        for j, y in enumerate(points):
            terms = [part("trunk", y + scale[k] @ y + shift[k])[k] for k in range(3)]
            expected[i, j] += part("branch", u) @ np.array(terms)
    np.testing.assert_allclose(NET.apply(Weights(arrays), inputs, points), expected, atol=1e-12)


def test_one_term_has_outputs_of_a_rank_far_above_one() -> None:
    net = ShiftDeepONet(1, 1, branch_widths=(1,), trunk_widths=(1,), q=1, activation="relu")
    arrays = {name: np.zeros(shape) for name, shape in net.shapes().items()}
    for name in ("shift_0_kernel", "shift_1_kernel", "trunk_0_kernel", "trunk_1_kernel"):
        arrays[name] += 1.0
    arrays["branch_1_bias"] += 1.0
    u, y = np.linspace(0.0, 1.0, 20)[:, None], np.linspace(-1.0, 0.0, 20)[:, None]
    values = net.apply(Weights(arrays), u, y)
    np.testing.assert_allclose(values, np.maximum(y.T + u, 0.0), atol=1e-12)
    assert np.linalg.matrix_rank(values) >= 19
    assert net.output_rank() is None
