"""literature.csv: errors of operator nets that others published, beside what regression reaches on such data.

The errors are means over held-out functions of the relative L2 error of each, as their sources print them; the data are drawn
here again from the law as the source states it. What a source's own files hold may follow another law: `law` says what is known.

The trainable scalars of the published nets are counted from the sources' code, complex numbers twice, where the code states the
net that the error is of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.tables.frame import ASKED
from results.tables.lines import BESIDE

LU, BATLLE, HOOP = "doi:10.1016/j.cma.2022.114778", "arXiv:2304.13202", "arXiv:2203.13181, public logs"
DEEPONET, FOURIER = "deeponet", "fourier-operator"
STATED = "as the source states it"
UNSURE = "as the source states it; its public generator leaves the constant mode out"


@dataclass(frozen=True)
class Figure:
    """A published error: of which net, on which data, and from where.

    Attributes:
        task: our operator of the same law and constants.
        functions: N.
        points: M.
        net: the net in words.
        error: as published.
        source: DOI, or arXiv number.
        law: whether the law is that of the source.
        architecture: the class of the net as it is named here; empty: none here is like it, or the source leaves its sizes open.
        d: its trainable scalars.
    """

    task: str
    functions: int
    points: int
    net: str
    error: float
    source: str
    law: str = STATED
    architecture: str = ""
    d: int = 0


FIGURES = (
    Figure("burgers", 1000, 128, "DeepONet", 0.0215, LU, UNSURE, DEEPONET, 99_713),
    Figure("burgers", 1000, 128, "POD-DeepONet", 0.0194, LU, UNSURE),
    Figure("burgers", 1000, 128, "FNO", 0.0193, LU, UNSURE, FOURIER, 549_569),
    Figure("darcy", 1000, 841, "DeepONet", 0.0291, LU, STATED, DEEPONET, 682_753),
    Figure("darcy", 1000, 841, "POD-DeepONet", 0.0232, LU),
    Figure("darcy", 1000, 841, "FNO", 0.0241, LU, STATED, FOURIER, 2_368_001),
    Figure("advection-sign", 312, 200, "DeepONet, q = 64", 0.760, HOOP, STATED, DEEPONET, 33_793),
    Figure("advection-sign", 10_000, 200, "DeepONet, q = 512", 0.1524, HOOP, STATED, DEEPONET, 1_417_217),
    Figure("advection-sign", 20_000, 200, "DeepONet", 0.1524, BATLLE),
    Figure("advection-sign", 20_000, 200, "FNO", 0.1349, BATLLE, STATED, FOURIER, 102_625),
)
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in ("task", "N", "M")},
    "net": "what was trained",
    "published": "its mean relative error on held-out functions, as published",
    "source": "where",
    "law": "whether the law is that of the source",
    **{
        name: f"median over replicates: the same error of `{BESIDE[name]}`, on data drawn here"
        for name in ("linear_map", "kernel")
    },
    **{
        f"{name}_below": "whether it lies below the published one: yes, no; blank: not measured"
        for name in ("linear_map", "kernel")
    },
}


def literature_table(lines: pd.DataFrame) -> pd.DataFrame | None:
    """A row for each published figure on data whose lines are recorded, at the task's defaults and without noise."""
    rows = [row for figure in FIGURES for row in _row(figure, lines)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"N": "Int64", "M": "Int64"}) if rows else None


def on_data_of(figure: Figure, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines on the data of a figure: without noise and at the task's defaults."""
    clean = (lines["parameters"] == "") & (lines["noise_law"] == "none")
    sizes = (lines["N"] == figure.functions) & (lines["M"] == figure.points)
    return lines[clean & sizes & (lines["task"] == figure.task)]


def held_out(lines: pd.DataFrame) -> dict[str, float]:
    """Mean held-out errors of the linear map and of the kernel, medians over replicates; NaN: not measured."""
    return {name: lines["test_relative_mean"][lines["line"] == BESIDE[name]].median() for name in ("linear_map", "kernel")}


def _row(figure: Figure, lines: pd.DataFrame) -> Iterator[dict[str, Any]]:
    same = on_data_of(figure, lines)
    if same.empty:
        return
    errors = held_out(same)
    told = {f"{name}_below": None if pd.isna(e) else "yes" if e < figure.error else "no" for name, e in errors.items()}
    sizes = {"task": figure.task, "N": figure.functions, "M": figure.points}
    yield {**sizes, "net": figure.net, "published": figure.error, "source": figure.source, "law": figure.law, **errors, **told}
