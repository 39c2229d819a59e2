"""Whether growth shows a transition at lambda_c, for which losses it fails, and how SGD and Langevin dynamics do."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from results.answers.answer import Answer, counted, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.study_tables import StudyTables

LAST, NEARLY = "ratio_1e5", 0.9


def answers(study: StudyTables) -> Iterator[Answer]:
    """The two layers, the other losses, the algorithms."""
    rows, runs = study["villani"], study["sampling"]
    two = rows[rows["loss"] == "two layers"]
    if len(two):
        yield Answer(_two_layers(two) + not_done(by_outcome(study.frame["status"])), STRANDS["villani"].falsified_by, *WHERE)
    others = rows[rows["loss"] != "two layers"]
    if len(others):
        yield Answer(_others(others), "a proof, or rays on which the growth condition fails where it was not seen to", *WHERE)
    if len(runs):
        yield Answer(
            "; ".join(text for text in (_descents(runs), _chains(runs)) if text),
            "more seeds, longer runs or other data: these are measurements of these runs",
            "sampling.csv",
            "companion",
            setting="measured",
        )


WHERE = ("villani.csv", "companion")


def _two_layers(rows: pd.DataFrame) -> str:
    below = int(rows["below_bound"].sum())
    least = "; ".join(f"{part[LAST].min():.3g} at {strength:g}" for strength, part in rows.groupby("strength", sort=True))
    reached = bool((rows[LAST] >= NEARLY).all())
    tried = f"{rows['strength'].min():g} to {rows['strength'].max():g} lambda_c"
    verdict = f"it reaches 1 at every lambda tried, from {tried}" if reached else "it does not reach 1 everywhere"
    return (
        "Two layers with a frozen outer layer, any lambda > 0 (proved, for softplus too): the least (|grad F|^2 - Lap F) /"
        f" (lambda |W|)^2 at |W| = 1e5 is {least} lambda_c{f': {verdict}' if rows['strength'].nunique() > 1 else ''};"
        f" {below or 'none'} of {counted(int(rows['replicates'].sum()), 'draw')} has an inner product below the proved bound"
    )


def _others(rows: pd.DataFrame) -> str:
    told = []
    for loss, part in rows.groupby("loss", sort=True):
        temperature = part["temperature"].min()
        grows = (
            f"|grad F|^2 / s exceeds Lap F at |W| = 1e5 up to s = {temperature:.2g}" if temperature == temperature else "no limit"
        )
        told.append(f"{loss}: {grows}, least inner product with the data term {part['inner'].min():.2g}")
    proved = {"frozen heads": "frozen heads hold by proof", "trained heads": "trained heads fail by proof for large s"}
    known = ", ".join(words for loss, words in proved.items() if loss in set(rows["loss"]))
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]} ({known}; of the residual of a PDE nothing is claimed)"


def _descents(runs: pd.DataFrame) -> str:
    rows = runs[runs["experiment"] == "sgd"]
    told = ", ".join(
        f"{part['spread'].max():.2g} at {strength:g} lambda_c" for strength, part in rows.groupby("strength", sort=True)
    )
    return f"SGD: final losses spread over seeds by at most {told} of their mean" if told else ""


def _chains(runs: pd.DataFrame) -> str:
    rows = runs[runs["experiment"] == "langevin"]
    told = []
    for activation, part in rows.groupby("activation", sort=True):
        widths, times = part["width"].to_numpy(float), part["autocorrelation_time"].to_numpy(float)
        if len(widths) > 1:
            slope = np.polyfit(np.log(widths), np.log(times), 1)[0]
            ends = f"{times[0]:.2g} at width {widths[0]:g}, {times[-1]:.2g} at {widths[-1]:g}"
            told.append(f"{activation} {ends} (log-log slope {slope:+.2f})")
    return f"Langevin dynamics: autocorrelation time of the loss {'; '.join(told)}" if told else ""
