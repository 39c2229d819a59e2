"""What is computed over all published studies: standings.csv, contributions.csv and findings.md."""

from functools import partial
from pathlib import Path

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from results.answers import Answer, answers
from results.editions.abstract import abstract, evidence_of
from results.editions.contributions import FILE as CONTRIBUTIONS
from results.editions.contributions import contributions
from results.editions.published import Published, all_published, holds
from results.editions.standings import FILE as STANDINGS
from results.editions.standings import standings
from results.report.answers_section import answer_line, told
from results.tables.csv_files import csv_bytes
from results.tables.study_tables import StudyTables

FINDINGS = "findings.md"
HEAD = """# What was found

Every sentence is computed from the tables beside it by `python -m bench reproduce --rebuild`; none is written by hand.

## In short

"""


def overview(reference: Path, cache: BlockCache | None = None) -> dict[str, bytes]:
    """The files by name, as the published studies and this code give them."""
    read = [(study, study.entries()) for study in all_published(reference, cache)]
    standing = standings(reference, cache, read)
    tables = {study.edition.study: study.tables(held) for study, held in read}
    opening = abstract(evidence_of(standing, tables))
    findings = "".join([HEAD, opening, *(_section(study, tables[study.edition.study]) for study, _ in read)])
    return {
        STANDINGS: csv_bytes(standing),
        CONTRIBUTIONS: csv_bytes(contributions(standing)),
        FINDINGS: findings.encode(),
    }


def write_overview(reference: Path, cache: BlockCache | None = None) -> None:
    """Write the files.

    Raises:
        UserError: one cannot be written.
    """
    for name, content in overview(reference, cache).items():
        write_atomic(reference / name, content)


def overview_changed(reference: Path, cache: BlockCache | None = None) -> list[str]:
    """Names of the files that are not what the published studies give."""
    made = overview(reference, cache)
    return [name for name, content in made.items() if not holds(reference / name, content)]


def _section(study: Published, tables: StudyTables) -> str:
    found = told(answers(tables), partial(_line, study.edition.study))
    return f"\n## {study.edition.study}\n\n{found}\n{origin(study)}\n"


def _line(study: str, answer: Answer) -> str:
    return answer_line(answer, [f"[{answer.table}]({study}/{answer.table})"] if answer.table else [])


def origin(study: Published) -> str:
    """Where a study is from, in one sentence."""
    edition, asked = study.edition, study.asked()
    thinned, lines = asked.thinned, len(asked.baselines)
    what = "trainings" if asked.family == "deeponet" else "cells"
    found = study.computed
    told = f"{found['records'] - lines} {what}" + (f" and the reference lines of {lines} data sets" if lines else "")
    return (
        f"Edition {edition.edition} of {edition.published}: {told}, {found['cpu_hours']:.2f} CPU hours,"
        f" trained at commit {edition.trained[:12]} by {edition.command}{f' ({thinned})' if thinned else ''}."
    )
