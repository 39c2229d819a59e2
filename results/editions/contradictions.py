"""Contradictions: witnesses that pass every check and yet lie below a certified bound.

    contradictions/<address>.npz     the witness
    contradictions/<address>.json    the question, and the numbers of both sides on that day; sealed

One of the two is wrong, the bound or the way it is measured, and which is worth knowing: none is refused in silence or deleted.
Whether a question is contradicted today is not for the file to say: its witness is measured again, against the bounds of today.
"""

import datetime
from pathlib import Path

from pydantic import Field

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from operators.errors import UserError
from operators.file_names import inside
from results.records.manifest import Bracket
from results.schema.model import Model
from results.schema.sealed import Damaged, read_sealed, seal
from results.tables.brackets import answers, size_of
from results.witnesses.file import Witness, encode, load_witness
from results.witnesses.header import Sha256
from results.witnesses.submissions import Held, held_of
from results.witnesses.untrusted_files import Unreadable, read_regular
from results.witnesses.verification import verify

FOLDER = "contradictions"
KIND, SCHEMA, MAXIMUM_BYTES = "contradiction", 1, 2**16


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

    schema_version: int = Field(SCHEMA, alias="schema")
    witness: Sha256
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
    write_atomic(path, seal(KIND, found))
    return path


def contradictions(reference: Path) -> tuple[Contradiction, ...]:
    """All that are kept.

    Raises:
        UserError: a file that is none, or lies under another name than its witness's.
    """
    return tuple(_read(path) for path in sorted((reference / FOLDER).glob("*.json")))


def _read(path: Path) -> Contradiction:
    try:
        found = read_sealed(KIND, Contradiction, read_regular(path, MAXIMUM_BYTES), schema=SCHEMA)
        if path.name != f"{found.witness}.json":
            raise Damaged(f"that of witness {found.witness} under another name")
    except (Unreadable, Damaged) as error:
        raise UserError(f"expected a contradiction in {path}, got {error}; take it from the project again") from None
    return found


def contradicting(reference: Path, cache: BlockCache | None = None) -> tuple[Held, ...]:
    """The witnesses of all that are kept, as this version measures them.

    Raises:
        UserError: a file that is none, or a witness that is not there, has another address, or cannot be measured.
    """
    return tuple(_measured(reference, one, cache) for one in contradictions(reference))


def _measured(reference: Path, one: Contradiction, cache: BlockCache | None) -> Held:
    path = inside(reference / FOLDER, f"{one.witness}.npz")
    try:
        witness = load_witness(path)
    except Unreadable as error:
        raise UserError(f"expected the witness of a contradiction in {path}, got: {error}") from None
    found = verify(witness, cache, kept=True)
    if witness.sha256 != one.witness or found.measured is None:
        raise UserError(f"expected the witness of a contradiction in {path}, got another one or none that can be measured")
    return held_of(witness, found)


def contradicts(held: Held, bracket: Bracket) -> bool:
    """Whether a witness answers a question and lies below the floor of its rank, or below a certified lower end."""
    if not answers(held, bracket):
        return False
    sizes = [(size, value) for size in ("q", "d") if (value := size_of(held, bracket, size)) is not None]
    return held.measured.below_floor or any(below_certified(bracket, size, value) for size, value in sizes)


def below_certified(bracket: Bracket, size: str, value: int) -> bool:
    """Whether a size lies below the certified lower end of a question, where that is a number."""
    lower = getattr(bracket, f"{size}_lower")
    return lower is not None and getattr(bracket, f"{size}_status") == "certified" and value < lower
