"""history.csv: every witness that was, when it entered, the smallest of its question, in q or in d.

    id          the question (`results.editions.questions`)
    size        q or d
    value       of the witness; d counts only in the declared class of nets
    entered     date on which it was verified and entered
    witness     its address; the file is kept while it leads
    author, entered_by, method, created    its origin

Rows are added and never taken away: what an edition lists stays in all later ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from results.records.manifest import Bracket
from results.tables.brackets import answers, size_of
from results.tables.csv_files import read_csv
from results.witnesses.submissions import Held

FILE = "history.csv"
COLUMNS = ("id", "size", "value", "entered", "witness", "author", "entered_by", "method", "created")


def history(asked: Mapping[str, Bracket], entries: Sequence[Held], before: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table.

    Args:
        asked: brackets by the ID of their question.
        entries: verified witnesses, also those that no longer lead.
        before: the table of the edition before.
    """
    rows = [row for number, bracket in asked.items() for size in ("q", "d") for row in _records(number, bracket, entries, size)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({name: "Int64" if name == "value" else "str" for name in COLUMNS})
    if before is not None:
        table = pd.concat([before, table]).drop_duplicates(["id", "size", "witness"])
    order = ["id", "size", "entered", "value", "witness"]
    return table.sort_values(order, ascending=[True, False, True, False, True], kind="stable", ignore_index=True)


def load_history(folder: Path) -> pd.DataFrame | None:
    """The table of a published study, if it has one."""
    path = folder / FILE
    if not path.is_file():
        return None
    found = read_csv(path)
    return found.astype({name: "Int64" if name == "value" else "str" for name in COLUMNS})


def _records(number: str, bracket: Bracket, entries: Iterable[Held], size: str) -> list[dict[str, object]]:
    """The witnesses of one question that were the smallest when they entered; of one second the smallest alone."""
    found = [(entry.entered, value, entry) for entry in entries if (value := _value(entry, bracket, size)) is not None]
    rows, least = list[dict[str, object]](), None
    for entered, value, entry in sorted(found, key=lambda one: (one[0], one[1], one[2].witness)):
        if least is None or value < least:
            least, origin = value, entry.header.origin
            rows.append(
                {
                    "id": number,
                    "size": size,
                    "value": value,
                    "entered": entered.date().isoformat(),
                    "witness": entry.witness,
                    "author": origin.author,
                    "entered_by": entry.entered_by,
                    "method": origin.method,
                    "created": origin.created.isoformat(),
                }
            )
    return rows


def _value(entry: Held, bracket: Bracket, size: str) -> int | None:
    return size_of(entry, bracket, size) if answers(entry, bracket) else None
