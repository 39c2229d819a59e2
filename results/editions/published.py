"""A published study, read back: its tables are computed from its folder and from nothing else."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from operators.errors import UserError
from results.editions.checks import load_checks
from results.editions.edition import Edition, computed, load_edition, save_edition
from results.exchange.record_tables import read_cells, read_records
from results.records.manifest import Manifest, load_manifest, require_sound
from results.schema.sealed import Damaged
from results.tables.csv_files import columns_page, csv_bytes, write_csv
from results.tables.study_tables import StudyTables, study_tables
from results.witnesses.recomputed import recomputed
from results.witnesses.submissions import Entries, entries


@dataclass(frozen=True)
class Published:
    """The folder of a published study.

    Attributes:
        folder: where it is.
        edition: where it is from.
        cache: where generated functions and measurements of witnesses are kept.
    """

    folder: Path
    edition: Edition
    cache: BlockCache | None = None

    def manifest(self) -> Manifest:
        """What was asked, with the cells.

        Raises:
            UserError: files that are missing, or cells that are none or have other sizes than their nets.
        """
        asked = self.asked().model_copy(update={"expected": read_cells(self.folder)})
        try:
            return require_sound(asked)
        except Damaged as error:
            raise UserError(
                f"expected the cells of {asked.name} in {self.folder}, got {error}; clone the project again"
            ) from None

    def asked(self) -> Manifest:
        """What was asked, without the cells; what is certified of it is computed again."""
        return self._recomputed

    @cached_property
    def _recomputed(self) -> Manifest:
        return recomputed(load_manifest(self.folder), self.cache)

    def entries(self) -> Entries:
        """Its witnesses."""
        return entries(self.folder, self.cache)

    def checks(self) -> dict[str, str]:
        """What each of its witnesses passed, by address."""
        return load_checks(self.folder)

    def tables(self, held: Entries | None = None) -> StudyTables:
        """Every table, computed again from records and witnesses; `held`: `entries()`, where they have been read."""
        return study_tables(self.manifest(), read_records(self.folder), self.entries() if held is None else held)

    @cached_property
    def computed(self) -> dict[str, Any]:
        """What of its edition follows from its records."""
        return computed(list(read_records(self.folder)))

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file of a table that its edition names and that is there."""
        paths = sorted(self.folder / name for name in self.edition.tables if (self.folder / name).is_file())
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def misstated(self) -> list[str]:
        """Names of what edition.json says otherwise than its records and tables."""
        found = self.computed | {"tables": self.digests()}
        return [name for name, value in found.items() if getattr(self.edition, name) != value]

    def rebuild(self) -> "Published":
        """Write every table again, as the records and this code give it, and what its columns mean.

        Raises:
            UserError: one cannot be written.
        """
        tables = self.tables()
        digests = {f"{name}.csv": write_csv(self.folder / f"{name}.csv", table) for name, table in tables.written()}
        write_atomic(self.folder / "columns.md", columns_page(tables.columns).encode())
        edition = self.edition.model_copy(update={"tables": digests})
        save_edition(self.folder, edition)
        return replace(self, edition=edition)

    def changed(self) -> list[str]:
        """Names of the CSV files that are not, byte for byte, what comes out of the records."""
        written = ((f"{name}.csv", csv_bytes(table)) for name, table in self.tables().written())
        return [name for name, content in written if not holds(self.folder / name, content)]


def holds(path: Path, content: bytes) -> bool:
    """Whether a file has this content."""
    return path.is_file() and path.read_bytes() == content


def published(reference: Path, study: str, cache: BlockCache | None = None) -> Published:
    """A study of the reference.

    Raises:
        UserError: it is not published there.
    """
    folder = reference / study
    edition = load_edition(folder)
    if edition is None:
        known = ", ".join(published_names(reference)) or "none"
        raise UserError(f"expected a published study, got {study!r}; {reference} holds {known}")
    return Published(folder, edition, cache)


def published_names(reference: Path) -> list[str]:
    """Names of the published studies, whether or not their files can be read."""
    return sorted(path.parent.name for path in reference.glob("*/edition.json"))


def all_published(reference: Path, cache: BlockCache | None = None) -> list[Published]:
    """The published studies, by name.

    Raises:
        UserError: of one `edition.json` cannot be read: what is computed over all would silently lack it.
    """
    return [published(reference, name, cache) for name in published_names(reference)]
