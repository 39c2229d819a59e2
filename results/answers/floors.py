"""Whether a run lies below its certified floor, and how close to it trainings come."""

from collections.abc import Iterator

from results.answers.answer import Answer, counted
from results.tables.frame import check_floors
from results.tables.study_tables import StudyTables

CHANGED = "a run below its floor, which would refute the floor or the record; a better optimiser lowers the ratios"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence; that none lies below is checked again here.

    Raises:
        FloorViolation: a run lies below its floor.
    """
    held = check_floors(study.frame)
    if not held:
        return
    measured = study.frame[study.frame["training_mse"].notna()]
    text = f"None of {counted(held, 'run')} with a certified floor lies below it"
    without = len(measured) - held
    text += f"; {without} more have none" if without else ""
    ratios = measured["optimality"][measured["resolved"].to_numpy(float) > 0.0].dropna()
    unresolved = held - len(ratios)
    if len(ratios):
        text += (
            f"; by these trainings the error is {ratios.median():.3g} times its floor in the median, at most {ratios.max():.3g}"
        )
    text += f"; the floor of {unresolved} is unresolved" if unresolved > 0 else ""
    yield Answer(text, CHANGED, "scaling.csv", "optimality")
