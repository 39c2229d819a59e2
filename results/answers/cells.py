"""How the cells of a study stand: where none is done, that nothing is found."""

from collections.abc import Iterator

from results.answers.answer import ENDED_OTHERWISE, Answer, counted, parts
from results.tables.study_tables import StudyTables


def nothing_done(study: StudyTables) -> Iterator[Answer]:
    """One sentence if there are cells and none of them is done."""
    if len(study.frame) and not (study.frame["status"] == "done").any():
        yield standing(study)


def standing(study: StudyTables) -> Answer:
    """How many cells are done, and what became of the others."""
    status = study.frame["status"]
    done, others = int((status == "done").sum()), parts([(int((status == n).sum()), w) for n, w in ENDED_OTHERWISE.items()])
    told = f" ({others})" if others else ""
    table = "cells.csv" if "cells" in study else ""
    again = "running what has no result yet: `python -m bench run`"
    if status.empty:
        return Answer("Nothing is found: the study asks for no cell", "cells in its study file")
    if not done:
        return Answer(f"Nothing is found: none of {counted(len(status), 'cell')} is done{told}", again, table)
    return Answer(f"Done: {done} of {counted(len(status), 'cell')}{told}; what they measured stands in the tables", again, table)
