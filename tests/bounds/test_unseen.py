"""Theorems E1 and E2: what a first layer of width k does not see, against tensors, nets, brute force and published figures."""

import itertools
import math

import numpy as np
import pytest

from operators import TASKS
from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Setting, first_layer, unseen_modes
from operators.bounds.rank_to_parameters import NetClass
from operators.numerics import grf

NETS = NetClass(100, 1, 2, 2, "activated-trunk")


def spectrum_of(name: str) -> np.ndarray:
    task = TASKS[name]
    known = task.output_spectrum()
    if known is not None:
        return known
    outputs = task.outputs(np.eye(grf.squared_exponential(0.2).coefficients))
    return np.linalg.svd(outputs, compute_uv=False) ** 2 / outputs.shape[1]


@pytest.mark.parametrize(("name", "k", "d"), [("antiderivative", 4, 457), ("advection", 9, 1112)])
def test_the_least_net_for_fresh_functions_is_the_one_derived(name: str, k: int, d: int) -> None:
    spectrum = spectrum_of(name)
    assert first_layer.least_rank(spectrum, 0.05) == k
    assert first_layer.necessary_parameters(NETS, k, k) == d
    where = Setting(n=1, size=lambda q: DeepONet(100, 1, (q, q), (q, q), q), spectrum=spectrum)
    assert BOUNDS["first-layer"].necessary(where, 0.05).value == d


@pytest.mark.parametrize(
    ("ends", "depths"), list(itertools.product(("linear", "activated-trunk", "sigmoid"), [(1, 1), (2, 2), (3, 1)]))
)
def test_the_least_net_is_the_least_of_all_that_meet_the_conditions(ends, depths: tuple[int, int]) -> None:
    first, rank, counts = 3, 2, []
    nets = NetClass(5, 1, *depths, ends)
    for widths in itertools.product(range(1, 5), repeat=sum(depths)):
        for q in range(1, 4):
            net = DeepONet(5, 1, widths[: depths[0]], widths[depths[0] :], q, "tanh", ends)
            seen = net.branch_widths[0] >= first and (ends == "sigmoid" or net.branch_widths[-1] >= rank)
            if seen and net.rank_limit() >= rank:
                counts.append(net.parameter_count())
    assert first_layer.necessary_parameters(nets, first, rank) == min(counts)


def symmetric(rng: np.random.Generator, size: int, order: int) -> np.ndarray:
    tensor = rng.standard_normal((size,) * order)
    return np.mean([np.transpose(tensor, axes) for axes in itertools.permutations(range(order))], axis=0)


def seen_energy(tensor: np.ndarray, projector: np.ndarray) -> float:
    moved = tensor
    for axis in range(tensor.ndim):
        moved = np.moveaxis(np.tensordot(projector, moved, axes=(1, axis)), 0, axis)
    return float(np.sum(moved * tensor))


def test_what_a_projector_does_not_see_is_at_least_the_tail_of_k_for_chaoses_of_every_order() -> None:
    rng, size = np.random.default_rng(0), 5
    for orders in ((1,), (2,), (3,), (1, 2), (1, 2, 3)):
        tensors = [symmetric(rng, size, order) / 2.0**order for order in orders]
        k_matrix = sum(np.tensordot(t, t, axes=(range(1, t.ndim), range(1, t.ndim))) for t in tensors)
        tails = np.concatenate([np.cumsum(np.sort(np.linalg.eigvalsh(k_matrix)))[::-1], [0.0]])
        variance = sum(float(np.sum(t**2)) for t in tensors)
        assert np.trace(k_matrix) == pytest.approx(variance)
        for seen in range(size + 1):
            for _ in range(20):
                basis = np.linalg.qr(rng.standard_normal((size, max(seen, 1))))[0][:, :seen]
                unseen = variance - sum(seen_energy(t, basis @ basis.T) for t in tensors)
                assert unseen >= tails[seen] - 1e-10


def test_for_a_linear_operator_the_tail_is_attained_by_its_own_modes() -> None:
    rng = np.random.default_rng(1)
    operator = rng.standard_normal((6, 9))
    _, singular, modes = np.linalg.svd(operator)
    for seen in range(6):
        kept = modes[:seen]
        unseen = np.sum((operator - operator @ kept.T @ kept) ** 2)
        assert unseen == pytest.approx(np.sum(singular[seen:] ** 2))


@pytest.mark.parametrize(
    ("name", "rank", "figures"),
    [
        ("advection", 9, {1024: 452, 4096: 672, 16384: 892, 65536: 1002}),
        ("antiderivative", 3, {1024: 179, 4096: 302}),
    ],
)
def test_parameters_for_n_functions_are_those_of_the_derivation_and_rise_to_those_of_fresh_ones(
    name: str, rank: int, figures: dict[int, int]
) -> None:
    spectrum = spectrum_of(name)
    found = {n: unseen_modes.necessary_parameters(NETS, spectrum, n, 0.05, rank=rank, failure_probability=0.05) for n in figures}
    assert found == figures
    k = first_layer.least_rank(spectrum, 0.05)
    assert max(found.values()) <= first_layer.necessary_parameters(NETS, k, k)


def test_memorised_nats_fall_with_what_is_seen_and_with_the_energy_allowed() -> None:
    spectrum = 0.7 ** np.arange(30.0)
    delta = {"failure_probability": 1e-3}
    by_seen = [unseen_modes.memorised_nats(spectrum, 5000, seen, 0.02, **delta) for seen in range(12)]
    assert by_seen == sorted(by_seen, reverse=True)
    assert by_seen[0] > 0.0
    by_energy = [unseen_modes.memorised_nats(spectrum, 5000, 2, energy, **delta) for energy in (0.01, 0.1, 0.5, 5.0)]
    assert by_energy == sorted(by_energy, reverse=True)
    assert by_energy[-1] == 0.0
    per_function = [unseen_modes.memorised_nats(spectrum, n, 2, 0.02, **delta) / n for n in (100, 1000, 10**5)]
    assert per_function == sorted(per_function)


def test_random_codebooks_that_see_some_modes_reach_no_energy_the_bound_excludes() -> None:
    """Each setting sees the first mode and shifts the others by values drawn before: the best of many never gets there."""
    rng, functions, seen = np.random.default_rng(2), 24, 1
    spectrum, settings, delta = np.array([1.0, 0.6, 0.3]), 200, 0.02
    shifts = rng.standard_normal((settings, functions, 2)) * np.sqrt(spectrum[seen:])
    reached = []
    for _ in range(60):
        unseen = rng.standard_normal((functions, 2)) * np.sqrt(spectrum[seen:])
        reached.append(float(np.min(np.mean(np.sum((shifts - unseen) ** 2, axis=2), axis=1))))
    least = min(reached)
    grid = [energy for energy in np.linspace(0.005, 0.9, 200) if _excluded(spectrum, functions, seen, energy, settings, delta)]
    assert grid
    assert max(grid) < least


def _excluded(spectrum: np.ndarray, functions: int, seen: int, energy: float, settings: int, delta: float) -> bool:
    nats = unseen_modes.memorised_nats(spectrum, functions, seen, float(energy), failure_probability=delta)
    return nats > math.log(settings / delta)


def test_the_energy_of_a_sample_stays_below_its_bound() -> None:
    rng, functions = np.random.default_rng(3), 40
    spectrum = np.array([2.0, 0.5, 0.1])
    allowed = unseen_modes.allowed_energy(spectrum, functions, 1.0, failure_probability=0.02)
    energies = [float(np.mean(np.sum(rng.standard_normal((functions, 3)) ** 2 * spectrum, axis=1))) for _ in range(2000)]
    assert np.mean(np.array(energies) > allowed) <= 0.02
    assert spectrum.sum() < allowed < 3.0 * spectrum.sum()


def test_with_few_functions_nothing_beyond_the_least_net_is_said() -> None:
    where = Setting(
        n=32 * 32, size=lambda q: DeepONet(100, 1, (q, q), (q, q), q), shape=(32, 32), spectrum=spectrum_of("advection")
    )
    assert BOUNDS["unseen-modes"].necessary(where, 0.05).vacuous
    many = Setting(
        n=2**20, size=lambda q: DeepONet(100, 1, (q, q), (q, q), q), shape=(2**14, 64), spectrum=spectrum_of("advection")
    )
    assert BOUNDS["unseen-modes"].necessary(many, 0.05).value == 724
