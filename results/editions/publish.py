"""Publishing a finished study: from a results folder to `results/reference/<study>/`."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from operators.errors import UserError
from results.editions import edition as editions
from results.editions import questions
from results.editions.edition import Edition
from results.editions.leading import keep_leading
from results.editions.overview import write_overview
from results.editions.published import Published
from results.exchange.record_tables import write_cells, write_records
from results.records.manifest import Manifest, load_manifest, save_manifest
from results.records.record import Record
from results.records.store import Store


@dataclass(frozen=True)
class Trained:
    """What trained the records of a study.

    Attributes:
        commit: of this project.
        lock: SHA-256 of its lock file.
        command: what runs the study.
        study_file: the text of its file, of a built-in study.
    """

    commit: str
    lock: str
    command: str
    study_file: bytes | None = None


def publish(
    source: Path, reference: Path, trained: Trained, *, number: int, today: datetime.date, cache: BlockCache | None = None
) -> Published:
    """Write the folder of a study in `reference`, and the numbers of its questions.

    Args:
        source: the study's results folder.
        reference: the folder of all published studies.
        trained: what trained it.
        number: of the edition.
        today: its date.
        cache: where generated functions are kept.

    Raises:
        UserError: no cells at all; cells without a final record, but for what a search that was stopped asked for last; a smaller
            number than that of the edition before, or a file cannot be written.
    """
    manifest, store = load_manifest(source), Store(source)
    if not manifest.asked_keys():
        raise UserError(f"expected the cells of {manifest.name} in {source / 'study.json'}, got none; run it: {trained.command}")
    manifest = manifest.without_unanswered(store.missing(manifest.asked_keys()))
    missing = store.missing(manifest.asked_keys())
    if missing:
        raise UserError(
            f"expected a record of every cell of {manifest.name}, got {len(missing)} without one;"
            f" run it to its end: {trained.command}"
        )
    records = list(store.records(manifest.asked_keys()))
    folder = reference / manifest.name
    older = editions.load_edition(folder)
    said = _edition(manifest, records, trained, number=number, today=today).succeeds(older)
    _write(folder, manifest, records, trained)
    questions.number(reference, manifest.brackets, today=today)
    out = keep_leading(Published(folder, said, cache), reference, source)
    write_overview(reference, cache)
    return out


def _edition(manifest: Manifest, records: list[Record], trained: Trained, *, number: int, today: datetime.date) -> Edition:
    return Edition(
        study=manifest.name,
        edition=number,
        published=today,
        trained=trained.commit,
        lock=trained.lock,
        command=trained.command,
        **editions.computed(records),
    )


def _write(folder: Path, manifest: Manifest, records: list[Record], trained: Trained) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder, manifest.name, records)
    write_cells(folder, manifest.expected)
    save_manifest(folder, manifest.without_cells())
    if trained.study_file is not None:
        write_atomic(folder / "study.txt", trained.study_file)
