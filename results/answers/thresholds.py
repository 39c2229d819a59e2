"""How many thresholds q*(n) lie between two sizes tried, and how many are known from one side only."""

from collections.abc import Iterator

from results.answers.answer import Answer, counted, parts
from results.tables.study_tables import StudyTables

CHANGED = "sizes between and beyond those tried, or trainings that reach the target at a smaller q: q* is what these reached"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for the whole table."""
    rows = study["thresholds"]
    if rows.empty:
        return
    between = rows["kind"] == "interval"
    others = [("left", "at or below the smallest q tried"), ("right", "above every q tried"), ("unknown", "without an outcome")]
    told = parts([(int((rows["kind"] == kind).sum()), words) for kind, words in others])
    alone = int((rows["confirmed"] == "no").sum())
    untried = int((rows["asked"] - rows["tried"]).sum())
    text = f"{int(between.sum())} of {counted(len(rows), 'threshold')} q* lie between two q tried" + (f", {told}" if told else "")
    text += f"; {alone} not confirmed by the next q" if alone else ""
    text += f"; {untried} of {int(rows['asked'].sum())} sizes have no outcome" if untried else ""
    yield Answer(text, CHANGED, "thresholds.csv", "thresholds", setting="measured, one per replicate")
