"""Capacity against generalisation (`operators.companions.absolute_nets`): does the bound hold, and does it rank trained nets?"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from results.families.family import Family
from results.schema.model import LARGEST_COUNT, Model

if TYPE_CHECKING:
    import pandas as pd

CHANCE = 1e-6
MEASURES = {
    "train_loss": "mean Huber loss over the training pairs",
    "test_loss": "mean Huber loss over 100 fresh functions at 400 fresh points each",
    "gap": "test less training loss",
    "capacity": "capacity of the trained net",
    "complexity": "Rademacher complexity of the nets of at most this capacity on n = N P independent pairs, at most",
    "bound_pairs": "2 delta times it: the shape that is compared with the gap, no bound where points share a function",
    "bound": "upper bound of the gap with probability 1 - 1e-6: functions are the independent units; fresh ones no larger",
}
BY = ("layers", "width", "functions", "points")
COLUMNS: dict[str, str] = {
    "layers": "weight matrices of each net",
    "width": "hidden units and q",
    "functions": "N",
    "points": "P, points per function; 1: independent pairs",
    "labels": "N P",
    "runs": "trainings",
    **{name: f"{text}: mean" for name, text in MEASURES.items()},
    "above": "runs with a gap above their bound",
}
CORRELATIONS: dict[str, str] = {
    "layers": COLUMNS["layers"],
    "over": "runs that are ranked: all sizes, or those of one N P in several shapes",
    "runs": "how many",
    "spearman": "rank correlation of gap and bound_pairs",
    "p_value": "two-sided, of no correlation",
    "spearman_size": "rank correlation of gap and 1/sqrt(N P) alone; none at one N P",
}
FEWEST = 4


class Cell(Model):
    """A training of a bias-free DeepONet on Burgers' equation."""

    family: ClassVar[str] = "capacity"
    layers: int = Field(2, ge=2, le=6, description=COLUMNS["layers"])
    width: int = Field(32, ge=1, le=1024, description=COLUMNS["width"])
    functions: int = Field(ge=1, le=10**6, description="N")
    points: int = Field(ge=1, le=10**6, description=COLUMNS["points"])
    steps: int = Field(2000, ge=1, le=10**7, description="steps of Adam")
    batch: int = Field(256, ge=1, le=10**6, description="pairs per step")
    rate: float = Field(1e-3, gt=0.0, le=1.0, description="learning rate")
    replicate: int = Field(0, ge=0, le=LARGEST_COUNT, description="selects functions, points, start and batches")


class Measured(Model):
    """Losses, capacity and bounds."""

    train_loss: float = Field(description=MEASURES["train_loss"])
    test_loss: float = Field(description=MEASURES["test_loss"])
    gap: float = Field(description=MEASURES["gap"])
    capacity: float = Field(description=MEASURES["capacity"])
    complexity: float = Field(description=MEASURES["complexity"])
    bound_pairs: float = Field(description=MEASURES["bound_pairs"])
    bound: float = Field(description=MEASURES["bound"])


class Capacity(Family):
    """The family of bias-free nets."""

    name = "capacity"
    cell = Cell
    measured = Measured
    tables = ("cells", "capacity", "correlations")

    def whole_columns(self) -> frozenset[str]:
        """Sizes."""
        return frozenset(set(Cell.model_fields) - {"rate"})


def gaps(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The done cells by size, over their trainings."""
    done = frame[frame["status"] == "done"]
    done = done.assign(labels=done["functions"] * done["points"], over=(done["gap"] > done["bound"]).astype("int64"))
    means = {name: (name, "mean") for name in MEASURES}
    table = done.groupby([*BY, "labels"], sort=True).agg(runs=("key", "size"), **means, above=("over", "sum"))
    return table.reset_index()[list(COLUMNS)]


def correlations(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Rank correlations over all sizes, where 1/sqrt(N P) alone makes some, and at one N P, where it cannot."""
    import pandas as pd

    done = frame[frame["status"] == "done"]
    done = done.assign(labels=done["functions"] * done["points"])
    rows = []
    for layers, part in done.groupby("layers", sort=True):
        rows.append(_ranked(part, layers, "all sizes"))
        for labels, same in part.groupby("labels", sort=True):
            if same["points"].nunique() > 1:
                rows.append(_ranked(same, layers, f"N P = {labels}"))
    table = pd.DataFrame([row for row in rows if row], columns=list(CORRELATIONS))
    return table.astype({"layers": "int64", "runs": "int64", "spearman_size": "float64"})


def _ranked(part: "pd.DataFrame", layers: Any, over: str) -> dict[str, Any]:
    """One row; empty where there are too few runs."""
    from scipy.stats import spearmanr

    if len(part) < FEWEST:
        return {}
    found = spearmanr(part["gap"], part["bound_pairs"])
    alone = spearmanr(part["gap"], -part["labels"]).statistic if part["labels"].nunique() > 1 else None
    row = {"layers": layers, "over": over, "runs": len(part), "spearman": float(found.statistic), "p_value": float(found.pvalue)}
    return {**row, "spearman_size": None if alone is None else float(alone)}
