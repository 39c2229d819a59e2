"""`verify`, `submit` and `merge`: witnesses on the command line. They need no extra: NumPy alone decides."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.terminal import print_json
from operators.errors import UserError

if TYPE_CHECKING:
    from results.witnesses.verification import Verification

Study = Annotated[str, typer.Option(help="Study whose results folder receives the witness.")]


def verify_command(
    what: Annotated[Path, typer.Argument(help="A witness file, or a study's name or folder for all its witnesses.")],
    out: Out = DEFAULT_OUT,
    as_json: Json = False,
) -> None:
    """Re-compute with NumPy what witnesses reach, from the task's regenerated data. Exit code 1 if one fails."""
    folder = what if what.is_file() else _folder(what, out)
    from operators.data.function_cache import BlockCache
    from results.witnesses.verification import verify, verify_folder

    cache = BlockCache(out / ".data")
    found = [(what, verify(what, cache))] if what.is_file() else list(verify_folder(folder, cache))
    if not found:
        raise UserError(f"expected witnesses in {folder}, found none; run a bracket study or submit one")
    failed = [path for path, one in found if not one.passed]
    if as_json:
        print_json([_facts(path, one) for path, one in found])
    else:
        console = Console(highlight=False, soft_wrap=True)
        for path, one in found:
            console.print(escape(f"{'pass' if one.passed else 'FAIL'} {path.name}: {one.reason}"))
        console.print(f"{len(found) - len(failed)} of {len(found)} witnesses verified")
    if failed:
        raise typer.Exit(1)


def submit_command(
    file: Annotated[Path, typer.Argument(help="A witness file; docs/leaderboard.md says how to write one.")],
    study: Study,
    author: Annotated[str | None, typer.Option(help="Who enters it; the author in the file by default.")] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Verify a witness and enter it into the tables of a local study; refused with the reason if it does not pass."""
    folder = _folder(Path(study), out)
    from operators.data.function_cache import BlockCache
    from results.witnesses.submissions import submit

    entry = submit(file, folder, author, cache=BlockCache(out / ".data"))
    error, allowed = entry.measured.error, entry.measured.allowed
    print(f"entered as {entry.witness}: relative error {error:.6g}, allowed {allowed:.6g}, d = {entry.d}")
    print(f"`python -m bench report {study}` rebuilds the tables")


def merge_command(
    sources: Annotated[list[Path], typer.Argument(help="Study folders of other people or machines.")],
    into: Annotated[Path, typer.Option(help="The study folder that receives their records and witnesses.")],
) -> None:
    """Copy records and witnesses of other results folders into one; doing it again changes nothing."""
    from results.exchange.merge import merge

    merged = merge(sources, into)
    print(f"copied {_counts(merged.copied)}; already there {_counts(merged.unchanged)}")
    for kind, refusals in (("conflict", merged.conflicts), ("refused", merged.refused)):
        for refusal in refusals:
            print(f"{kind}: {refusal}")
    if merged.conflicts or merged.refused:
        raise typer.Exit(1)


def _folder(what: Path, out: Path) -> Path:
    """A study folder given by path or by name below the results folder."""
    folder = what if what.is_dir() else out / what
    if not folder.is_dir():
        raise UserError(f"expected a witness file or a study folder, found neither {what} nor {folder}")
    return folder


def _facts(path: Path, one: "Verification") -> dict[str, object]:
    return {
        "file": path.name,
        "passed": one.passed,
        "reason": one.reason,
        "error": one.error,
        "floor": one.floor,
        "q": one.q,
        "d": one.d,
        "n": one.n,
        "target": one.target.label if one.target else None,
    }


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing"
