"""Curves of held-out error against N that others published, carried with the project.

`elliptic_published.csv`: mean and standard deviation, over 10 repeats, of the mean relative L2 error on 200 held-out functions of
three nets trained on N functions of the task `poisson`: DeepONet (convolutional branch, d = 682,753), FNO (12 modes, width 32),
GreenLearning (rational net for Green's function). Source: results/error_DON.csv, error_FNO.csv and error_green.csv of the public
repository NBoulle/pde-learning (Boulle, Halikias, Townsend 2023, doi:10.1073/pnas.2303904120). The law is that of the task, the
draws are theirs.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ELLIPTIC = "doi:10.1073/pnas.2303904120"
NETS = {"deeponet": "DeepONet", "fno": "FNO", "greenlearning": "GreenLearning"}


@dataclass(frozen=True)
class Curve:
    """Held-out errors of one net on a task with M points.

    Attributes:
        task: at its defaults.
        points: M.
        net: what was trained.
        source: where it was published.
        errors: mean and standard deviation by N.
    """

    task: str
    points: int
    net: str
    source: str
    errors: Mapping[int, tuple[float, float]]


@cache
def published_curves() -> tuple[Curve, ...]:
    """Every curve."""
    with (Path(__file__).parent / "elliptic_published.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Curve(
            "poisson",
            841,
            name,
            ELLIPTIC,
            {int(row["functions"]): (float(row[f"{column}_mean"]), float(row[f"{column}_sd"])) for row in rows},
        )
        for column, name in NETS.items()
    )
