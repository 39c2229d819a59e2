"""The figures and printed tables of what is published, from its Parquet files, `study.json` and witnesses alone.

    <study>/figures/    of every chart its drawings, its values and its words (`results.figures.files`)
    <study>/tables/     the tables that the study's answers are read off, as LaTeX (booktabs) and Markdown
    tables/             what each way of making witnesses contributed, likewise
    README.md           all figures with their captions

No table is read: of CSV files only the numbers of questions and the checks of witnesses, for the table of contributions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from results.answers import answers
from results.charts import drawings
from results.charts.evidence import Evidence
from results.editions.contributions import FILE as CONTRIBUTIONS
from results.editions.contributions import contributions
from results.editions.overview import origin
from results.editions.published import Published
from results.editions.standings import standings
from results.figures.catalogue import pictures
from results.figures.files import write_picture
from results.figures.style import METADATA
from results.report.markdown import escape
from results.report.print_tables import as_latex, as_markdown, chosen, print_tables

INDEX = "README.md"
CONTRIBUTED = {
    "study": "study",
    "net_class": "class",
    "made": "made",
    "questions": "questions",
    "smallest": "smallest",
    "alone": "alone",
    "d_ratio": r"$d / d_{\mathrm{lower}}$",
}


@dataclass(frozen=True)
class Drawn:
    """What was drawn of a study.

    Attributes:
        study: its name.
        figures: file names of its figures, each with its caption and what its panels show in words.
        tables: its printed tables.
    """

    study: str
    figures: dict[str, tuple[str, str]]
    tables: tuple[str, ...]


def draw_published(study: Published, target: Path, kinds: Iterable[str] = METADATA) -> Drawn:
    """Draw every figure of a study again, and print the tables that its answers rest on; no CSV file is read.

    Args:
        study: what is published.
        target: the folder of all studies' figures.
        kinds: of the drawings: png, svg, pdf.

    Raises:
        UserError: a file is missing, or cannot be written.
    """
    tables, name, kinds = study.tables(), study.edition.study, tuple(kinds)
    evidence, figures = Evidence(tables), dict[str, tuple[str, str]]()
    for picture in pictures(drawings(evidence), evidence.records):
        write_picture(target / name / "figures", picture, evidence.records, kinds)
        figures[picture.name] = (picture.caption, " ".join(panel.alt for panel in picture.panels))
    read_off = sorted({answer.table.removesuffix(".csv") for answer in answers(tables)} & {*tables.columns})
    print_tables(target / name, tables, read_off)
    return Drawn(name, figures, tuple(read_off))


def print_contributions(reference: Path, target: Path, cache: BlockCache | None = None) -> None:
    """Print contributions.csv, computed again, below `tables` of the target.

    Raises:
        UserError: it cannot be written.
    """
    rows = chosen(contributions(standings(reference, cache)), CONTRIBUTED)
    write_atomic(target / "tables" / "contributions.tex", as_latex(rows, CONTRIBUTED, CONTRIBUTIONS).encode())
    write_atomic(target / "tables" / "contributions.md", as_markdown(rows).encode())


def write_index(target: Path, drawn: Iterable[tuple[Published, Drawn]], kind: str = "png") -> None:
    """Write the list of all figures.

    Raises:
        UserError: it cannot be written.
    """
    lines = ["# Figures and tables of what is published", ""]
    for study, found in drawn:
        lines += [f"## {found.study}", "", origin(study), ""]
        for name, (caption, shown) in found.figures.items():
            place = f"{found.study}/figures/{name}"
            lines += [
                f"![{escape(shown)}]({place}.{kind})",
                "",
                f"{escape(caption)}. [Values]({place}.csv), [in words]({place}.txt).",
                "",
            ]
        printed = ", ".join(
            f"[{name}]({found.study}/tables/{name}.md) ([LaTeX]({found.study}/tables/{name}.tex))" for name in found.tables
        )
        lines += [f"Tables: {printed or 'none'}.", ""]
    write_atomic(target / INDEX, "\n".join(lines).encode())
