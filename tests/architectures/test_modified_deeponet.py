"""The modified DeepONet: its formula pair by pair, and outputs of a rank that q does not limit."""

import numpy as np

from operators.architectures import ModifiedDeepONet, Weights
from operators.arrays import Array

NET = ModifiedDeepONet(4, 2, width=5, depth=2, q=3)


def drawn(net: ModifiedDeepONet, seed: int = 0) -> dict[str, Array]:
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(shape) for name, shape in net.shapes().items()}


def test_values_are_those_of_the_formula_pair_by_pair() -> None:
    arrays, generator = drawn(NET), np.random.default_rng(1)
    inputs, points = generator.standard_normal((3, 4)), generator.uniform(-1.0, 1.0, (5, 2))
    for i, j in np.ndindex(3, 5):
        u, y = inputs[i], points[j]
        first = np.tanh(u @ arrays["encode_input_kernel"] + arrays["encode_input_bias"])
        second = np.tanh(y @ arrays["encode_point_kernel"] + arrays["encode_point_bias"])
        ends = []
        for part, hidden in (("branch", u), ("trunk", y)):
            for layer in (0, 1):
                mixture = np.tanh(hidden @ arrays[f"{part}_{layer}_kernel"] + arrays[f"{part}_{layer}_bias"])
                hidden = (1.0 - mixture) * first + mixture * second
            ends.append(hidden @ arrays[f"{part}_2_kernel"] + arrays[f"{part}_2_bias"])
        expected = ends[0] @ ends[1] + arrays["bias"][0]
        found = NET.apply(Weights(arrays), inputs[i : i + 1], points[j : j + 1])
        np.testing.assert_allclose(found, [[expected]], atol=1e-12)


def test_one_term_has_outputs_of_a_rank_above_one() -> None:
    net = ModifiedDeepONet(2, 1, width=4, depth=1, q=1)
    generator = np.random.default_rng(2)
    values = net.apply(Weights(drawn(net, 3)), generator.standard_normal((20, 2)), generator.uniform(-1.0, 1.0, (20, 1)))
    singular = np.linalg.svd(values, compute_uv=False)
    assert singular[3] > 1e-6 * singular[0]
    assert net.output_rank() is None
