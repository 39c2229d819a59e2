"""edition.json: where a published study is from."""

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from operators.atomic_files import write_atomic
from operators.errors import UserError
from results.records.record import Record, pairs_text
from results.schema.model import Model
from results.schema.sealed import Damaged, first_error, read_sealed, seal

FILE = "edition.json"
KIND, SCHEMA = "edition", 1
Sha256 = str


class Superseded(Model):
    """An earlier edition of a study: what it was, and the commit whose tree holds its files.

    Attributes:
        edition: its number.
        published: its date.
        trained: the commit that trained it.
        records: how many.
        tables: SHA-256 of its tables.
    """

    edition: int = Field(ge=1)
    published: datetime.date
    trained: str
    records: int
    tables: dict[str, Sha256]


class Edition(Model):
    """A published study; sealed.

    Attributes:
        study: its name.
        edition: counts the publications of the project, from 1; a study keeps its number until it is published again.
        published: the date.
        trained: the commit of this project that trained the records.
        lock: SHA-256 of its lock file.
        command: what runs the study.
        records: how many records.
        cpu_hours: of all trainings.
        recipes: version of each recipe, by engine or family and recipe.
        versions: records by the package versions that made them.
        hardware: records by the hardware that made them.
        tables: SHA-256 of each CSV file.
        superseded: earlier editions, the first one first.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    study: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    edition: int = Field(ge=1)
    published: datetime.date
    trained: str = Field(pattern=r"^[0-9a-f]{40}$")
    lock: Sha256 = Field(pattern=r"^[0-9a-f]{64}$")
    command: str
    records: int
    cpu_hours: float
    recipes: dict[str, int]
    versions: dict[str, int]
    hardware: dict[str, int]
    tables: dict[str, Sha256] = Field(default_factory=dict)
    superseded: tuple[Superseded, ...] = ()

    def succeeds(self, older: "Edition | None") -> "Edition":
        """This edition with an older one among those it supersedes.

        Raises:
            UserError: the older one has a larger number.
        """
        if older is None:
            return self
        if older.edition > self.edition:
            raise UserError(f"expected an edition >= {older.edition}, that of {self.study} as it stands, got {self.edition}")
        if older.edition == self.edition:
            return self.model_copy(update={"superseded": older.superseded})
        last = Superseded.model_validate({name: getattr(older, name) for name in Superseded.model_fields})
        return self.model_copy(update={"superseded": (*older.superseded, last)})


def computed(records: Sequence[Record]) -> dict[str, Any]:
    """What of an edition follows from its records."""
    return {
        "records": len(records),
        "cpu_hours": cpu_hours(records),
        "recipes": recipes(records),
        "versions": counted(records, "versions"),
        "hardware": counted(records, "hardware"),
    }


def recipes(records: Sequence[Record]) -> dict[str, int]:
    """Version of each recipe that made some record; of several versions the largest."""
    found: dict[str, int] = {}
    for record in records:
        name = record.recipe or record.family
        found[name] = max(found.get(name, 0), record.versions.method)
    return dict(sorted(found.items()))


def counted(records: Sequence[Record], what: str) -> dict[str, int]:
    """Records by `versions` or `hardware`, as text."""
    named = (record.versions.packages if what == "versions" else record.host for record in records)
    return dict(sorted(Counter(pairs_text(one) for one in named).items()))


def cpu_hours(records: Sequence[Record]) -> float:
    """CPU hours of all trainings."""
    return math.fsum(record.cost.cpu_seconds for record in records if record.cost is not None) / 3600.0


def save_edition(folder: Path, edition: Edition) -> None:
    """Write edition.json.

    Raises:
        UserError: it cannot be written.
    """
    write_atomic(folder / FILE, seal(KIND, edition))


def load_edition(folder: Path) -> Edition | None:
    """Read edition.json; None where there is none.

    Raises:
        UserError: it is no edition, or that of a study of another name: the name is that of folders too.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        found = edition_from_bytes(path.read_bytes())
    except Damaged as error:
        raise UserError(f"expected {path} as publishing writes it, got {error}; take it from the project again") from None
    if found.study != folder.name:
        raise UserError(
            f"expected the edition of {folder.name} in {path}, got that of {found.study}; take it from the project again"
        )
    return found


def edition_from_bytes(data: bytes) -> Edition:
    """Read an edition: sealed, or plain as it was written before editions were sealed (rebuilding seals it).

    Raises:
        Damaged: it is none.
    """
    if data.startswith(b'{"checksum":'):
        return read_sealed(KIND, Edition, data, schema=SCHEMA)
    try:
        found = Edition.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise Damaged(first_error(error, KIND)) from None
    if "schema_version" in found.model_fields_set:
        raise Damaged("no checksum")
    return found
