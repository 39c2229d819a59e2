"""Where nonlinear reconstruction lies below the certified floor of linear reconstruction, and where it does not."""

from collections.abc import Iterator

import pandas as pd

from operators.bounds.outward import rounded_down
from results.answers.answer import Answer, fixed, listed, not_done, summed
from results.tables.barrier import GROUP
from results.tables.series import task_label
from results.tables.study_tables import StudyTables

CHANGED = "better trained or larger nets: the floor is certified, that a net stays above it is said of these trainings"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for each task and size of data."""
    for _, rows in study["barrier"].groupby(list(GROUP), sort=True):
        done = rows[rows["done"] > 0]
        if len(done):
            yield _of(rows, done)


def of_architectures(study: StudyTables) -> Iterator[Answer]:
    """What each architecture paid for its best error, for each task and size of data."""
    for _, rows in study["architectures"].groupby(list(GROUP), sort=True):
        yield _paid(rows)


def _paid(rows: pd.DataFrame) -> Answer:
    """Best held-out errors with the CPU seconds of the training, the least error first."""
    first = rows.iloc[0]
    task = task_label(first["task"], first["parameters"])
    best = zip(rows["architecture"], rows["test_relative"], rows["cpu_seconds"], strict=True)
    told = listed(f"{name} {error:.3g} in {seconds:.2g} s" for name, error, seconds in best)
    setting = f"{task}, grid {first['N']} x {first['M']}; one training of each class, untuned for time"
    return Answer(
        f"Best held-out errors and the CPU seconds of the training that has them: {told}",
        "recipes tuned for time, or other machines",
        "architectures.csv",
        "barrier",
        task,
        setting=setting,
    )


def _of(rows: pd.DataFrame, done: pd.DataFrame) -> Answer:
    first = rows.iloc[0]
    task = task_label(first["task"], first["parameters"])
    text = "; ".join([_with_terms(done), *_without_terms(done), *_slopes(done)]) + not_done(summed(rows))
    setting = f"{task}, grid {first['N']} x {first['M']}; medians over replicates"
    return Answer(text, CHANGED, "barrier.csv", "barrier", task, setting=setting)


def _with_terms(done: pd.DataFrame) -> str:
    """The crossing that goes farthest below the floor, or that there is none."""
    crossing = done[done["below"].fillna(0) > 0]
    if crossing.empty:
        held = sorted(set(done.loc[(done["reconstruction"] == "nonlinear") & done["rank"].notna(), "architecture"]))
        return (
            f"No net without a limit of rank ({listed(held) or 'none was trained'}) goes below the certified floor of its terms"
        )
    ratio = crossing["test_relative"] / crossing["floor_held_out"]
    row = crossing.iloc[int(ratio.argmin())]
    floor = f"no linear reconstruction of rank {row['rank']} has less than {rounded_down(row['floor_held_out'], 3)} (certified)"
    return f"{row['architecture']} with {row['rank']} terms has held-out error {row['test_relative']:.3g}, where {floor}: allowed"


def _without_terms(done: pd.DataFrame) -> Iterator[str]:
    """What linear reconstruction would need for the best error of each class without terms."""
    free = done[(done["reconstruction"] == "nonlinear") & done["rank"].isna()]
    for name, part in free.groupby("architecture", sort=True):
        row = part.iloc[int(part["test_relative"].argmin())]
        yield f"{name} has {row['test_relative']:.3g}, for which linear reconstruction needs rank {row['linear_rank']} or more"


def _slopes(done: pd.DataFrame) -> Iterator[str]:
    """How errors in L1 fall with the terms."""
    known = done[done["slope_l1"].notna()].drop_duplicates("architecture")
    if len(known):
        told = listed(f"{name}: {fixed(slope)}" for name, slope in zip(known["architecture"], known["slope_l1"], strict=True))
        yield f"exponents of the held-out L1 error in the terms, {told}"
