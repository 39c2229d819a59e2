"""anchors.csv: nets of a published class and size, trained here on data of the published law, beside the published error.

A net counts as of the published size if its trainable scalars differ by at most SIZE. Errors are means over held-out functions of
the relative L2 error of each. The published error is met where ours is at most FACTOR times it; else it is not reached by these
trainings, which says nothing of the class.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from results.tables.frame import ASKED
from results.tables.lines import BESIDE
from results.tables.literature import FIGURES, Figure, held_out, on_data_of

SIZE, FACTOR = 0.1, 1.5
MET, NOT_REACHED = "met", "not reached"
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in ("task", "N", "M")},
    "net": "what was published",
    "published": "its mean relative error on held-out functions, as published",
    "published_d": "its trainable scalars",
    "source": "where",
    "law": "whether the law is that of the source",
    "d": "trainable scalars of ours",
    "recipe": "how ours was trained",
    "budget": "optimiser steps or epochs",
    "train": "its mean relative error on the training functions, median over runs",
    "test": "its mean relative error on held-out functions, median over runs",
    "factor": "test / published; empty: no run is done",
    "verdict": f"{MET}: at most {FACTOR:g} times the published error; {NOT_REACHED}: by these trainings",
    "cpu_seconds": "CPU seconds of one training, median over runs",
    **{
        name: f"median over replicates: the same error of `{BESIDE[name]}` on the same data; empty: not measured"
        for name in ("linear_map", "kernel")
    },
    "done": "runs that ended as done",
    "expected": "cells",
}


def anchors(frame: pd.DataFrame, lines: pd.DataFrame | None) -> pd.DataFrame | None:
    """A row for each published figure and configuration that cells of this study answer to; None if none does."""
    clean = frame[
        (frame["design"] == "grid") & (frame["sigma"] == 0.0) & (frame["control"] == "none") & (frame["parameters"] == "")
    ]
    clean = clean.assign(architecture=clean["architecture"].astype("str").str.split(" ").str[0])
    rows = [row for figure in FIGURES if figure.d for row in _rows(figure, clean, lines)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(("N", "M", "d"), "Int64")) if rows else None


def _rows(figure: Figure, clean: pd.DataFrame, lines: pd.DataFrame | None) -> Iterator[dict[str, Any]]:
    alike = clean[
        (clean["task"] == figure.task)
        & (clean["N"] == figure.functions)
        & (clean["M"] == figure.points)
        & (clean["architecture"] == figure.architecture)
        & ((clean["d"] - figure.d).abs() <= SIZE * figure.d)
    ]
    beside = {} if lines is None else held_out(on_data_of(figure, lines))
    for _, part in alike.groupby("configuration", sort=True):
        first = part.iloc[0]
        done = part[part["status"] == "done"]
        test = done["test_relative_mean"].median()
        known = pd.notna(test)
        yield {
            "task": figure.task,
            "N": figure.functions,
            "M": figure.points,
            "net": figure.net,
            "published": figure.error,
            "published_d": figure.d,
            "source": figure.source,
            "law": figure.law,
            "d": first["d"],
            "recipe": first["recipe"],
            "budget": first["budget"],
            "train": done["relative_mean"].median(),
            "test": test,
            "factor": test / figure.error if known else None,
            "verdict": MET if known and test <= FACTOR * figure.error else NOT_REACHED,
            "cpu_seconds": done["cpu_seconds"].median(),
            **beside,
            "done": len(done),
            "expected": len(part),
        }
