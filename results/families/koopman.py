"""Koopman spectra with residuals (`operators.companions.koopman`): eigenvalues to believe, pseudospectra, invariant spans."""

import cmath
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from results.families.family import Family, flat_fields
from results.schema.model import LARGEST_COUNT, Model

if TYPE_CHECKING:
    import pandas as pd

System = Literal["gauss", "rotation", "pendulum", "heat", "advection", "burgers-low-viscosity"]
Dictionary = Literal["legendre", "fourier", "tanh", "pod", "trunk"]
FITTING: Mapping[str, tuple[str, ...]] = {
    "gauss": ("legendre",),
    "rotation": ("fourier", "tanh"),
    "pendulum": ("fourier", "tanh"),
    **dict.fromkeys(("heat", "advection", "burgers-low-viscosity"), ("fourier", "pod", "trunk")),
}
LEVELS = (0.001, 0.01, 0.1, 0.3)
PROBES: Mapping[str, complex] = {"half": 0.5, "minus_half": -0.5, "i": 1j, "minus_one": -1.0}
REFERENCE: Mapping[str, float] = {
    **dict(zip((f"above_{level:g}" for level in LEVELS), (26, 24, 20, 8), strict=True)),
    **dict(zip((f"least_at_{name}" for name in PROBES), (2.6e-4, 0.0945, 0.116, 0.233), strict=True)),
}
"""Of the Gauss map with 40 Legendre functions and 100 nodes, as computed elsewhere before."""

COLUMNS: dict[str, str] = {
    "system": "map or flow",
    "dictionary": "observables",
    "witness": "of a trunk: first 12 digits of the witness it is from",
    "scale": "of tanh functions: size of their slopes",
    "q": "observables",
    "replicates": "draws of what is random",
    "rank": "dimension of their span",
    "spurious": "share of the EDMD eigenvalues with a residual above 0.1: mean over draws",
    "invariance_defect": "root mean square of what leaves the span, over an orthonormal basis of it: mean over draws",
    **{f"above_{level:g}": f"EDMD eigenvalues with a residual above {level:g}: mean over draws" for level in LEVELS},
    **{f"least_at_{name}": f"least residual at z = {z:g}: mean over draws" for name, z in PROBES.items()},
    "gram_defect": "|G - 1| of the dictionary as it is: largest over draws",
    "closed_form_gap": "of waves on the rotation: largest difference of a least residual from min_k |z - e^(i k sqrt 2)|",
    "met": "whether the figures are those computed elsewhere, where there are any",
}
PSEUDOSPECTRUM: dict[str, str] = {
    "system": COLUMNS["system"],
    "dictionary": COLUMNS["dictionary"],
    "q": COLUMNS["q"],
    "re": "real part of z",
    "im": "imaginary part of z",
    "kind": "eigenvalue (of EDMD) or grid",
    "residual": "residual of the eigenvalue, or least residual at z",
}
HALF_WIDTH = 1.5


class Cell(Model):
    """A map or flow, and a dictionary."""

    family: ClassVar[str] = "koopman"
    system: System = Field(description=COLUMNS["system"])
    dictionary: Dictionary = Field(description=COLUMNS["dictionary"])
    q: int = Field(ge=1, le=400, description="observables; of a trunk, as many as its witness has")
    nodes: int = Field(
        100, ge=2, le=2000, description="quadrature nodes (of a pendulum in each direction), or functions of a flow"
    )
    scale: float = Field(1.0, gt=0.0, le=100.0, description=COLUMNS["scale"])
    witness: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="of a trunk: address of the witness that it is from")
    grid: int = Field(0, ge=0, le=101, description="points of the pseudospectrum in each direction; 0: none")
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT, description="selects what is random")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.dictionary not in FITTING[self.system]:
            raise ValueError(f"expected a dictionary among {FITTING[self.system]} for {self.system}, got {self.dictionary!r}")
        if (self.dictionary == "trunk") != bool(self.witness):
            raise ValueError("expected a witness with the dictionary 'trunk', and with no other")
        return self


class Measured(Model):
    """Residuals of EDMD's eigenvalues and least residuals at some points.

    Attributes:
        eigenvalues: (re, im, residual) of each.
        pseudospectrum: least residuals on the upper half of the square [-1.5, 1.5]^2, rows of equal im, from im = 0 upwards.
    """

    rank: int = Field(description=COLUMNS["rank"])
    gram_defect: float = Field(description="|G - 1| of the dictionary as it is")
    invariance_defect: float = Field(description="root mean square of what leaves the span, over an orthonormal basis of it")
    spurious: float = Field(description="share of the EDMD eigenvalues with a residual above 0.1")
    above: dict[str, int] = Field(description="EDMD eigenvalues with a residual above each level")
    least: dict[str, float] = Field(description="least residual at each probe")
    eigenvalues: tuple[tuple[float, float, float], ...] = Field((), description="re, im, residual of each EDMD eigenvalue")
    pseudospectrum: tuple[float, ...] = Field((), description="least residuals on a grid")


UNFOLDED = ("eigenvalues", "pseudospectrum")


class Koopman(Family):
    """The family of dictionaries."""

    name = "koopman"
    cell = Cell
    measured = Measured
    tables = ("cells", "koopman", "pseudospectrum")

    def whole_columns(self) -> frozenset[str]:
        """Sizes."""
        return frozenset({"q", "nodes", "grid", "replicate"})

    def outcome_columns(self) -> Mapping[str, str]:
        """Counts and probes one by one."""
        plain = {name: text for name, (text, _) in flat_fields(Measured).items() if name not in ("above", "least")}
        return plain | {name: COLUMNS[name] for name in REFERENCE}

    def unfolded_columns(self) -> frozenset[str]:
        """What `pseudospectrum.csv` has row by row."""
        return frozenset(UNFOLDED)

    def text_columns(self) -> frozenset[str]:
        """Names, and lists as JSON."""
        return frozenset({"system", "dictionary", "witness", *UNFOLDED})

    def outcome(self, measured: Model) -> tuple[Any, ...]:
        """In the order of the columns."""
        assert isinstance(measured, Measured)
        counts = {f"above_{name}": value for name, value in measured.above.items()}
        least = {f"least_at_{name}": value for name, value in measured.least.items()}
        return tuple(_value(measured, counts | least, name) for name in self.outcome_columns())


def _value(measured: Measured, single: Mapping[str, float], name: str) -> Any:
    from results.schema.model import canonical

    if name in single or name in REFERENCE:
        return single.get(name)
    value = getattr(measured, name)
    return canonical(value) if name in UNFOLDED else value


def dictionaries(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done cells by system, dictionary and size, over the draws of what is random."""
    import numpy as np

    by = ["system", "dictionary", "witness", "scale", "q"]
    done = frame[frame["status"] == "done"]
    means = {name: (name, "mean") for name in ("spurious", "invariance_defect", *REFERENCE)}
    table = done.groupby([*by, "nodes"], sort=True, dropna=False).agg(
        replicates=("key", "size"), rank=("rank", "max"), **means, gram_defect=("gram_defect", "max")
    )
    table = table.reset_index()
    close = np.all([np.isclose(table[name], value, rtol=0.02) for name, value in REFERENCE.items()], axis=0)
    asked = (table["system"] == "gauss") & (table["q"] == 40) & (table["nodes"] == 100)
    table["met"] = np.where(asked, np.where(close, "yes", "no"), "")
    table["closed_form_gap"] = [_gap(row) for row in table.to_dict("records")]
    return table.assign(witness=table["witness"].str[:12]).astype({"rank": "int64"})[list(COLUMNS)]


def _gap(row: Mapping[Any, Any]) -> float:
    """How far the least residuals of waves on the rotation lie from their closed form; NaN elsewhere."""
    if (row["system"], row["dictionary"]) != ("rotation", "fourier"):
        return math.nan
    waves = sorted(range(-row["q"], row["q"] + 1), key=lambda k: (abs(k), -k))[: row["q"]]
    exact = {name: min(abs(z - cmath.exp(1j * k * math.sqrt(2.0))) for k in waves) for name, z in PROBES.items()}
    return max(abs(float(row[f"least_at_{name}"]) - distance) for name, distance in exact.items())


def spectra(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Eigenvalues and grids of the cells that were asked for a pseudospectrum, row by row."""
    import json

    import numpy as np
    import pandas as pd

    rows = []
    for cell in frame[(frame["status"] == "done") & (frame["grid"] > 0)].to_dict("records"):
        named = {name: cell[name] for name in ("system", "dictionary", "q")}
        rows += [
            {**named, "re": re, "im": im, "kind": "eigenvalue", "residual": residual}
            for re, im, residual in json.loads(cell["eigenvalues"])
        ]
        across = np.linspace(-HALF_WIDTH, HALF_WIDTH, int(cell["grid"]))
        upwards = np.linspace(0.0, HALF_WIDTH, int(cell["grid"]))
        places = [(re, im) for im in upwards for re in across]
        values = zip(places, json.loads(cell["pseudospectrum"]), strict=True)
        rows += [{**named, "re": re, "im": im, "kind": "grid", "residual": value} for (re, im), value in values]
    return pd.DataFrame(rows, columns=list(PSEUDOSPECTRUM))
