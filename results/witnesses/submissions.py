"""Entering witnesses into a results folder: verified first, then kept under the hash of what they hold.

    <folder>/witnesses/<sha256>.npz        the canonical bytes of `results.witnesses.file.encode`, never those that were handed in
    <folder>/submissions/<sha256>.json     who entered it, when, and what was measured: one checksummed line, written last

Both names follow from the content, so that entering twice changes nothing, writers need no locks, and merging is copying. Every
valid witness is accepted; whether it is the smallest is for the tables to say.
"""

import datetime
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from operators.atomic_files import write_atomic
from operators.data.dataset import BlockCache
from operators.errors import UserError
from results.schema.model import Model, canonical
from results.witnesses.error import Measured
from results.witnesses.file import Witness, encode, load_witness
from results.witnesses.header import Header, Sha256, Text
from results.witnesses.untrusted_files import Refusal, Unreadable, read_regular, shown
from results.witnesses.verification import verify

SCHEMA = 1
MAXIMUM_ENTRY_BYTES = 256 * 2**10
WITNESS_NAME = re.compile(r"[0-9a-f]{64}\.npz")
ENTRY_NAME = re.compile(r"[0-9a-f]{64}\.json")
_LINE = re.compile(rb'\{"checksum":"([0-9a-f]{64})","entry":(\{.*\})\}\n', re.DOTALL)


class Entry(Model):
    """A witness that was verified on entering.

    Attributes:
        witness: its address.
        claim: hash of data, net, scaling, target and weights: what is the same whoever hands it in.
        header: its header.
        bits: of one parameter.
        error: relative error measured on entering; allowed: the largest the target allows.
        absorbed: absorbed fraction measured on entering, with noise.
        floor: certified least relative error for its rank, on grids.
        entered_by: who entered it.
        entered: when.
    """

    schema_version: int = SCHEMA
    witness: Sha256
    claim: Sha256
    header: Header
    bits: int
    error: float
    allowed: float
    absorbed: float | None
    floor: float | None
    entered_by: Text
    entered: datetime.datetime

    @property
    def d(self) -> int:
        """Trainable scalars."""
        return self.header.net().parameter_count()


@dataclass(frozen=True)
class Entries:
    """What a results folder holds, in order of address, and what of it was refused."""

    accepted: tuple[Entry, ...]
    refused: tuple[Refusal, ...]


def submit(path: Path, folder: Path, author: str | None = None, *, cache: BlockCache | None = None) -> Entry:
    """Verify a witness file and enter it into a results folder.

    Args:
        path: the file, from anyone.
        folder: the results folder.
        author: who enters it; the author named in the file by default.
        cache: where generated functions are kept.

    Raises:
        UserError: with the reason: no witness, misses its target, already entered, or the folder cannot be written.
    """
    return enter(load_witness(path), folder, author, cache=cache)


def enter(
    witness: Witness,
    folder: Path,
    author: str | None = None,
    *,
    cache: BlockCache | None = None,
    claims: dict[str, Entry] | None = None,
) -> Entry:
    """Verify a witness and enter it, as `submit`.

    Args:
        witness: what is claimed.
        folder: the results folder.
        author: as for `submit`.
        cache: as for `submit`.
        claims: the folder's entries by claim, kept up to date here; read from the folder by default.

    Raises:
        UserError: as `submit`.
    """
    claim = claim_of(witness)
    held = {entry.claim: entry for entry in entries(folder).accepted} if claims is None else claims
    if claim in held:
        raise UserError(f"expected a new witness, got weights that {held[claim].entered_by!r} entered as {held[claim].witness}")
    found = verify(witness, cache, entering=True)
    if not found.passed or found.measured is None:
        raise UserError(f"witness not entered: {found.reason}")
    entry = _entry(witness, found.measured, claim, author)
    write_atomic(folder / "witnesses" / f"{witness.sha256}.npz", encode(witness))
    write_atomic(folder / "submissions" / f"{witness.sha256}.json", to_bytes(entry))
    held[claim] = entry
    return entry


def claim_of(witness: Witness) -> str:
    """Hash of all of a witness but its origin."""
    header = witness.header.model_dump(mode="json", exclude={"origin"})
    return hashlib.sha256(canonical({**header, "weights": witness.weights.sha256()}).encode()).hexdigest()


def _entry(witness: Witness, measured: Measured, claim: str, author: str | None) -> Entry:
    try:
        return Entry(
            witness=witness.sha256,
            claim=claim,
            header=witness.header,
            bits=witness.bits,
            error=measured.error,
            allowed=measured.allowed,
            absorbed=measured.absorbed,
            floor=measured.floor,
            entered_by=witness.header.origin.author if author is None else author,
            entered=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        )
    except ValidationError as error:
        raise UserError(f"expected an author's name; {error.errors(include_url=False, include_input=False)[0]['msg']}") from None


def to_bytes(entry: Entry) -> bytes:
    """An entry as one checksummed line."""
    body = canonical(entry.model_dump(mode="json"))
    return f'{{"checksum":"{hashlib.sha256(body.encode()).hexdigest()}","entry":{body}}}\n'.encode()


def from_bytes(data: bytes) -> Entry:
    """Read an entry back.

    Raises:
        Unreadable: torn, altered, of another schema, or not an entry.
    """
    match = _LINE.fullmatch(data)
    if match is None:
        raise Unreadable("expected one line with a checksum and an entry, got something else")
    if hashlib.sha256(match[2]).hexdigest() != match[1].decode():
        raise Unreadable("expected the entry to match its checksum, got an altered one")
    try:
        entry = Entry.model_validate_json(match[2], strict=True, context={"strict": True})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ascii(".".join(map(str, first["loc"])))[1:-1][:80]
        raise Unreadable(f"expected a valid entry; {where or 'entry'}: {ascii(first['msg'])[1:-1][:200]}") from None
    if entry.schema_version != SCHEMA:
        raise Unreadable(f"expected entry schema {SCHEMA}, got {entry.schema_version}; another release reads it")
    return entry


def load_entry(path: Path) -> Entry:
    """Read the entry at `<address>.json`; its witness must lie in the folder beside.

    Raises:
        Unreadable: no valid entry, under another name, or without its witness.
    """
    entry = from_bytes(read_regular(path, MAXIMUM_ENTRY_BYTES))
    if path.name != f"{entry.witness}.json":
        raise Unreadable(f"expected the entry of witness {entry.witness} under that name, got another")
    if not (path.parent.parent / "witnesses" / f"{entry.witness}.npz").is_file():
        raise Unreadable("expected the witness of this entry in the folder, found none")
    return entry


def entries(folder: Path) -> Entries:
    """All entries of a results folder; what was measured on entering is told, not measured again (`verify_folder` does)."""
    accepted, refused = [], []
    for path in sorted((folder / "submissions").glob("*.json")):
        try:
            accepted.append(load_entry(path))
        except Unreadable as error:
            refused.append(Refusal(shown(path.name), str(error)))
    return Entries(tuple(accepted), tuple(refused))
