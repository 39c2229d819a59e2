"""Needed cells: the closed form of the width, planted scatter, and what more data and finer searches save."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import linregress, t

from results.statistics.design_power import Design, expected
from results.statistics.needed_cells import exact_width, needed_cells

SIDES = (16, 32, 64, 128, 256, 512, 1024)
N = tuple(float(side**2) for side in SIDES)
FINE = Design(N, 3, tolerance=1.0001, first_q=1e4, alone=0.24, shared=0.12)


def test_the_closed_form_is_the_median_width_of_ordinary_least_squares_through_the_means() -> None:
    random, x, widths = np.random.default_rng(0), np.log(N), []
    for _ in range(1500):
        means = 0.5 * x + 0.12 * random.standard_normal(7) + 0.24 * random.standard_normal((3, 7)).mean(axis=0)
        widths.append(2.0 * t.ppf(0.975, 5) * linregress(x, means).stderr)
    assert exact_width(FINE) == pytest.approx(np.median(widths), rel=0.04)


def test_what_is_simulated_of_fine_searches_has_the_closed_width() -> None:
    power = expected(FINE, studies=40)
    assert power.width == pytest.approx(exact_width(FINE), rel=0.15)


def test_the_closed_width_falls_as_scatter_and_with_the_root_of_replicates() -> None:
    alone = dataclasses.replace(FINE, shared=0.0)
    assert exact_width(dataclasses.replace(alone, alone=0.48)) == pytest.approx(2.0 * exact_width(alone))
    assert exact_width(dataclasses.replace(alone, replicates=12)) == pytest.approx(exact_width(alone) / 2.0)


def test_the_fewest_replicates_suffice_and_one_fewer_does_not() -> None:
    like = dataclasses.replace(FINE, shared=0.0)
    (found,) = needed_cells(N[:4], 0.4, like=like, tolerances=(1.0001,), most=8, studies=9)
    assert found.replicates is not None
    assert (found.points, found.largest_n, found.thresholds) == (4, N[3], 4 * found.replicates)
    assert found.width <= 0.4
    fewer = dataclasses.replace(like, n=N[:4], replicates=found.replicates - 1)
    assert found.replicates == 1 or expected(fewer, studies=9).width > 0.4


def test_too_few_replicates_are_said_to_be() -> None:
    (none,) = needed_cells(N[:4], 0.01, like=FINE, tolerances=(1.06,), most=2, studies=4)
    assert (none.replicates, none.thresholds) == (None, None)
    assert none.width > 0.01
