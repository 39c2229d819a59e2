"""Sections of the dimerised chain (`operators.companions.sci`): what they say of the distance of a point from the spectrum."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from results.families.family import Family
from results.schema.model import Model

if TYPE_CHECKING:
    import pandas as pd

REFERENCE: dict[int, tuple[float, float]] = {20: (1.5e-3, 1.078), 40: (1.4e-6, 1.022), 80: (1.4e-12, 1.006)}
"""n -> smallest eigenvalue of the square section that cuts the strong bond, injection modulus at 0; computed elsewhere before."""
COLUMNS: dict[str, str] = {
    "cut": "bonds that the section cuts at both ends",
    "re": "real part of z",
    "im": "imaginary part of z",
    "n": "sites",
    "distance": "distance of z from the spectrum of the operator, closed form",
    "square_distance": "distance of z from the eigenvalues of the square section",
    "injection_modulus": "smallest singular value of the section of n + 2 rows and n columns at z",
    "excess": "injection modulus less the distance",
    "gap_eigenvalues": "eigenvalues of the square section in the gap (-1, 1) of the spectrum",
    "smallest_eigenvalue": "smallest absolute eigenvalue of the square section",
    "reference_eigenvalue": "the smallest eigenvalue as computed elsewhere, to two digits",
    "reference_modulus": "the injection modulus as computed elsewhere, to four digits",
}


class Cell(Model):
    """A section and a point."""

    family: ClassVar[str] = "sci"
    n: int = Field(ge=2, le=4096, multiple_of=2, description="sites of the section")
    cut: Literal["strong", "weak"] = Field("strong", description="bonds that the section cuts at both ends")
    re: float = Field(0.0, ge=-10.0, le=10.0, description="real part of z")
    im: float = Field(0.0, ge=-10.0, le=10.0, description="imaginary part of z")


class Measured(Model):
    """What the sections say."""

    distance: float = Field(description=COLUMNS["distance"])
    square_distance: float = Field(description=COLUMNS["square_distance"])
    injection_modulus: float = Field(description=COLUMNS["injection_modulus"])
    gap_eigenvalues: int = Field(description=COLUMNS["gap_eigenvalues"])
    smallest_eigenvalue: float = Field(description=COLUMNS["smallest_eigenvalue"])


class Sections(Family):
    """The family of sections."""

    name = "sci"
    cell = Cell
    measured = Measured
    tables = ("cells", "sci")

    def whole_columns(self) -> frozenset[str]:
        """The number of sites."""
        return frozenset({"n"})


def sections(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done cells by cut, point and size, with the reference figures where there are any."""
    done = frame[frame["status"] == "done"].sort_values(["cut", "re", "im", "n"], kind="stable", ignore_index=True)
    known = (done["cut"] == "strong") & (done["re"] == 0.0) & (done["im"] == 0.0)
    reference = {name: done["n"].map(_reference(place)).where(known) for place, name in enumerate(tuple(COLUMNS)[-2:])}
    table = done.assign(excess=done["injection_modulus"] - done["distance"], **reference)
    return table.astype({"gap_eigenvalues": "Int64", **dict.fromkeys(reference, "float64")})[list(COLUMNS)]


def _reference(place: int) -> Mapping[int, float]:
    return {n: values[place] for n, values in REFERENCE.items()}
