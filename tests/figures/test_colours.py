"""Colours are told apart also by those who lack one kind of cone: of print, and of the page, light and dark.

Dichromats' colours are simulated in linear sRGB by the matrices of Machado, Oliveira and Fernandes (2009), severity 1
(doi:10.1109/TVCG.2009.113); distances are those of CIELAB under D65, where 2.3 is just noticeable.
"""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from repository import REPOSITORY

from operators.arrays import Array
from results.figures.layers import LIGHTEST, colour_of
from results.figures.style import COLOURS

LEAST = 10.0
VISIONS: dict[str, Array] = {
    "trichromacy": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])


def lab(colour: object, vision: str) -> Array:
    """CIELAB of a colour as it is seen."""
    rgb = np.array(to_rgb(colour))  # type: ignore[arg-type]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(VISIONS[vision] @ linear, 0.0, 1.0) / XYZ.sum(axis=1)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def page(scheme: int) -> list[str]:
    """The colours of curves on the page, the grey of guides and the colour of text."""
    style = (REPOSITORY / "results" / "page" / "assets" / "page.css").read_text()
    pairs = dict((name, both) for name, *both in re.findall(r"--(c\d|ink): light-dark\((#\w{6}), (#\w{6})\)", style))
    assert sorted(pairs) == [*(f"c{i}" for i in range(8)), "ink"]
    return [both[scheme] for both in pairs.values()]


PALETTES = {"print": [*COLOURS, colour_of(None, 0), colour_of(-1, 0)], "light page": page(0), "dark page": page(1)}


def closest(palette: list[object], vision: str) -> float:
    return min(float(np.linalg.norm(lab(a, vision) - lab(b, vision))) for a, b in itertools.combinations(palette, 2))


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", PALETTES)
def test_any_two_colours_of_a_palette_differ_under_every_kind_of_vision(name: str, vision: str) -> None:
    assert closest(PALETTES[name], vision) > LEAST


def test_the_simulation_keeps_greys_and_makes_one_of_red_and_green() -> None:
    """Rows of the matrices sum to one; a red and a green on one line of confusion are far apart, and become one."""
    for vision, matrix in VISIONS.items():
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=2e-6)
        assert np.linalg.norm(lab("#808080", vision) - lab("#808080", "trichromacy")) < 1e-3
    assert closest(["#d55e00", "#a87900"], "trichromacy") > 30.0
    assert closest(["#d55e00", "#a87900"], "deuteranopia") < LEAST
    assert closest(["#d55e00", "#a87900"], "protanopia") < LEAST


@pytest.mark.parametrize("vision", VISIONS)
def test_shades_of_one_scale_become_lighter_in_their_order(vision: str) -> None:
    lightness = [lab(mpl.colormaps["viridis"](LIGHTEST * share), vision)[0] for share in np.linspace(0.0, 1.0, 16)]
    assert np.all(np.diff(lightness) > 1.0)
