"""Contradictions: witnesses that pass every check and yet lie below a certified bound.

    contradictions/<address>.npz     the witness
    contradictions/<address>.json    the question, and the numbers of both sides

One of the two is wrong, the bound or the way it is measured, and which is worth knowing: none is refused in silence or deleted.
"""

import datetime
from pathlib import Path

from pydantic import ValidationError

from operators.atomic_files import write_atomic
from operators.errors import UserError
from results.schema.model import Model
from results.witnesses.file import Witness, encode

FOLDER = "contradictions"


class Contradiction(Model):
    """Both sides of a contradiction.

    Attributes:
        witness: its address.
        questions: IDs of the numbered questions that it answers.
        bound: name of the certified bound.
        certified: what the bound demands at least: a relative error for this rank, a q or a d.
        quantity: of which kind that is.
        measured: what the witness has of it.
        independent: its relative error by the second evaluation.
        found: date.
    """

    witness: str
    questions: tuple[str, ...]
    bound: str
    quantity: str
    certified: float
    measured: float
    independent: float | None
    found: datetime.date

    def sentence(self) -> str:
        """Both sides in one sentence."""
        return (
            f"witness {self.witness[:12]} has {self.quantity} {self.measured:.9g}, and `{self.bound}` certifies at least"
            f" {self.certified:.9g}: one of them is wrong"
        )


def keep(reference: Path, witness: Witness, found: Contradiction) -> Path:
    """Keep a contradiction; the path of its file.

    Raises:
        UserError: it cannot be written.
    """
    folder = reference / FOLDER
    write_atomic(folder / f"{witness.sha256}.npz", encode(witness))
    path = folder / f"{witness.sha256}.json"
    write_atomic(path, found.model_dump_json(indent=2).encode() + b"\n")
    return path


def contradictions(reference: Path) -> tuple[Contradiction, ...]:
    """All that are kept.

    Raises:
        UserError: a file that is none.
    """
    found = []
    for path in sorted((reference / FOLDER).glob("*.json")):
        try:
            found.append(Contradiction.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise UserError(f"expected a contradiction in {path}, got {error.errors(include_url=False)[0]['msg']}") from None
    return tuple(found)


def contradicted(reference: Path) -> frozenset[str]:
    """IDs of the questions that some contradiction is about."""
    return frozenset(number for one in contradictions(reference) for number in one.questions)
