"""Physics-informed nets on noisy labels (`operators.companions.equations`): their risk against the least that counting allows."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from results.families.family import Family
from results.schema.model import LARGEST_COUNT, Model

if TYPE_CHECKING:
    import pandas as pd

BY = ("equation", "engine", "recipe", "iterations", "weight", "sigma", "width")
ASKED = {
    "equation": "taylor-green, hjb or poisson",
    "width": "hidden units",
    "sigma": "standard deviation of the uniform noise, drawn once and frozen; 0: none",
    "recipe": "adamw, as published, in float32; l-bfgs or levenberg-marquardt, in float64, rounded to float32 in the end",
    "iterations": "steps of AdamW, or iterations of the others at most",
    "weight": "lambda_s, weight of the supervision in the loss",
    "engine": "native: closed-form derivatives; deepxde: DeepXDE's own loop",
}
MEASURES = {
    "energy": "V, mean square of the realised noise",
    "risk": "supervision risk: unweighted mean square of net less label, of the numbers as stored in 32 bits",
    "least_risk": "what no net of d 32-bit numbers comes below, with probability 1 - 1e-12",
    "absorbed": "(V - risk) / V",
    "allowed": "(V - least_risk) / V",
    "allowed_linear": "2 (32 d ln 2 + ln(1/delta)) sigma^2 / (n V), the linear count alone; from 1 on it excludes nothing",
    "demanded_d": "least d that counting does not exclude from this risk",
    "clean": "mean square of net less solution at the labelled points; without noise the error of approximation",
    "residual": "mean squares of the residuals, summed over the equations",
    "line_risk": "supervision risk of the least squares polynomial with at most as many coefficients",
    "line_clean": "mean square of that polynomial less solution",
}
WEAKEST = {"least_risk": "min", "allowed": "max", "allowed_linear": "max", "demanded_d": "min"}
"""Certified figures, and which of several draws says least."""
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in BY},
    "d": "trained numbers",
    "n": "noisy labels",
    "runs": "draws of noise and start",
    **{name: f"{text}: {'the weakest' if name in WEAKEST else 'mean'} over draws" for name, text in MEASURES.items()},
    "above": "runs with a risk below what counting allows",
}
THRESHOLDS: dict[str, str] = {
    **{name: ASKED[name] for name in BY[:-1]},
    "widths": "widths tried",
    "width": "smallest width whose mean risk is below sigma^2; blank: not found",
    "d": "its trained numbers",
    "width_not": "largest smaller width tried, which is not below",
    "wider_above": "larger widths tried, which are not below either",
    "width_realised": "smallest width whose mean risk is below V",
    "clean_width": "error of approximation of the net of that width, trained alike without noise",
    "line_d": "smallest d tried with which the polynomial's risk is below sigma^2",
    "most_absorbed": "largest mean share (V - risk) / V over the widths",
    "most_absorbed_d": "d there",
    "demanded_d": "least d that counting asks for that risk",
}


class Cell(Model):
    """A training on labels."""

    family: ClassVar[str] = "pinn"
    equation: Literal["taylor-green", "hjb", "poisson"] = Field("taylor-green", description=ASKED["equation"])
    width: int = Field(ge=1, le=4096, description=ASKED["width"])
    sigma: float = Field(0.0, ge=0.0, le=1e3, description=ASKED["sigma"])
    recipe: Literal["adamw", "l-bfgs", "levenberg-marquardt"] = Field("adamw", description=ASKED["recipe"])
    iterations: int = Field(10_000, ge=1, le=10**7, description=ASKED["iterations"])
    rate: float = Field(1e-2, gt=0.0, le=1.0, description="learning rate")
    decay: float = Field(1e-2, ge=0.0, le=1.0, description="decoupled weight decay")
    weight: float = Field(1.1, gt=0.0, le=1e6, description=ASKED["weight"])
    engine: Literal["native", "deepxde"] = Field("native", description=ASKED["engine"])
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT, description="selects noise, outer weights and start")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.engine == "deepxde" and self.recipe != "adamw":
            raise ValueError(f"expected the recipe 'adamw' for engine 'deepxde', got {self.recipe!r}; use 'native'")
        return self


class Measured(Model):
    """Risks and counts; what is about noise is None without it."""

    d: int = Field(description=COLUMNS["d"])
    n: int = Field(description=COLUMNS["n"])
    energy: float = Field(description=MEASURES["energy"])
    risk: float = Field(description=MEASURES["risk"])
    least_risk: float | None = Field(None, description=MEASURES["least_risk"])
    absorbed: float | None = Field(None, description=MEASURES["absorbed"])
    allowed: float | None = Field(None, description=MEASURES["allowed"])
    allowed_linear: float | None = Field(None, description=MEASURES["allowed_linear"])
    demanded_d: int | None = Field(None, description=MEASURES["demanded_d"])
    clean: float = Field(description=MEASURES["clean"])
    residual: float = Field(description=MEASURES["residual"])
    line_risk: float = Field(description=MEASURES["line_risk"])
    line_clean: float = Field(description=MEASURES["line_clean"])


class PhysicsInformed(Family):
    """The family of physics-informed nets."""

    name = "pinn"
    cell = Cell
    measured = Measured
    tables = ("cells", "pinn", "pinn_thresholds")

    def whole_columns(self) -> frozenset[str]:
        """Sizes."""
        return frozenset({"width", "iterations", "replicate"})

    def agree(self, one: Model, other: Model, margin: float) -> bool:
        """Whether sizes are the same, and what does not hang on the last step of a descent is close.

        Two processors train to other weights: their risks, dominated by noise, agree, but not the small errors beneath.
        """
        assert isinstance(one, Measured)
        assert isinstance(other, Measured)
        names = ("energy", "risk", "least_risk", "allowed_linear", "line_risk")
        pairs = [(getattr(one, name), getattr(other, name)) for name in (names if one.energy else ("line_risk",))]
        return (one.d, one.n) == (other.d, other.n) and all(abs(a - b) <= margin * max(abs(a), abs(b)) for a, b in pairs)


def risks(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done cells by equation, engine, steps, noise and width, over their draws."""
    done = frame[frame["status"] == "done"]
    done = done.assign(below=(done["risk"] < done["least_risk"]).astype("int64"))
    means = {name: (name, WEAKEST.get(name, "mean")) for name in MEASURES}
    table = done.groupby(list(BY), sort=True).agg(
        d=("d", "first"), n=("n", "first"), runs=("key", "size"), **means, above=("below", "sum")
    )
    table = table.reset_index().astype({"d": "int64", "n": "int64"})
    return table[list(COLUMNS)]


def thresholds(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Where the risk falls below the variance, for each equation, engine, budget and noise."""
    import pandas as pd

    table, rows = risks(frame), list[dict[str, Any]]()
    for how, same in table.groupby(list(BY[:-2]), sort=True):
        clean = same[same["sigma"] == 0.0].set_index("width")["clean"]
        for sigma, part in same[same["sigma"] > 0.0].groupby("sigma", sort=True):
            known = dict(zip(BY[:-1], (*how, sigma), strict=True))
            rows.append({**known, "widths": len(part), **_threshold(part, float(str(sigma)) ** 2, clean)})
    whole = {name: "int64" for name in ("iterations", "widths", "wider_above", "most_absorbed_d")}
    found = pd.DataFrame(rows, columns=list(THRESHOLDS))
    texts = {"equation", "engine", "recipe", *whole}
    return found.astype({**whole, **{name: "float64" for name in THRESHOLDS if name not in texts}})


def _threshold(part: "pd.DataFrame", variance: float, clean: "pd.Series[float]") -> dict[str, Any]:
    """One row; widths ascend."""
    below, realised = part[part["risk"] < variance], part[part["risk"] < part["energy"]]
    first = below.iloc[0] if len(below) else None
    smaller = part["width"] if first is None else part["width"][part["width"] < first["width"]]
    line = part["d"][part["line_risk"] < variance]
    most = part.sort_values("absorbed").iloc[-1]
    return {
        "width": None if first is None else first["width"],
        "d": None if first is None else first["d"],
        "width_not": smaller.max() if len(smaller) else None,
        "wider_above": 0 if first is None else int((part["risk"][part["width"] > first["width"]] >= variance).sum()),
        "width_realised": realised["width"].min() if len(realised) else None,
        "clean_width": None if first is None else clean.get(first["width"]),
        "line_d": line.min() if len(line) else None,
        "most_absorbed": most["absorbed"],
        "most_absorbed_d": most["d"],
        "demanded_d": most["demanded_d"],
    }
