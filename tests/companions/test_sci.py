"""Sections of the dimerised chain against closed forms and against the square of the operator."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.companions.sci import chain, distance_to_spectrum, hoppings, injection_modulus, square_eigenvalues
from results.families.sci import REFERENCE


@pytest.mark.parametrize(("n", "eigenvalue", "modulus"), [(n, *values) for n, values in REFERENCE.items()])
def test_the_figures_are_met(n: int, eigenvalue: float, modulus: float) -> None:
    inside = np.abs(square_eigenvalues(n, cuts_strong=True))
    assert float(f"{inside.min():.1e}") == eigenvalue
    assert np.sum(inside < 1.0) == 2
    assert round(injection_modulus(n, 0.0, cuts_strong=True), 3) == modulus


def test_the_edge_state_decays_as_its_closed_form_says() -> None:
    smallest = np.array([np.abs(square_eigenvalues(n, cuts_strong=True)).min() for n in (20, 40, 60)])
    np.testing.assert_allclose(smallest, 1.5 * 2.0 ** -np.array([10.0, 20.0, 30.0]), rtol=1e-4)
    assert np.abs(square_eigenvalues(60, cuts_strong=False)).min() > 1.0


@pytest.mark.parametrize("cuts_strong", [True, False])
def test_the_modulus_is_that_of_the_squared_operator_on_the_sites(cuts_strong: bool) -> None:
    """|(A - z) x|^2 = <x, A^2 x> - 2 re z <x, A x> + |z|^2 |x|^2: no section of A of other size takes part."""
    n, z = 12, 0.3 + 0.2j
    bonds = hoppings(n + 1, strong_first=cuts_strong)
    inner = chain(bonds[1:-1])
    squared = (
        np.diag(bonds[:-1] ** 2 + bonds[1:] ** 2) + np.diag(bonds[1:-2] * bonds[2:-1], 2) + np.diag(bonds[1:-2] * bonds[2:-1], -2)
    )
    form = squared - 2.0 * z.real * inner + abs(z) ** 2 * np.eye(n)
    assert injection_modulus(n, z, cuts_strong=cuts_strong) == pytest.approx(np.sqrt(np.linalg.eigvalsh(form)[0]), rel=1e-12)


@given(st.integers(1, 20), st.booleans(), st.floats(-4.0, 4.0), st.floats(-2.0, 2.0))
def test_the_modulus_never_understates_the_distance_and_falls_with_n(half: int, cuts_strong: bool, re: float, im: float) -> None:
    z = complex(re, im)
    small, large = (injection_modulus(n, z, cuts_strong=cuts_strong) for n in (2 * half, 2 * half + 2))
    assert small >= distance_to_spectrum(z) - 1e-12
    assert large <= small + 1e-12


def test_the_modulus_tends_to_the_distance() -> None:
    for z in (0.0, 0.5j, 2.0, -3.5 + 1j):
        assert injection_modulus(320, z, cuts_strong=True) - distance_to_spectrum(z) < 0.02


def test_distances_are_those_from_a_fine_set_of_bloch_waves() -> None:
    bands = np.abs(1.0 + 2.0 * np.exp(1j * np.linspace(0.0, np.pi, 20_001)))
    spectrum = np.concatenate([bands, -bands])
    for z in (0.0, 0.5, 1j, 2.0, -0.2 + 0.7j, 5.0, -3.0):
        assert distance_to_spectrum(complex(z)) == pytest.approx(np.abs(spectrum - z).min(), abs=1e-3)
