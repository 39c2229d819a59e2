"""Permanent numbers of questions: `results/reference/questions.csv`, to which rows are added and none is ever changed.

    id,added,question,withdrawn,reason

An ID (B-0001, B-0002, ...) names the full question: task with its constants and version, design, N, M, noise, replicate, target,
depths, ends, activation, stored bits, class of nets, and the fixed q if there is one. A field that is added later takes, for
older IDs, the value that it had silently; a narrower class of nets or another error is another question. To withdraw a question
is to fill the last two columns of its row.
"""

import csv
import datetime
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from operators.atomic_files import write_atomic
from operators.errors import UserError
from results.families import FAMILIES
from results.records.manifest import Bracket
from results.schema.model import canonical

FILE = "questions.csv"
COLUMNS = ("id", "added", "question", "withdrawn", "reason")
STORED_BITS = 64  # of the nets of all questions so far: whatever float64 holds


@dataclass(frozen=True)
class Numbered:
    """A question with its number.

    Attributes:
        id: B-0001, ...
        added: date.
        question: canonical JSON.
        withdrawn: date, or empty.
        reason: why it was withdrawn.
    """

    id: str
    added: str
    question: str
    withdrawn: str = ""
    reason: str = ""


def question_text(bracket: Bracket) -> str:
    """The full question of a bracket as canonical JSON.

    Raises:
        UserError: its task is unknown here.
    """
    task = FAMILIES["deeponet"].identity({"task": bracket.task, "parameters": bracket.parameters})
    if task is None:
        raise UserError(f"expected a task of this release in a question, got {bracket.task!r}; publish tasks with the project")
    return canonical(
        {
            "task": {"name": bracket.task, **task},
            "design": bracket.design,
            "functions": bracket.functions,
            "points": bracket.points,
            "noise_law": bracket.noise_law,
            "sigma": bracket.sigma,
            "replicate": bracket.replicate,
            "target": {"kind": bracket.target.kind, "value": bracket.target.value},
            "branch_depth": bracket.branch_depth,
            "trunk_depth": bracket.trunk_depth,
            "ends": bracket.ends,
            "activation": bracket.activation,
            "stored_bits": STORED_BITS,
            "net_class": bracket.net_class,
            "q": bracket.q,
        }
    )


def load_questions(reference: Path) -> tuple[Numbered, ...]:
    """The registry; empty where there is none yet.

    Raises:
        UserError: another header, numbers that do not count from 1, or a question twice.
    """
    path = reference / FILE
    if not path.is_file():
        return ()
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    if tuple(header) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise UserError(f"expected {path} with columns {', '.join(COLUMNS)}, got others; take it from the project again")
    found = tuple(Numbered(*row) for row in rows)
    counted = [_name(place) for place in range(len(found))]
    if [one.id for one in found] != counted or len({one.question for one in found}) < len(found):
        raise UserError(f"expected IDs from {_name(0)} on and no question twice in {path}; take it from the project again")
    return found


def number(reference: Path, brackets: Iterable[Bracket], *, today: datetime.date) -> dict[str, Numbered]:
    """Give numbers to questions that have none, at the end of the registry; every numbered question by its text.

    Raises:
        UserError: as `load_questions`, or the registry cannot be written.
    """
    rows = list(load_questions(reference))
    known = {one.question: one for one in rows}
    for text in map(question_text, brackets):
        if text not in known:
            known[text] = Numbered(_name(len(rows)), today.isoformat(), text)
            rows.append(known[text])
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, name) for name in COLUMNS] for row in rows)
    write_atomic(reference / FILE, stream.getvalue().encode())
    return known


def _name(place: int) -> str:
    return f"B-{place + 1:04d}"
