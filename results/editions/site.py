"""The published studies as static pages: `evidence/index.html` over all, and for each study its page beside its files."""

import shutil
from pathlib import Path

import pandas as pd

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from results.answers import answers
from results.charts import drawings
from results.charts.evidence import Evidence
from results.editions.abstract import claims, evidence_of
from results.editions.overview import origin
from results.editions.published import Published, all_published
from results.editions.standings import COLUMNS, standings
from results.page.document import write_page
from results.page.reference import FILES, Told, reference_page
from results.tables.brackets import MADE
from results.tables.study_tables import StudyTables

HELPS = {
    **COLUMNS,
    **{f"{made}_file": f"the smallest {made} witness, to download" for made in MADE},
    "q_file": "the witness for q_upper, to download",
    "d_file": "the witness for d_upper, to download",
    "verify": "computes again, in a clone of the project, what the witness for d_upper (or else q_upper) reaches",
}


def write_site(reference: Path, target: Path, cache: BlockCache | None = None) -> None:
    """Write the pages and copy what they lead to.

    Args:
        reference: folder of the published studies.
        target: an empty or new folder.
        cache: where generated functions and measurements are kept.

    Raises:
        UserError: a file cannot be written.
    """
    told, every = [], dict[str, StudyTables]()
    read = [(study, study.entries()) for study in all_published(reference, cache)]
    for study, held in read:
        tables = every[study.edition.study] = study.tables(held)
        evidence = Evidence(tables, digests=study.digests(), computed=origin(study).removesuffix("."))
        found = answers(tables)
        told.append(Told(study.edition.study, origin(study).removesuffix("."), found))
        _copy(study, target / study.edition.study)
        write_page(target / study.edition.study, evidence, list(drawings(evidence)), found)
    standing = standings(reference, cache, read)
    short = list(claims(evidence_of(standing, every)))
    write_atomic(target / "index.html", reference_page(short, told, with_files(standing), HELPS))


def with_files(table: pd.DataFrame) -> pd.DataFrame:
    """The standings with addresses of the witnesses, and the command that verifies one."""
    table = table.copy()
    for file, witness in FILES.items():
        table[file] = (table["study"] + "/witnesses/" + table[witness] + ".npz").where(table[witness].notna())
    table["verify"] = "python -m bench verify results/reference/" + table["d_file"].fillna(table["q_file"])
    return table


def _copy(study: Published, target: Path) -> None:
    """Tables, records and witnesses; not who entered what, which history.csv tells."""
    target.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.csv", "*.parquet", "*.json", "*.txt", "columns.md"):
        for path in study.folder.glob(pattern):
            shutil.copyfile(path, target / path.name)
    if (study.folder / "witnesses").is_dir():
        shutil.copytree(study.folder / "witnesses", target / "witnesses", dirs_exist_ok=True)
