"""Entering witnesses into a results folder: verified first, then kept under the hash of what they hold.

    <folder>/witnesses/<sha256>.npz        the canonical bytes of `results.witnesses.file.encode`, never those that were handed in
    <folder>/submissions/<sha256>.json     who entered it and when: one checksummed line, written last

Both names follow from the content, so that entering twice changes nothing, writers need no locks, and merging is copying. Every
valid witness is accepted; whether it is the smallest is for the tables to say. All else about a witness is computed from its
bytes whenever it is asked for (`results.witnesses.verification`): an entry cannot say what its witness is or reaches.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from operators.atomic_files import write_atomic
from operators.data.dataset import BlockCache
from operators.errors import UserError
from operators.file_names import inside
from results.schema.model import Model
from results.schema.sealed import Damaged, read_sealed, seal
from results.witnesses.cost import Limits
from results.witnesses.error import Measured
from results.witnesses.file import Witness, encode, load_witness
from results.witnesses.header import Header, Sha256, Text
from results.witnesses.untrusted_files import Refusal, Unreadable, read_regular, shown
from results.witnesses.verification import STANDARD, Verification, verify, verify_file

SCHEMA = 2
MAXIMUM_ENTRY_BYTES = 4096
WITNESS_NAME = re.compile(r"[0-9a-f]{64}\.npz")
ENTRY_NAME = re.compile(r"[0-9a-f]{64}\.json")


class Entry(Model):
    """What only who enters a witness can say.

    Attributes:
        witness: its address.
        entered_by: who entered it.
        entered: when.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    witness: Sha256
    entered_by: Text
    entered: datetime.datetime


@dataclass(frozen=True)
class Held:
    """A witness of a results folder that reaches its target as this version measures it, and who entered it.

    Attributes:
        witness: its address.
        claim: `Claim.identity`.
        header: its header.
        bits: of one parameter.
        weights: hash of its weights.
        measured: error, allowed error, absorbed fraction and floor.
        entered_by: who entered it.
        entered: when.
    """

    witness: str
    claim: str
    header: Header
    bits: int
    weights: str
    measured: Measured
    entered_by: str
    entered: datetime.datetime

    @property
    def d(self) -> int:
        """Trainable scalars."""
        return self.header.net().parameter_count()


@dataclass(frozen=True)
class Entries:
    """The witnesses of a results folder, in order of address, and what of it was refused."""

    accepted: tuple[Held, ...]
    refused: tuple[Refusal, ...]


def submit(
    path: Path,
    folder: Path,
    author: str | None = None,
    *,
    cache: BlockCache | None = None,
    limits: Limits | None = STANDARD,
) -> Held:
    """Verify a witness file and enter it into a results folder.

    Args:
        path: the file, from anyone.
        folder: the results folder.
        author: who enters it; the author named in the file by default.
        cache: where generated functions and measurements are kept.
        limits: of what measuring may take by the header.

    Raises:
        UserError: with the reason: no witness, misses its target, already entered, or the folder cannot be written.
    """
    return enter(load_witness(path), folder, author, cache=cache, limits=limits)


def enter(
    witness: Witness,
    folder: Path,
    author: str | None = None,
    *,
    cache: BlockCache | None = None,
    claims: dict[str, Held] | None = None,
    limits: Limits | None = STANDARD,
) -> Held:
    """Verify a witness and enter it, as `submit`.

    Args:
        witness: what is claimed.
        folder: the results folder.
        author: as for `submit`.
        cache: as for `submit`.
        claims: the folder's witnesses by claim, kept up to date here; read from the folder by default.
        limits: as for `submit`; None for weights of our own.

    Raises:
        UserError: as `submit`.
    """
    claim = claim_of(witness)
    held = {one.claim: one for one in entries(folder, cache).accepted} if claims is None else claims
    if claim in held:
        raise UserError(f"expected a new witness, got weights that {held[claim].entered_by!r} entered as {held[claim].witness}")
    found = verify(witness, cache, entering=True, limits=limits)
    if not found.passed:
        raise UserError(f"witness not entered: {found.reason}")
    entry = _entry(witness, author)
    write_atomic(inside(folder / "witnesses", f"{entry.witness}.npz"), encode(witness))
    write_atomic(inside(folder / "submissions", f"{entry.witness}.json"), to_bytes(entry))
    held[claim] = _held(entry, found)
    return held[claim]


def held_of(witness: Witness, found: Verification, author: str | None = None) -> Held:
    """A measured witness as it would stand in a folder that it entered now."""
    return _held(_entry(witness, author), found)


def claim_of(witness: Witness) -> str:
    """Hash of all of a witness but its origin."""
    return witness.header.identity(witness.weights.sha256())


def _entry(witness: Witness, author: str | None) -> Entry:
    try:
        return Entry(
            witness=witness.sha256,
            entered_by=witness.header.origin.author if author is None else author,
            entered=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        )
    except ValidationError as error:
        raise UserError(f"expected an author's name; {error.errors(include_url=False, include_input=False)[0]['msg']}") from None


def _held(entry: Entry, found: Verification) -> Held:
    """An entry with what was found of its witness, which passed."""
    assert found.header is not None
    assert found.bits is not None
    assert found.weights is not None
    assert found.measured is not None
    return Held(
        witness=entry.witness,
        claim=found.header.identity(found.weights),
        header=found.header,
        bits=found.bits,
        weights=found.weights,
        measured=found.measured,
        entered_by=entry.entered_by,
        entered=entry.entered,
    )


def to_bytes(entry: Entry) -> bytes:
    """An entry as one checksummed line."""
    return seal("entry", entry)


def from_bytes(data: bytes) -> Entry:
    """Read an entry back.

    Raises:
        Unreadable: torn, altered, of another schema, or not an entry.
    """
    try:
        return read_sealed("entry", Entry, data, schema=SCHEMA)
    except Damaged as error:
        raise Unreadable(f"expected an entry as `bench submit` writes it, got what is none: {error}") from None


def load_entry(path: Path) -> Entry:
    """Read the entry at `<address>.json`.

    Raises:
        Unreadable: no valid entry, or under another name.
    """
    entry = from_bytes(read_regular(path, MAXIMUM_ENTRY_BYTES))
    if path.name != f"{entry.witness}.json":
        raise Unreadable(f"expected the entry of witness {entry.witness} under that name, got another")
    return entry


def entries(folder: Path, cache: BlockCache | None = None, known: Mapping[str, Held] | None = None) -> Entries:
    """The witnesses of a results folder that were entered and reach their targets as this version measures them.

    Args:
        folder: the results folder.
        cache: where generated functions and measurements are kept; what this version has measured before is not measured again.
        known: by address, what this process has read before.

    Raises:
        UserError: the cache cannot be written.
    """
    accepted, refused = [], []
    for path in sorted((folder / "submissions").glob("*.json")):
        try:
            entry = load_entry(path)
            held = (known or {}).get(entry.witness)
            accepted.append(held or _held(entry, _verified(entry.witness, folder, cache)))
        except Unreadable as error:
            refused.append(Refusal(shown(path.name), str(error)))
    return Entries(tuple(accepted), tuple(refused))


def _verified(address: str, folder: Path, cache: BlockCache | None) -> Verification:
    """What was found of the witness of this address.

    Raises:
        Unreadable: there is none, or it lies under another address than its own, or does not pass.
    """
    path = inside(folder / "witnesses", f"{address}.npz")
    if not path.is_file():
        raise Unreadable("expected the witness of this entry in the folder, found none")
    found = verify_file(path, cache, kept=True)
    if not found.passed:
        raise Unreadable(found.reason)
    return found
