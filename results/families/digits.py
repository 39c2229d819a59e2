"""The K-digit barrier (`operators.companions.digits`): closed form, and a small net that reads exact or rounded matrices."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from results.families.family import Family
from results.schema.model import LARGEST_COUNT, Model

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: dict[str, str] = {
    "digits": "K",
    "reading": "bits after the binary point that are read of a matrix; 0: all",
    "samples": "instances that the net is trained on",
    "replicates": "trainings",
    "separation": "distance of the two minimisers in units of 10^-K at n = `reading`, or 30 if all is read; in the limit 3",
    "perturbation": "distance of the two matrices in units of 2^-n; closed form 2^(-1/2)",
    "duality_gap": "largest duality gap of the closed-form minimisers: 0 proves them",
    "alike": "share of the instances whose two matrices read the same",
    "least_mean": "mean error, in units of 10^-K, below which nothing that reads so many bits can come",
    "least_worst": "worst error below which it cannot come",
    "mean": "mean error of the net over all instances, in units of 10^-K: mean over trainings",
    "mean_best": "the same of the best training",
    "worst": "worst error of the net over all instances: least over trainings",
    "within_K": "share of the instances to which the net is right to 10^-K: mean over trainings",
    "within_one_less": "the same for 10^-(K-1)",
}


class Cell(Model):
    """A training of the small net."""

    family: ClassVar[str] = "digits"
    digits: int = Field(ge=1, le=6, description="K")
    reading: int = Field(0, ge=0, le=30, description=COLUMNS["reading"])
    samples: int = Field(ge=2, le=100_000, description=COLUMNS["samples"])
    width: int = Field(8, ge=1, le=1024, description="hidden units of the net")
    iterations: int = Field(300, ge=1, le=100_000, description="steps of L-BFGS")
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT, description="replicate")


class Measured(Model):
    """Closed form and net; errors in units of 10^-K."""

    separation: float = Field(description=COLUMNS["separation"])
    perturbation: float = Field(description=COLUMNS["perturbation"])
    duality_gap: float = Field(description=COLUMNS["duality_gap"])
    alike: float = Field(description=COLUMNS["alike"])
    least_mean: float = Field(description=COLUMNS["least_mean"])
    least_worst: float = Field(description=COLUMNS["least_worst"])
    mean: float = Field(description="mean error of the net over all instances")
    worst: float = Field(description="worst error of the net over all instances")
    within_K: float = Field(description="share of the instances to which the net is right to 10^-K")
    within_one_less: float = Field(description="share of the instances to which the net is right to 10^-(K-1)")


class Digits(Family):
    """The family of trainings before the barrier."""

    name = "digits"
    cell = Cell
    measured = Measured
    tables = ("cells", "digits")

    def whole_columns(self) -> frozenset[str]:
        """What was asked."""
        return frozenset(Cell.model_fields)


def barrier(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done cells by K, reading and samples, over their trainings."""
    rows = frame[frame["status"] == "done"].groupby(["digits", "reading", "samples"], sort=True)
    same = {name: (name, "max") for name in ("separation", "perturbation", "duality_gap", "alike", "least_mean", "least_worst")}
    table = rows.agg(
        replicates=("key", "size"),
        **same,
        mean=("mean", "mean"),
        mean_best=("mean", "min"),
        worst=("worst", "min"),
        within_K=("within_K", "mean"),
        within_one_less=("within_one_less", "mean"),
    )
    return table.reset_index()[list(COLUMNS)]
