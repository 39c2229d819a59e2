"""What the proof-term audits of noisy runs say: test by test, how often its statement holds."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, interval, not_done_each
from results.tables.study_tables import StudyTables

UNKNOWN = "not identifiable"
CAPACITY = "B.1 capacity"
CHANGED = {
    CAPACITY: "one run above its capacity, or more labels for each stored bit, so that counting excludes something of more runs",
    "B.2 plateau": "more n at a fixed net with N growing at fixed M, or more replicates",
    "B.3 fresh noise": "a fit that sees noise drawn after its training",
    "B.4 q at fixed d": "more pairs of nets with equal d and different q",
    "B.5 noise law": "other laws of equal variance, or more replicates",
    "B.6 permutation": "more replicates with and without the control",
}


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for each test and statistic that is identified, one for the tests that are not."""
    rows = study["mechanism"]
    if rows.empty:
        return
    identified, statistic = rows["verdict"] != UNKNOWN, rows["statistic"].str.partition(",")[0]
    for (test, named), _ in rows[identified].groupby(["test", statistic], sort=True):
        mine = rows[(rows["test"] == test) & (statistic == named)]
        text = _capacity(mine) if test == CAPACITY else f"{test}: {named} {_verdicts(mine)}"
        yield Answer(f"{text}{not_done_each(mine)}", CHANGED[str(test)], "mechanism.csv", "audit")
    silent = [test for test in dict.fromkeys(rows["test"]) if not identified[rows["test"] == test].any()]
    runs = int(rows[rows["test"] == CAPACITY]["done"].sum())
    if CAPACITY in silent and runs:
        silent.remove(CAPACITY)
        text = f"Bit counting is vacuous for all {runs} noisy runs: it excludes nothing here"
        yield Answer(text, CHANGED[CAPACITY], "mechanism.csv", "audit", decides=False)
    if silent:
        told = "; ".join(f"{test}: {_reason(rows[rows['test'] == test])}" for test in silent)
        yield Answer(f"Not identifiable: {told}", "cells that these tests can compare", "mechanism.csv", decides=False)


def _capacity(rows: pd.DataFrame) -> str:
    """Runs above their capacity among those of which bit counting says something."""
    used, done, over = int(rows["used"].sum()), int(rows["done"].sum()), int(rows["value"].sum())
    above = f"{over} of {counted(used, 'run')}" if over else f"No run above its capacity in {used}"
    text = f"{above}{' above their capacity, against what is claimed' if over else ''}, expected: {rows['prediction'].iloc[0]}"
    return text + (f"; bit counting is vacuous for {done - used} other noisy runs" if done > used else "")


def _verdicts(rows: pd.DataFrame) -> str:
    """The one value with its interval, or verdicts counted and the range of the values."""
    known = rows[rows["verdict"] != UNKNOWN]
    holds = int((known["verdict"] == "holds").sum())
    expected = f"expected: {known['prediction'].iloc[0]}"
    unknown = f"; {UNKNOWN} in {len(rows) - len(known)} of {len(rows)} comparisons" if len(rows) > len(known) else ""
    if len(known) == 1:
        row = known.iloc[0]
        ends = f" {interval(row['low'], row['high'])}" if pd.notna(row["low"]) else ""
        return f"{row['value']:.3g}{ends}, {expected}: {row['verdict']} (measured, {counted(int(row['used']), 'run')}){unknown}"
    values = f"from {known['value'].min():.3g} to {known['value'].max():.3g}"
    verdict = f"holds in {holds} of {len(known)} comparisons" + (f", fails in {len(known) - holds}" if holds < len(known) else "")
    return f"{values}, {expected}: {verdict} (measured, {int(known['used'].sum())} runs used){unknown}"


def _reason(rows: pd.DataFrame) -> str:
    """The reason given most often."""
    reasons = rows["reason"].value_counts(sort=True).sort_index().sort_values(ascending=False, kind="stable")
    often = f" ({reasons.iloc[0]} of {len(rows)} comparisons)" if len(reasons) > 1 else ""
    return f"{reasons.index[0]}{often}" if len(reasons) else "no reason given"
