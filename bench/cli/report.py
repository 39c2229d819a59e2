"""`python -m bench report`: tables, figures and report from records."""

from typing import Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import DEFAULT_OUT, Out
from bench.cli.folders import study_folder
from bench.extras import require


def report(
    study: Annotated[str, typer.Argument(help="Name of a study that has a folder in --out.")],
    out: Out = DEFAULT_OUT,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse records of different package versions.")] = False,
) -> None:
    """Rebuild tables, figures and report of a study from its records."""
    folder = study_folder(out, _name(study))
    require("`bench report`", "report")
    from results.records.manifest import load_manifest
    from results.records.store import Store
    from results.records.versions import require_one_version
    from results.report.write import write_tables

    Store(folder).require_writable()
    if strict:
        require_one_version(load_manifest(folder), Store(folder))
    console = terminal.console()
    console.print(write_tables(folder).sentence())
    console.print(f"report: {folder / 'report.html'}")


def _name(study: str) -> str:
    """The name of a study given by name or by its file."""
    if not study.endswith(".py"):
        return study
    from bench.study import load_study

    return load_study(study).name
