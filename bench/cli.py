"""The command line: python -m bench run | status | report | list | bounds | doctor | size | verify | submit | merge."""

import dataclasses
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench import doctor as checks
from bench.arguments import DEFAULT_OUT, Json, Out
from bench.drive import Interrupted, Options, all_folders, check_workers, open_work
from bench.drive import run as run_study
from bench.progress import duration
from bench.size_command import size
from bench.study import STUDIES, load_study
from bench.witness_commands import merge_command, submit_command, verify_command
from operators import TASKS, UserError
from operators.bounds import BOUNDS, vacuity_table
from operators.bounds.vacuity import as_markdown
from results.report import write_tables
from results.store import Store
from results.study import load_manifest

app = typer.Typer(
    help="How large must a DeepONet be? Run studies, build their tables, and set them against theory.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _console() -> Console:
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, sort_keys=True))


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="A built-in study (see `list`) or the path of a study file.")] = "smoke",
    out: Out = DEFAULT_OUT,
    workers: Annotated[int, typer.Option(help="Worker processes of one thread each; 0 for one a core.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print cells, bytes and estimated time, and stop.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Run cells again that ended as timeout or oom.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Wall seconds for one cell.", min=1.0)] = None,
    memory: Annotated[float | None, typer.Option(help="GiB of memory for one worker.", min=0.5)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Run what is missing of a study, then write its tables, figures and report.

    Every finished cell is kept at once, so a run can be stopped anywhere and called again: cells that have a record
    are not run twice.

    For example `python -m bench run smoke --dry-run`, then `python -m bench run mystudy.py --workers 2`.
    """
    console = _console()
    work = open_work(load_study(study), out, retry=retry)
    count = check_workers(workers)
    todo = work.plan()
    facts = {
        "study": work.study.name,
        "cells": todo.cells,
        "finished": todo.finished,
        "pending": todo.pending,
        "data_bytes": todo.data_bytes,
        "cpu_hours": sum(todo.cpu_seconds) / 3600,
        "wall_hours": todo.hours(count),
        "workers": count,
        "estimate": "from recorded costs" if todo.measured else "rough",
    }
    if dry_run and as_json:
        _print_json(facts)
        return
    most = "at most " if work.study.brackets else ""
    console.print(
        f"study {work.study.name}: {most}{todo.cells} cells, {todo.finished} finished, {todo.pending} to run;"
        f" data {todo.data_bytes / 2**20:.1f} MiB ({todo.data_bytes} bytes);"
        f" {most or 'about '}{duration(3600 * todo.hours(count))} on {count} workers ({facts['estimate']} estimate)"
    )
    if dry_run:
        return
    if not todo.pending and not work.study.brackets and (work.folder / "report.md").exists():
        console.print(f"nothing to do: every cell has a record; `python -m bench report {study}` rebuilds the tables")
        return
    try:
        summary = run_study(
            work, Options(out, count, retry, timeout, None if memory is None else int(memory * 2**30), quiet), console
        )
    except Interrupted as stop:
        command = f"python -m bench run {study} --out {out}"
        console.print(f"stopped by {stop}; what was finished is kept. To go on: {escape(command)}")
        raise typer.Exit(stop.exit_code) from None
    console.print(summary.sentence())
    console.print(f"report: {work.folder / 'report.md'}")
    if summary.failed:
        raise typer.Exit(1)


@app.command()
def report(
    study: Annotated[str, typer.Argument(help="Name of a study that has a folder in --out.")], out: Out = DEFAULT_OUT
) -> None:
    """Rebuild tables, figures and report of a study from its records."""
    folder = out / (load_study(study).name if study.endswith(".py") else study)
    if not (folder / "study.json").exists():
        raise UserError(f"expected a study folder at {folder}, found none; `python -m bench status --out {out}` lists them")
    Store(folder).require_writable()
    console = _console()
    console.print(write_tables(folder).sentence())
    console.print(f"report: {folder / 'report.md'}")


@app.command()
def status(out: Out = DEFAULT_OUT, as_json: Json = False) -> None:
    """Count the cells of every study below --out by how they ended."""
    rows = []
    for folder in all_folders(out):
        manifest, store = load_manifest(folder), Store(folder)
        counts: dict[str, int] = {}
        expected = {cell.key for cell in manifest.expected}
        for record in store.records():
            if record.key in expected:
                counts[record.status] = counts.get(record.status, 0) + 1
        rows.append(
            {
                "study": manifest.name,
                "expected": len(expected),
                "missing": len(expected) - sum(counts.values()),
                "quarantined": len(store.quarantined()),
                **{name: counts.get(name, 0) for name in ("done", "diverged", "timeout", "oom", "data_invalid", "failed")},
            }
        )
    if as_json:
        _print_json(rows)
        return
    _table(rows, f"no study folders below {out}; `python -m bench run` makes one")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List studies and tasks, with what each asks and what each task's truth and stated error are."""
    studies = [
        {"study": name, "cells": len(load.keyed) or len(load.most_trainings()), "question": load.question}
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
        _print_json({"studies": studies, "tasks": tasks})
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
            _print_json([dataclasses.asdict(row) for row in table])
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
        _print_json(rows)
        return
    _table(rows, "no bounds")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this installation: versions, threads, and that seeds give the same weights in two processes."""
    findings = checks.examine()
    if as_json:
        _print_json([finding.__dict__ for finding in findings])
    else:
        _table([finding.__dict__ for finding in findings], "nothing checked")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _table(rows: list[dict[str, Any]], empty: str) -> None:
    console = _console()
    if not rows:
        console.print(empty)
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows:
        table.add_row(*(escape(f"{value:g}" if isinstance(value, float) else str(value)) for value in row.values()))
    console.print(table)


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
