"""`python -m bench run`: estimate, run, resume."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from bench.catalogue import find_study
from bench.cli import terminal
from bench.cli.arguments import DEFAULT_OUT, Figures, Json, Out
from bench.drivers.options import Options, check_workers
from bench.drivers.shard import WHOLE, Shard
from bench.execution.executors import EXECUTORS
from bench.extras import require
from bench.platforms import require_posix

if TYPE_CHECKING:
    from rich.console import Console

    from bench.drivers.course import Course
    from bench.execution.cost_model import Plan
    from bench.study import Study


def run(
    study: Annotated[str, typer.Argument(help="A built-in study (see `list`) or the path of a study file.")] = "smoke",
    out: Out = DEFAULT_OUT,
    preset: Annotated[
        str | None,
        typer.Option(help="Part of the study (see `list`): smoke, standard or paper; by default as run before, else paper."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Workers of one thread each, of slurm: jobs; 0 for one a core.")] = 0,
    executor: Annotated[str, typer.Option(help="Where cells run: local, inline, dask or slurm (docs/running.md).")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="Address of an existing Dask scheduler, for --executor dask.")] = None,
    cluster: Annotated[Path | None, typer.Option(help="YAML file of job options, for --executor slurm.")] = None,
    shard: Annotated[str, typer.Option(help="i/N: run part i of N only, and build no tables.")] = "1/1",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print cells, bytes and estimated time, and stop.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Run cells again that ended as timeout or oom.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Wall seconds for one cell.", min=1.0)] = None,
    memory: Annotated[float | None, typer.Option(help="GiB of memory for one worker.", min=0.5)] = None,
    wait: Annotated[
        float | None, typer.Option(help="Seconds that a Dask scheduler may have no workers; 3600 by default.", min=1.0)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    figures: Figures = True,
    as_json: Json = False,
) -> None:
    """Run what is missing of a study, then write its tables, figures and report.

    Every finished cell is kept at once, so a run can be stopped anywhere and called again: cells that have a record
    are not run twice.

    For example `python -m bench run smoke --dry-run`, then `python -m bench run mystudy.py --workers 2`.
    """
    limit = None if memory is None else int(memory * 2**30)
    count = check_workers(workers, executor)
    options = Options(out, executor, count, scheduler, cluster, retry, timeout, limit, quiet, wait, figures)
    options.check()
    part = Shard.parse(shard)
    find_study(study)
    if not dry_run:
        require("`bench run`", *EXECUTORS[executor].extras, *(("report",) if part == WHOLE else ()))
        require_posix("`bench run`")
    from bench.drivers.study_run import at_preset, open_course
    from bench.study import load_study
    from operators.atomic_files import sweep_results

    console, whole = terminal.console(), load_study(study)
    course = open_course(at_preset(whole, options, preset), options, shard=part)
    todo = course.plan
    if dry_run and as_json:
        terminal.print_json({**_facts(course, todo, count), "presets": whole.sizes})
        return
    console.print(_announcement(course, todo, count))
    if dry_run:
        for line in _presets(whole):
            console.print(line, markup=False)
        return
    built = course.shard != WHOLE or course.tables_stand()
    if not todo.pending and built and not course.asks_anew():
        sweep_results(out)
        console.print(f"nothing to do: every cell has a record; `python -m bench report {study}` rebuilds the tables")
        return
    _run(course, options, console)


def _run(course: "Course", options: Options, console: "Console") -> None:
    """Run, and say how it ended."""
    from bench.drivers.study_run import Interrupted
    from bench.drivers.study_run import run as run_study

    try:
        finished = run_study(course, options, console)
    except Interrupted as stop:
        again = escape(shlex.join(["python", "-m", "bench", *sys.argv[1:]]))
        console.print(f"stopped by {stop}; what was finished is kept. To go on: {again}")
        raise typer.Exit(stop.exit_code) from None
    console.print(finished.sentence)
    if finished.report:
        console.print(f"report: {finished.report}")
    else:
        report = escape(shlex.join(["python", "-m", "bench", "report", course.study.name, "--out", str(options.out)]))
        console.print(f"shard {course.shard} is done; after the last one: {report}")
    if finished.failed:
        raise typer.Exit(1)


def _facts(course: "Course", todo: "Plan", workers: int) -> dict[str, Any]:
    """What --dry-run --json prints; of an open-ended study `cells`, `pending` and the hours are upper bounds."""
    likely = course.estimate
    return {
        "study": course.study.name,
        "preset": course.study.preset,
        "thinned": course.study.thinned,
        "cells": todo.cells,
        "finished": todo.finished,
        "pending": todo.pending,
        "data_bytes": todo.data_bytes,
        "cpu_hours": sum(todo.cpu_seconds) / 3600,
        "wall_hours": todo.hours(workers),
        "expected_cells": likely.cells,
        "expected_pending": likely.pending,
        "expected_cpu_hours": sum(likely.cpu_seconds) / 3600,
        "expected_wall_hours": likely.hours(workers),
        "assumed": course.assumption,
        "workers": workers,
        "estimate": "from recorded costs" if todo.measured else "rough",
    }


def _presets(whole: "Study") -> list[str]:
    """A line for each preset of a study."""
    unit = "cells" if whole.cells else "trainings at most"
    parts = {name: one.thinned for name, one in whole.presets.items()}
    return [f"preset {name}: {count:,} {unit}, {parts.get(name, 'the whole')}" for name, count in whole.sizes.items()]


def _announcement(course: "Course", todo: "Plan", workers: int) -> str:
    """One sentence about what is to come."""
    from bench.drivers.progress import duration

    part = f", preset {course.study.preset}" if course.study.thinned else ""
    part += "" if course.shard == WHOLE else f" shard {course.shard}"
    basis = "from recorded costs" if todo.measured else "rough"
    data = f"data {todo.data_bytes / 2**20:.1f} MiB ({todo.data_bytes} bytes)"
    likely, longest = course.estimate, duration(3600 * todo.hours(workers))
    if course.open_ended:
        compared = course.compared()
        return (
            f"study {course.study.name}{part}: about {sum(likely.cpu_seconds) / 3600:.2g} CPU h; about {likely.cells:,}"
            f" trainings, at most {todo.cells:,}; {likely.finished:,} finished, about {likely.pending:,} to run; {data};"
            f" about {duration(3600 * likely.hours(workers))}, at most {longest} on {workers} workers ({basis} estimate, which"
            f" assumes {course.assumption})" + (f"; {compared}" if compared else "")
        )
    return (
        f"study {course.study.name}{part}: {todo.cells} cells, {todo.finished} finished, {todo.pending} to run;"
        f" {data}; about {longest} on {workers} workers ({basis} estimate)"
    )
