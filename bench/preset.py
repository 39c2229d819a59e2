"""Presets: a study at several costs. Each picks cells (or questions) of the whole and changes none of them.

    smoke      shows that it works, in under a minute
    standard   under an hour on two cores
    paper      the whole, what is published in the end

A cell is the same cell with the same key in each of them, so what a small preset has run a larger one does not run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

THINNED = ("smoke", "standard")
"""Names of presets that are a part of the whole, the smaller one first."""


@dataclass(frozen=True)
class Preset:
    """A part of a study.

    Attributes:
        thinned: what it is of the whole, in a clause.
        keeps: whether it has a cell (of a study of searches: a question or a series).
    """

    thinned: str
    keeps: Callable[[Any], bool]
