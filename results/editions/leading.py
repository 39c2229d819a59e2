"""The witnesses that lead: those that stand in the tables of a published study, the smallest of each making among them.

Only they are kept; history.csv names others.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from results.editions import checks, history, questions
from results.editions.published import Published
from results.exchange.record_tables import read_records
from results.tables.brackets import MADE
from results.tables.csv_files import write_csv
from results.tables.study_tables import StudyTables, study_tables
from results.witnesses.submissions import Entries, entries

OF_EACH = tuple(f"{made}_witness" for made in MADE)
COLUMNS = {"brackets": ("q_witness", "d_witness", *(f"d_{name}" for name in OF_EACH)), "leaderboard": ("witness", *OF_EACH)}


def keep_leading(study: Published, reference: Path, source: Path | None = None) -> Published:
    """Keep the witnesses that lead, of those in the study's folder and in another one, and compute everything that follows.

    Args:
        study: its folder holds records, cells and study.json.
        reference: folder of all published studies, with the registry of questions.
        source: a results folder with more witnesses.

    Raises:
        UserError: a file cannot be written.
    """
    folder, manifest = study.folder, study.manifest()
    held = _held(study, source)
    _keep(folder, source, {*_leading(study_tables(manifest, read_records(folder), held))})
    if manifest.brackets:
        numbers = {one.question: one.id for one in questions.load_questions(reference)}
        asked = {numbers[questions.question_text(bracket)]: bracket for bracket in manifest.brackets}
        write_csv(folder / history.FILE, history.history(asked, held.accepted, history.load_history(folder)))
        write_csv(folder / checks.FILE, checks.checks(folder, study.cache))
    return study.rebuild()


def _held(study: Published, source: Path | None) -> Entries:
    """The witnesses of both folders, each once; of one that both hold, the entry that stands in the reference."""
    both = [study.entries(), *([entries(source, study.cache)] if source is not None else [])]
    accepted = {entry.witness: entry for one in reversed(both) for entry in one.accepted}
    return Entries(tuple(accepted[name] for name in sorted(accepted)), tuple(bad for one in both for bad in one.refused))


def _leading(tables: StudyTables) -> Iterator[str]:
    """Addresses of the witnesses that stand in the tables."""
    for name, columns in COLUMNS.items():
        for column in columns if name in tables else ():
            yield from tables[name][column].dropna().astype(str)


def _keep(folder: Path, source: Path | None, leading: set[str]) -> None:
    """Copy the witnesses that lead, with their entries; take away those that do not."""
    for kind, ending in (("witnesses", "npz"), ("submissions", "json")):
        for path in (folder / kind).glob(f"*.{ending}"):
            if path.stem not in leading:
                path.unlink()
        if source is None or not leading:
            continue
        (folder / kind).mkdir(exist_ok=True)
        for name in (f"{address}.{ending}" for address in sorted(leading)):
            if not (folder / kind / name).is_file():
                shutil.copyfile(source / kind / name, folder / kind / name)
