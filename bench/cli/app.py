"""The command line, python -m bench: commands by name, place and summary; none is imported before it is called."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from bench.cli.deferred import Deferred
from bench.cli.streams import standard_streams
from operators.errors import UserError

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("bench.cli.run:run", "Run what is missing of a study, then write its tables, figures and report."),
    "report": ("bench.cli.report:report", "Rebuild tables, figures and report of a study from its records."),
    "list": (
        "bench.cli.catalogue:list_",
        "List studies, strands of the programme and tasks, with what each asks and what each task's truth and stated error are.",
    ),
    "bounds": ("bench.cli.catalogue:bounds_", "List the size bounds: what each says, its status, its source and what it needs."),
    "doctor": (
        "bench.cli.doctor:doctor",
        "Check this installation: other packages of our names, versions, threads, and that seeds give the same weights.",
    ),
    "status": (
        "bench.cli.status:status",
        "Count the cells of every study below --out by how they ended, and estimate the CPU hours left.",
    ),
    "compact": (
        "bench.cli.compact:compact_command",
        "Write the records of every study below a results folder to one Parquet file, for fast reading elsewhere.",
    ),
    "tables": (
        "bench.cli.tables:tables",
        "Compute the tables of a study from its frame in parts (`compact --parts`), here or on Dask.",
    ),
    "export": (
        "bench.cli.export:export_command",
        "Write every record's learning curve and final errors as TensorBoard event files, one run per record.",
    ),
    "show": (
        "bench.cli.show:show",
        "Draw functions of a task with the decay of its outputs, or the function that a fit misses most.",
    ),
    "size": ("bench.cli.size:size", 'Answer "how big must my DeepONet be?" for your own outputs.'),
    "count": ("bench.cli.count:count", "Count parameters of a net, from a file or its sizes, and say which lower bounds apply."),
    "fit": (
        "bench.cli.fit:fit",
        "Fit a DeepONet to your own data: lines, certified size, small nets, the best on new functions.",
    ),
    "predict": ("bench.cli.predict:predict", "Outputs of a fitted model for new inputs, computed in NumPy."),
    "verify": (
        "bench.cli.witnesses:verify_command",
        "Re-compute with NumPy what witnesses reach, from the task's regenerated data. Exit code 1 if one fails.",
    ),
    "submit": (
        "bench.cli.witnesses:submit_command",
        "Verify a witness and enter it into the tables of a local study, or where it leads a published question.",
    ),
    "prune": (
        "bench.cli.prune:prune",
        "Construct the explicit net of every question of a study, prune it, and enter what reaches the target.",
    ),
    "publish": (
        "bench.cli.publish:publish",
        "Write the published folder of a study: records, tables, leading witnesses, history, where it is from.",
    ),
    "reproduce": (
        "bench.cli.reproduce:reproduce",
        "Rebuild published tables from their records, verify every witness, and train a sample of records again.",
    ),
    "figures": (
        "bench.cli.figures:figures",
        "Draw every figure of the published studies again, from their records alone, with its values, words and LaTeX tables.",
    ),
    "archive": (
        "bench.cli.archive:archive",
        "Write what is published as one archive with a data descriptor, Zenodo's metadata, licence, citation and checksums.",
    ),
    "merge": (
        "bench.cli.witnesses:merge_command",
        "Copy records and witnesses of other results folders into one; doing it again changes nothing.",
    ),
}


class Commands(TyperGroup):
    """The commands of COMMANDS."""

    def __init__(self, **settings: Any) -> None:
        commands = {name: Deferred(name, place, summary) for name, (place, summary) in COMMANDS.items()}
        super().__init__(**{**settings, "commands": commands})


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def bench() -> None:
    """How large must a DeepONet be? Run studies, build their tables, and set them against theory."""


def main() -> None:
    """Run the command line; a user's mistake, and output that got lost, is one sentence on standard error and exit code 2."""
    with standard_streams() as output:
        code = _exit_code()
        sys.stdout.flush()
        if output is not None and output.failure is not None:
            print(
                f"error: expected standard output to take all that is printed, got '{output.failure.strerror}'; the rest was not"
                " printed, files were written as ever: send the output elsewhere",
                file=sys.stderr,
            )
            code = code or 2
    sys.exit(code)


def _exit_code() -> int:
    """Run the command that was asked for."""
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ImportError as error:
        if not (told := _shadowed(error)):
            raise
        print(f"error: {told}", file=sys.stderr)
        return 2
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _shadowed(error: ImportError) -> str:
    """What another package of one of our names has to do with an import that failed; empty where nothing has."""
    from bench.shadowed import NAMES, sentence

    return sentence() if str(error.name).partition(".")[0] in NAMES else ""
