"""Korteweg-de Vries and Kuramoto-Sivashinsky against closed forms and against a solver that shares nothing with theirs."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import ellipj, ellipk

from operators import TASKS, find_task
from operators.data.function_cache import BlockCache
from operators.errors import DataInvalid
from operators.numerics import pseudo_spectral
from operators.seeds import stream
from operators.tasks.periodic_flow import PeriodicFlow

KDV = TASKS["korteweg-de-vries"]
SIVASHINSKY = TASKS["kuramoto-sivashinsky"]


def collocation(task: PeriodicFlow, coefficients: np.ndarray, size: int) -> np.ndarray:
    """u_t = L u - c u u_x at `size` equispaced points, products taken there (aliased), by an adaptive method of order 8."""
    wave = 2j * np.pi * np.fft.rfftfreq(size, 1.0 / size)
    if task.name == "korteweg-de-vries":
        symbol = -task.dispersion * wave**3
    else:
        slope = wave / task.length
        symbol = -(slope**2) - slope**4

    def right(_: float, flat: np.ndarray) -> np.ndarray:
        u = flat.reshape(-1, size)
        spectrum = np.fft.rfft(u)
        linear, derivative = (np.fft.irfft(factor * spectrum, n=size) for factor in (symbol, wave))
        return (linear - task.transport * u * derivative).ravel()

    start = task.field.evaluate(coefficients, np.arange(size) / size)
    return solve_ivp(right, (0.0, task.horizon), start.ravel(), "DOP853", rtol=1e-9, atol=1e-11).y[:, -1].reshape(-1, size)


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    return float((np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)).max())


@pytest.mark.parametrize(
    ("name", "parameters", "size"),
    [("korteweg-de-vries", {"point_count": 128}, 128), ("kuramoto-sivashinsky", {"sensor_count": 41, "point_count": 64}, 64)],
)
def test_collocation_with_an_adaptive_integrator_agrees_to_the_error_on_the_card(
    name: str, parameters: dict[str, int], size: int
) -> None:
    task = find_task(name, parameters)
    coefficients = task.draw(stream("inputs", name), 1)
    assert relative(task.outputs(coefficients), collocation(task, coefficients, size)) <= task.card.solver_error


@pytest.mark.parametrize("task", [KDV, SIVASHINSKY], ids=lambda task: task.name)
def test_finer_schemes_change_single_functions_by_less_than_the_error_on_the_card(task: PeriodicFlow) -> None:
    coefficients = task.draw(stream("inputs", "finer"), 12)
    finer = dataclasses.replace(task, modes=81, steps=2 * task.steps)
    assert relative(task.outputs(coefficients), finer.outputs(coefficients)) <= task.card.solver_error


@pytest.mark.parametrize(("task", "modes", "steps"), [(KDV, 40, 50), (SIVASHINSKY, 12, 40)], ids=["kdv", "ks"])
def test_order_in_time_is_four_for_smooth_functions(task: PeriodicFlow, modes: int, steps: int) -> None:
    smooth = dataclasses.replace(task, sensor_count=9, modes=modes, horizon=task.horizon / 4.0)
    coefficients = smooth.draw(stream("inputs", "order"), 4)
    reference = dataclasses.replace(smooth, steps=16 * steps).outputs(coefficients)
    errors = [
        np.abs(dataclasses.replace(smooth, steps=factor * steps).outputs(coefficients) - reference).max() for factor in (1, 2, 4)
    ]
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4.0, atol=0.3)


def cnoidal(m: float, delta: float, x: np.ndarray) -> tuple[np.ndarray, float]:
    """One wave on the period 1 and its speed: u = b + a cn^2(2 K x | m), a = 48 delta m K^2, of mean about 0."""
    quarter = ellipk(m)
    top = 48.0 * delta * quarter**2
    shift = -top * m / 2.0
    roots = (shift - (1.0 - m) * top, shift, shift + m * top)
    return shift + m * top * ellipj(2.0 * quarter * x, m)[1] ** 2, sum(roots) / 3.0


@pytest.mark.parametrize("m", [0.3, 0.99])
def test_cnoidal_waves_travel_at_their_speed_without_change(m: float) -> None:
    x = np.arange(128) / 128
    wave, speed = cnoidal(m, KDV.dispersion, x)
    initial = np.fft.rfft(wave)[None, :65] / 128
    eigenvalues = 1j * KDV.dispersion * pseudo_spectral.wave_numbers(64) ** 3
    final = pseudo_spectral.advance(initial, eigenvalues, transport=1.0, duration=1.0, steps=400)
    np.testing.assert_allclose(
        pseudo_spectral.values(final, x)[0], cnoidal(m, KDV.dispersion, x - speed)[0], atol=1e-6 * np.ptp(wave)
    )


def test_korteweg_de_vries_conserves_mean_energy_and_hamiltonian() -> None:
    coefficients = KDV.draw(stream("inputs", "invariants"), 8)
    initial = pseudo_spectral.padded(KDV.field.fourier(coefficients), KDV.scheme_modes)
    fine, wave = np.arange(512) / 512, 1j * pseudo_spectral.wave_numbers(KDV.scheme_modes)
    found = []
    for spectrum in (initial, KDV.final_spectrum(initial)):
        u, slope = pseudo_spectral.values(spectrum, fine), pseudo_spectral.values(wave * spectrum, fine)
        hamiltonian = np.mean(u**3 / 3.0 - KDV.dispersion * slope**2, axis=1)
        found.append(np.column_stack([u.mean(axis=1), np.mean(u**2, axis=1), hamiltonian]))
    np.testing.assert_allclose(found[1], found[0], atol=1e-5 * np.abs(found[0]).max())


@pytest.mark.parametrize("task", [KDV, SIVASHINSKY], ids=lambda task: task.name)
def test_small_amplitudes_obey_the_linear_equation(task: PeriodicFlow) -> None:
    small = dataclasses.replace(task, amplitude=1e-12 * task.amplitude)
    coefficients = small.draw(stream("inputs", "linear"), 5)
    factors = np.exp(task.horizon * np.asarray(small.eigenvalues()))[: len(small.field.deviations)]
    expected = pseudo_spectral.values(factors * small.field.fourier(coefficients), small.points()[:, 0])
    assert relative(small.outputs(coefficients), expected) < 1e-4


def test_the_operators_are_nonlinear() -> None:
    for task in (KDV, SIVASHINSKY):
        coefficients = task.draw(stream("inputs", "sum"), 2)
        both, apart = task.outputs(coefficients.sum(axis=0, keepdims=True)), task.outputs(coefficients).sum(axis=0)
        assert np.linalg.norm(both - apart) > 0.1 * np.linalg.norm(both)


def test_unresolved_solitons_are_reported_not_returned() -> None:
    task = find_task("korteweg-de-vries", {"dispersion": 1e-6, "steps": 20})
    with pytest.raises(DataInvalid, match=r"korteweg-de-vries.*(energy|not finite)"):
        BlockCache(None).block(task, "inputs", replicate=0, number=0)
