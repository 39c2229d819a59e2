"""The command line: python -m bench; one function a command, most in a module of their own."""

import dataclasses
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bench.cli import doctor as checks
from bench.cli import terminal
from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.compact import compact_command
from bench.cli.export import export_command
from bench.cli.run import run
from bench.cli.show import show
from bench.cli.size import size
from bench.cli.status import status
from bench.cli.witnesses import merge_command, submit_command, verify_command
from bench.drivers.study_run import study_folder
from bench.study import STUDIES, load_study
from operators import TASKS, UserError
from operators.bounds import BOUNDS, vacuity_table
from operators.bounds.vacuity import as_markdown
from results.records.manifest import load_manifest
from results.records.store import Store
from results.records.versions import require_one_version
from results.report.write import write_tables

app = typer.Typer(
    help="How large must a DeepONet be? Run studies, build their tables, and set them against theory.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


app.command("run")(run)


@app.command()
def report(
    study: Annotated[str, typer.Argument(help="Name of a study that has a folder in --out.")],
    out: Out = DEFAULT_OUT,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse records of different package versions.")] = False,
) -> None:
    """Rebuild tables, figures and report of a study from its records."""
    folder = study_folder(out, load_study(study).name if study.endswith(".py") else study)
    Store(folder).require_writable()
    if strict:
        require_one_version(load_manifest(folder), Store(folder))
    console = terminal.console()
    console.print(write_tables(folder).sentence())
    console.print(f"report: {folder / 'report.html'}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List studies and tasks, with what each asks and what each task's truth and stated error are."""
    studies = [
        {
            "study": name,
            "cells": len(load.keyed) or sum(question.trainings for question in load.brackets),
            "question": load.question,
        }
        for name in STUDIES
        for load in [load_study(name)]
    ]
    tasks = [
        {
            "task": task.name,
            "sensors": len(task.sensors()),
            "points": len(task.points()),
            "solver_error": task.card.solver_error,
            "equation": task.card.equation,
            "input_law": task.card.input_law,
            "truth": task.card.truth,
        }
        for task in TASKS.values()
    ]
    if as_json:
        terminal.print_json({"studies": studies, "tasks": tasks})
        return
    _table(studies, "no studies")
    _table(tasks, "no tasks")


@app.command("bounds")
def bounds_(
    as_json: Json = False,
    vacuity: Annotated[bool, typer.Option("--vacuity", help="Instead: which bound says something at which n.")] = False,
) -> None:
    """List the size bounds: what each says, its status, its source and what it needs."""
    if vacuity:
        table = vacuity_table(BOUNDS)
        if as_json:
            terminal.print_json([dataclasses.asdict(row) for row in table])
        else:
            print(as_markdown(table))
        return
    rows = [
        {
            "bound": bound.name,
            "status": bound.status,
            "title": bound.title,
            "source": bound.citation,
            "needs": "; ".join(bound.hypotheses),
        }
        for bound in BOUNDS.values()
    ]
    if as_json:
        terminal.print_json(rows)
        return
    _table(rows, "no bounds")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this installation: versions, threads, and that seeds give the same weights in two processes."""
    findings = checks.examine()
    if as_json:
        terminal.print_json([finding.__dict__ for finding in findings])
    else:
        _table([finding.__dict__ for finding in findings], "nothing checked")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _table(rows: list[dict[str, Any]], empty: str) -> None:
    console = terminal.console()
    if not rows:
        console.print(empty)
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows:
        table.add_row(*(escape(f"{value:g}" if isinstance(value, float) else str(value)) for value in row.values()))
    console.print(table)


app.command("status")(status)
app.command("compact")(compact_command)
app.command("export")(export_command)
app.command("show")(show)
app.command("size")(size)
app.command("verify")(verify_command)
app.command("submit")(submit_command)
app.command("merge")(merge_command)


def main() -> None:
    """Run the command line; a user's mistake is one sentence on standard error and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
