"""Which published errors nets of the same class and size, trained here on the same law, come up to."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from results.answers.answer import Answer, counted, listed, not_done, summed
from results.tables.anchors import FACTOR, MET
from results.tables.study_tables import StudyTables

CHANGED = "more CPU time or other recipes: what is not reached is not reached by these trainings"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence over all published figures, then one for each with the linear map and the kernel beside it."""
    rows = study["anchors"]
    best = rows.sort_values("test", kind="stable").drop_duplicates(["task", "N", "M", "net", "source"]).sort_index()
    met, missed = best[best["verdict"] == MET], best[best["verdict"] != MET]
    text = f"Of {counted(len(best), 'published error')} of operator nets, nets of the same class, law, N and size within 10 %"
    text += f" trained here come within a factor {FACTOR:g} of {len(met)}"
    text += f": {listed(map(_figure, met.to_dict('records')))}" if len(met) else ""
    text += f"; not reached: {listed(map(_figure, missed.to_dict('records')))}" if len(missed) else ""
    setting = "mean relative error on held-out functions; published, ours, ratio"
    yield Answer(text + not_done(summed(rows)), CHANGED, "anchors.csv", setting=setting)
    yield from (_beside(row) for row in best.to_dict("records") if row["test"] == row["test"])


def _figure(row: Mapping[Hashable, Any]) -> str:
    ours = (
        f"{row['published']:.3g}, {row['test']:.3g}, {row['factor']:.2f}" if row["factor"] == row["factor"] else "no run is done"
    )
    return f"{row['net']} on {row['task']}, N = {row['N']} ({ours})"


def _beside(row: Mapping[Hashable, Any]) -> Answer:
    """One figure: error and cost of ours, and what regression reaches on the same data."""
    lines = [
        f"{words} {row[name]:.3g}"
        for name, words in (("linear_map", "the linear map"), ("kernel", "the kernel"))
        if row[name] == row[name]
    ]
    text = f"{row['net']} on {row['task']} with d = {row['d']} has {row['test']:.3g} on held-out functions and {row['train']:.3g}"
    text += f" in training after {row['cpu_seconds']:,.0f} CPU seconds; published are {row['published']:.3g} with d ="
    text += f" {row['published_d']}; on the same data {listed(lines) if lines else 'no line was measured'}"
    return Answer(
        text, CHANGED, "anchors.csv", task=str(row["task"]), setting=f"N = {row['N']}, M = {row['M']}; {row['verdict']}"
    )
