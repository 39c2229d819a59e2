"""Publishing a finished study: from a results folder to `results/reference/<study>/`."""

import datetime
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from operators.atomic_files import write_atomic
from operators.data.dataset import BlockCache
from operators.errors import UserError
from results.editions import checks, history, questions
from results.editions import edition as editions
from results.editions.edition import Edition
from results.editions.published import Published
from results.editions.record_tables import write_cells, write_records
from results.editions.standings import write_standings
from results.records.manifest import Manifest, load_manifest, save_manifest
from results.records.record import Record
from results.records.store import Store
from results.tables.csv_files import documented, write_csv
from results.tables.study_tables import StudyTables, study_tables
from results.witnesses.submissions import Entries, entries

LEADING = {"brackets": ("q_witness", "d_witness"), "leaderboard": ("witness",)}


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
        UserError: cells without a final record, a smaller number than that of the edition before, or a file cannot be written.
    """
    manifest, store = load_manifest(source), Store(source)
    missing = store.missing(cell.key for cell in manifest.expected)
    if missing:
        raise UserError(
            f"expected a record of every cell of {manifest.name}, got {len(missing)} without one;"
            f" run it to its end: {trained.command}"
        )
    records = list(store.records(cell.key for cell in manifest.expected))
    folder = reference / manifest.name
    older = editions.load_edition(folder)
    said = _edition(manifest, records, trained, number=number, today=today).succeeds(older)
    held = _held(source, folder)
    leading = {*_leading(study_tables(manifest, records, held))}
    _write(folder, manifest, records, trained)
    _keep(source, folder, leading)
    known = questions.number(reference, manifest.brackets, today=today)
    if manifest.brackets:
        asked = {known[questions.question_text(bracket)].id: bracket for bracket in manifest.brackets}
        write_csv(folder / history.FILE, history.history(asked, held.accepted, history.load_history(folder)))
    if leading:
        write_csv(folder / checks.FILE, checks.checks(folder, cache))
    out = Published(folder, said).rebuild()
    write_standings(reference)
    return out


def _edition(manifest: Manifest, records: list[Record], trained: Trained, *, number: int, today: datetime.date) -> Edition:
    return Edition(
        study=manifest.name,
        edition=number,
        published=today,
        trained=trained.commit,
        lock=trained.lock,
        command=trained.command,
        records=len(records),
        cpu_hours=editions.cpu_hours(records),
        recipes=editions.recipes(records),
        versions=editions.counted(records, "versions"),
        hardware=editions.counted(records, "hardware"),
    )


def _held(source: Path, folder: Path) -> Entries:
    """The witnesses of the results folder and those that already stand in the reference, each once."""
    both = [entries(folder), entries(source)]
    accepted = {entry.witness: entry for one in reversed(both) for entry in one.accepted}
    return Entries(tuple(accepted[name] for name in sorted(accepted)), tuple(bad for one in both for bad in one.refused))


def _leading(tables: StudyTables) -> Iterator[str]:
    """Addresses of the witnesses that stand in the tables."""
    for name, columns in LEADING.items():
        for column in columns if name in tables else ():
            yield from tables[name][column].dropna().astype(str)


def _write(folder: Path, manifest: Manifest, records: list[Record], trained: Trained) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder, manifest.name, records)
    write_cells(folder, manifest.expected)
    save_manifest(folder, manifest.without_cells())
    if trained.study_file is not None:
        write_atomic(folder / "study.py", trained.study_file)
    text = "".join(
        f"## {name}.csv\n\n{documented(columns)}\n" for name, columns in study_tables(manifest, records).columns.items()
    )
    write_atomic(folder / "columns.md", f"# Columns\n\n{text}".encode())


def _keep(source: Path, folder: Path, leading: set[str]) -> None:
    """Copy the witnesses that lead, with their entries; take away those that no longer do."""
    for kind, ending in (("witnesses", "npz"), ("submissions", "json")):
        for path in (folder / kind).glob(f"*.{ending}"):
            if path.stem not in leading:
                path.unlink()
        for address in sorted(leading):
            (folder / kind).mkdir(exist_ok=True)
            if not (folder / kind / f"{address}.{ending}").is_file():
                shutil.copyfile(source / kind / f"{address}.{ending}", folder / kind / f"{address}.{ending}")
