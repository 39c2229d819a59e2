"""Training and held-out errors over the replicates of a configuration, where a study has few configurations without noise."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, not_done, spread
from results.tables.frame import counted as cells_by_outcome
from results.tables.series import task_label
from results.tables.study_tables import StudyTables

FEW = 3
CHANGED = "other replicates or another recipe: these are errors of these trainings"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for each configuration, of at most FEW."""
    clean = study.frame[study.frame["sigma"] == 0]
    if clean["configuration"].nunique() <= FEW:
        for _, cells in clean.groupby("configuration", sort=True):
            if (cells["status"] == "done").any():
                yield _of(cells)


def _of(cells: pd.DataFrame) -> Answer:
    done, first = cells[cells["status"] == "done"], cells.iloc[0]
    task = task_label(first["task"], first["parameters"])
    train, test = spread(done["relative"]), spread(done["test_relative"])
    means = f"mean over functions {spread(done['relative_mean'])} and {spread(done['test_relative_mean'])}"
    size = f"q = {first['q']}, d = {first['d']}, {first['engine']} {first['recipe']}"
    where = f"{task}, {first['design']} {first['N']} x {first['M']}, {size}"
    text = f"Relative error on the training labels {train}, on held-out functions {test}; {means}"
    over = "median and range over " if len(done) > 1 else ""
    setting = f"{where}; measured, {over}{counted(len(done), 'run')}"
    ended = not_done(cells_by_outcome(cells["status"]))
    return Answer(f"{text}{ended}", CHANGED, "scaling.csv", "errors", task, setting=setting)
