"""Residual DMD against the products G, A, L, closed forms, planted spans and contours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh, eigvals

from bench.families.family import Context
from bench.families.koopman import KoopmanExecution
from bench.studies.koopman import WITNESSES
from operators.companions import flows
from operators.companions.koopman import Snapshots, snapshots
from results.charts.contours import level_lines
from results.families.koopman import LEVELS, PROBES, REFERENCE, Cell


def legendre(q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    nodes = flows.gauss_map(100)
    return flows.legendre_functions(nodes.here, q), flows.legendre_functions(nodes.moved, q), nodes.weights


def ordered(values: np.ndarray) -> np.ndarray:
    """By real parts up to rounding, so that pairs of conjugates keep their order."""
    return values[np.lexsort((values.imag, values.real.round(9)))]


def test_the_figures_of_the_gauss_map_are_met() -> None:
    measured = KoopmanExecution().run(Cell(system="gauss", dictionary="legendre", q=40), Context()).measured
    assert [measured.above[f"{level:g}"] for level in LEVELS] == [26, 24, 20, 8]
    for name in PROBES:
        assert measured.least[name] == pytest.approx(REFERENCE[f"least_at_{name}"], rel=0.005)
    assert measured.gram_defect < 1e-11


@pytest.mark.parametrize("z", [0.5, -0.5, 1j, 0.2 + 0.3j])
def test_least_residuals_are_generalised_eigenvalues_of_the_products(z: complex) -> None:
    """The definition, with G, A and L; it squares condition numbers, so that small residuals are left to the other form."""
    x, y, w = legendre(12)
    g, a, ell = x.T @ (w[:, None] * x), x.T @ (w[:, None] * y), y.T @ (w[:, None] * y)
    form = ell - z * a.conj().T - np.conj(z) * a + abs(z) ** 2 * g
    least = np.sqrt(eigh(form, g, eigvals_only=True)[0])
    assert snapshots(x, y, w).least_residual(z) == pytest.approx(least, rel=1e-5)


def test_eigenvalues_are_those_of_the_pencil_and_residuals_those_of_their_functions() -> None:
    x, y, w = legendre(10)
    g, a = x.T @ (w[:, None] * x), x.T @ (w[:, None] * y)
    values, residuals = snapshots(x, y, w).edmd()
    assert np.abs(values[:, None] - eigvals(a, g)).min(axis=1).max() < 1e-10
    assert all(
        residual >= snapshots(x, y, w).least_residual(value) - 1e-12 for value, residual in zip(values, residuals, strict=True)
    )


def test_eigenvalues_do_not_depend_on_the_basis_of_the_span() -> None:
    x, y, w = legendre(6)
    mixed = np.random.default_rng(0).normal(size=(6, 6))
    first, second = (ordered(snapshots(x @ m, y @ m, w).edmd()[0]) for m in (np.eye(6), mixed))
    np.testing.assert_allclose(first, second, atol=1e-8)


@given(st.integers(1, 15), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
def test_waves_on_the_rotation_have_their_closed_form(q: int, re: float, im: float) -> None:
    nodes, z = flows.rotation(64), complex(re, im)
    found = snapshots(flows.fourier_functions(nodes.here, q), flows.fourier_functions(nodes.moved, q), nodes.weights)
    waves = sorted(range(-q, q + 1), key=lambda k: (abs(k), -k))[:q]
    distance = min(abs(z - np.exp(1j * k * flows.ANGLE)) for k in waves)
    assert found.least_residual(z) == pytest.approx(distance, abs=1e-12)
    assert found.invariance_defect() < 1e-12


def planted(leak: float) -> Snapshots:
    """Five waves, each with a wave from outside the span of weight `leak`."""
    nodes = flows.rotation(64)

    def functions(x: np.ndarray) -> np.ndarray:
        waves = flows.fourier_functions(x, 11)
        return waves[:, :5] + leak * waves[:, 6:]

    return snapshots(functions(nodes.here), functions(nodes.moved), nodes.weights)


def test_what_leaks_out_of_an_invariant_span_is_seen_in_proportion() -> None:
    defects = [planted(leak).invariance_defect() for leak in (1e-3, 1e-2)]
    assert defects[1] / defects[0] == pytest.approx(10.0, rel=0.01)
    assert 1e-3 < defects[0] < 2e-3


def test_the_pendulum_keeps_its_energy_and_a_function_of_it_is_an_eigenfunction() -> None:
    nodes = flows.pendulum(12)
    energies = [0.5 * x[:, 1:] ** 2 - np.cos(x[:, :1]) for x in (nodes.here, nodes.moved)]
    np.testing.assert_allclose(*energies, atol=1e-7)
    found = snapshots(*energies, nodes.weights)
    assert found.least_residual(1.0) < 1e-6


def test_functions_that_coincide_are_counted_once() -> None:
    x, y, w = legendre(4)
    doubled = snapshots(np.hstack([x, x]), np.hstack([y, y]), w)
    assert doubled.rank == 4
    np.testing.assert_allclose(ordered(doubled.edmd()[0]), ordered(snapshots(x, y, w).edmd()[0]), atol=1e-10)


@pytest.mark.parametrize("system", ["heat", "advection"])
def test_waves_are_invariant_under_translation_invariant_flows_and_trunks_are_not_exactly(system: str) -> None:
    witness, q = next(iter(WITNESSES[system].items()))
    common = {"system": system, "q": q, "nodes": 60}
    waves, trunk = (
        KoopmanExecution().run(Cell.model_validate({**common, **more}), Context()).measured
        for more in ({"dictionary": "fourier"}, {"dictionary": "trunk", "witness": witness})
    )
    if q % 2:
        assert waves.invariance_defect < 1e-12
    assert 1e-4 < trunk.invariance_defect < 0.5


def test_a_trunk_of_another_system_or_size_is_refused() -> None:
    witness, q = next(iter(WITNESSES["heat"].items()))
    for wrong in ({"system": "advection", "q": q}, {"system": "heat", "q": q + 1}):
        with pytest.raises(ValueError, match="expected a witness of"):
            KoopmanExecution().run(Cell(dictionary="trunk", witness=witness, nodes=10, **wrong), Context())
    for wrong in ({"dictionary": "pod", "witness": witness}, {"dictionary": "trunk"}, {"dictionary": "legendre"}):
        with pytest.raises(ValueError, match="expected a"):
            Cell.model_validate({"system": "heat", "q": q, **wrong})


def test_level_lines_of_a_cone_are_circles_and_cut_ones_end_on_the_edge() -> None:
    x = np.linspace(-1.0, 1.0, 41)
    cone = np.hypot(*np.meshgrid(x, x))
    ((across, upwards),) = level_lines(x, x, cone, 0.5)
    assert (across[0], upwards[0]) == (across[-1], upwards[-1])
    np.testing.assert_allclose(np.hypot(across, upwards), 0.5, atol=2e-3)
    half = cone[20:]
    ((across, upwards),) = level_lines(x, x[20:], half, 0.5)
    assert {round(upwards[0], 12), round(upwards[-1], 12)} == {0.0}
    assert sorted(round(end, 6) for end in (across[0], across[-1])) == [-0.5, 0.5]
    assert not level_lines(x, x, cone, 9.0)
