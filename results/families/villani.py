"""Regularised losses (`operators.companions.villani`): growth along rays, final losses of SGD, mixing of Langevin dynamics."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from results.families.family import Family
from results.schema.model import LARGEST_COUNT, Model

if TYPE_CHECKING:
    import pandas as pd

RESIDUAL = " residual"
"""What stands behind the name of an equation whose residual is the loss."""

EXPONENTS = range(6)
RATIOS = tuple(f"ratio_1e{exponent}" for exponent in EXPONENTS)
ASKED = {
    "experiment": "rays, sgd or langevin",
    "loss": "whose growth is asked for",
    "activation": "hidden activation",
    "strength": "lambda / lambda_c of two layers, lambda of the other losses",
    "width": "hidden units (of a DeepONet on either side)",
    "steps": "steps of SGD or Langevin dynamics; directions of rays",
    "replicate": "selects data, outer weights, directions, start and noise",
}
OUTCOME = {
    "weight": "lambda",
    **{
        name: f"least (|grad F|^2 - Lap F) / (lambda |W|)^2 over the directions at |W| = 1e{exponent}"
        for name, exponent in zip(RATIOS, EXPONENTS, strict=True)
    },
    "inner": "least <W, grad data> over all points of the rays",
    "inner_bound": "what it cannot fall below; two layers only",
    "temperature": "least s at |W| = 1e5 up to which |grad F|^2 / s >= Lap F; the Villani property asks for any s",
    "final_loss": "mean of F over the last tenth of the steps",
    "autocorrelation_time": "integrated autocorrelation time of F in units of time, steps x step size",
}
BY = ("loss", "activation", "strength", "width")
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in BY},
    "replicates": "draws of data and directions",
    **OUTCOME,
    "below_bound": "whether <W, grad data> fell below what is proved",
}
del COLUMNS["final_loss"], COLUMNS["autocorrelation_time"]
SAMPLING: dict[str, str] = {
    "experiment": "sgd or langevin",
    **{name: ASKED[name] for name in BY},
    "runs": "seeds",
    "final_loss": "mean over seeds of the mean of F over the last tenth of the steps",
    "spread": "largest less smallest final loss over the seeds, relative to the mean",
    "autocorrelation_time": "mean over seeds of the integrated autocorrelation time of F, in units of time",
    "autocorrelation_low": "the smallest of them",
    "autocorrelation_high": "the largest of them",
}


class Cell(Model):
    """Rays of a loss, or a run of an algorithm."""

    family: ClassVar[str] = "villani"
    experiment: Literal["rays", "sgd", "langevin"] = Field("rays", description=ASKED["experiment"])
    loss: Literal["two layers", "frozen heads", "trained heads", "poisson residual", "hjb residual", "taylor-green residual"] = (
        Field("two layers", description=ASKED["loss"])
    )
    activation: Literal["tanh", "sigmoid", "softplus"] = Field("tanh", description=ASKED["activation"])
    strength: float = Field(gt=0.0, le=1e6, description=ASKED["strength"])
    width: int = Field(16, ge=1, le=1024, description=ASKED["width"])
    steps: int = Field(400, ge=10, le=10_000_000, description=ASKED["steps"])
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT, description=ASKED["replicate"])

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.loss != "two layers" and (self.activation, self.experiment) != ("tanh", "rays"):
            raise ValueError(f"expected rays and tanh for {self.loss}, got {self.experiment} and {self.activation}")
        return self


class Measured(Model):
    """What came of the rays, or of the run; None where it is not about it."""

    weight: float
    ratios: tuple[float, ...] = ()
    inner: float | None = None
    inner_bound: float | None = None
    temperature: float | None = None
    final_loss: float | None = None
    autocorrelation_time: float | None = None


class Villani(Family):
    """The family of regularised losses."""

    name = "villani"
    cell = Cell
    measured = Measured
    tables = ("cells", "villani", "sampling")

    def whole_columns(self) -> frozenset[str]:
        """Sizes."""
        return frozenset({"width", "steps", "replicate"})

    def text_columns(self) -> frozenset[str]:
        """Names."""
        return frozenset({"experiment", "loss", "activation"})

    def outcome_columns(self) -> Mapping[str, str]:
        """Radii one by one."""
        return OUTCOME

    def outcome(self, measured: Model) -> tuple[Any, ...]:
        """In the order of OUTCOME."""
        assert isinstance(measured, Measured)
        ratios = dict(zip(RATIOS, measured.ratios, strict=False))
        return tuple(ratios.get(name) if name in RATIOS else getattr(measured, name) for name in OUTCOME)


def rays(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done rays by loss, activation, strength and width: the worst over draws."""
    done = frame[(frame["status"] == "done") & (frame["experiment"] == "rays")]
    done = done.assign(below=(done["inner"] < done["inner_bound"]).astype("int64"))
    least = {name: (name, "min") for name in (*RATIOS, "inner", "inner_bound", "temperature")}
    table = done.groupby(list(BY), sort=True).agg(
        replicates=("key", "size"), weight=("weight", "mean"), **least, below_bound=("below", "sum")
    )
    return table.reset_index()[list(COLUMNS)]


def sampling(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done runs of SGD and Langevin dynamics, over their seeds."""
    done = frame[(frame["status"] == "done") & (frame["experiment"] != "rays")]
    table = done.groupby(["experiment", *BY], sort=True).agg(
        runs=("key", "size"),
        final_loss=("final_loss", "mean"),
        least=("final_loss", "min"),
        most=("final_loss", "max"),
        autocorrelation_time=("autocorrelation_time", "mean"),
        autocorrelation_low=("autocorrelation_time", "min"),
        autocorrelation_high=("autocorrelation_time", "max"),
    )
    table = table.reset_index()
    return table.assign(spread=(table["most"] - table["least"]) / table["final_loss"])[list(SAMPLING)]
