"""`verify`, `submit` and `merge`: witnesses on the command line. They need no extra: NumPy alone decides."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.terminal import print_json
from bench.extras import require
from operators.errors import UserError

if TYPE_CHECKING:
    from operators.data.function_cache import BlockCache
    from results.witnesses.verification import Verification

CONTRADICTED = 3  # exit code

CpuSeconds = Annotated[float, typer.Option(help="Refuse what takes more to verify by its header, before it begins.", min=1.0)]
Memory = Annotated[float, typer.Option(help="GiB of arrays; refuse what takes more, likewise.", min=0.1)]


def verify_command(
    what: Annotated[Path, typer.Argument(help="A witness file, or a study's name or folder for all its witnesses.")],
    out: Out = DEFAULT_OUT,
    cpu_seconds: CpuSeconds = 600.0,
    memory: Memory = 2.0,
    exact: Annotated[bool, typer.Option("--exact", help="Prove it, too, in ball arithmetic: one file.")] = False,
    fresh: Annotated[int, typer.Option(help="Measure it on so many fresh functions, too: one file.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Re-compute with NumPy what witnesses reach, from the task's regenerated data. Exit code 1 if one fails."""
    folder = what if what.is_file() else _folder(what, out)
    from operators.data.function_cache import BlockCache
    from results.witnesses.cost import Limits
    from results.witnesses.verification import verify, verify_folder

    cache, limits = BlockCache(out / ".data"), Limits(cpu_seconds, memory * 2**30)
    found = [(what, verify(what, cache, limits=limits))] if what.is_file() else list(verify_folder(folder, cache, limits))
    if (exact or fresh) and not what.is_file():
        raise UserError(f"expected one witness file for --exact and --fresh, got the folder {folder}")
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
        if (exact or fresh) and not failed:
            proved = _further(what, cache, exact=exact, fresh=fresh)
            for sentence in proved.values():
                console.print(sentence or "")
            failed += [what] if exact and proved["exact"] is None else []
    if failed:
        raise typer.Exit(1)


def _further(file: Path, cache: "BlockCache", *, exact: bool, fresh: int) -> dict[str, str | None]:
    """What ball arithmetic and fresh functions say of a witness that passed; None for `exact` where the target is not proved."""
    from operators.data.dataset import build
    from results.witnesses.ball import enclosed
    from results.witnesses.file import load_witness
    from results.witnesses.fresh import fresh_error
    from results.witnesses.verification import request_of

    witness = load_witness(file)
    request = request_of(witness.header, None)
    dataset, said = build(request, cache), dict[str, str | None]()
    if exact:
        proved = enclosed(witness, dataset)
        if proved is None:
            raise UserError(
                "expected a DeepONet with tanh, sigmoid, relu or silu and a target on its data for --exact, got another net or a"
                " target about new functions, which no arithmetic proves"
            )
        said["exact"] = f"proved in ball arithmetic: relative error at most {proved.error:.12g}" if proved.reaches else None
    if fresh:
        said["fresh"] = fresh_error(witness, request.task, dataset, fresh).text
    return said


def submit_command(
    file: Annotated[
        Path, typer.Argument(help="A witness file; docs/leaderboard.md says how to write one. With --into also a results folder.")
    ],
    study: Annotated[str | None, typer.Option(help="Study whose results folder receives the witness.")] = None,
    into: Annotated[Path | None, typer.Option(help="Instead: the folder of the published studies, results/reference.")] = None,
    author: Annotated[str | None, typer.Option(help="Who enters it; the author in the file by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --into: only say where it would stand.")] = False,
    cpu_seconds: CpuSeconds = 600.0,
    memory: Memory = 2.0,
    out: Out = DEFAULT_OUT,
) -> None:
    """Verify a witness and enter it into the tables of a local study, or where it leads a published question.

    Exit code 2 if it is refused, with the reason; 3 if it passes every check and lies below a certified bound: it is then kept
    as a contradiction, with the numbers of both sides.

    For example `python -m bench submit mine.npz --study brackets`, or `python -m bench submit mine.npz --into results/reference`.
    """
    if (study is None) == (into is None):
        raise UserError("expected one of --study and --into, got none or both; --into results/reference publishes the witness")
    if into is not None:
        _enter_reference(file, into, author, data=out / ".data", dry=dry_run, limits=(cpu_seconds, memory * 2**30))
        return
    folder = _folder(Path(str(study)), out)
    from operators.atomic_files import sweep_results
    from operators.data.function_cache import BlockCache
    from results.witnesses.cost import Limits
    from results.witnesses.submissions import submit

    sweep_results(out)
    limits = Limits(cpu_seconds, memory * 2**30)
    entry = submit(file, folder, author, cache=BlockCache(out / ".data"), limits=limits)
    error, allowed = entry.measured.error, entry.measured.allowed
    print(f"entered as {entry.witness}: relative error {error:.6g}, allowed {allowed:.6g}, d = {entry.d}")
    print(f"`python -m bench report {study}` rebuilds the tables")


def _enter_reference(
    file: Path, reference: Path, author: str | None, *, data: Path, dry: bool, limits: tuple[float, float]
) -> None:
    """Say where a witness stands among the published questions, and keep it where it leads."""
    require("`bench submit --into`", "report")
    from operators.data.function_cache import BlockCache

    if file.is_dir():
        from results.editions.entering import enter_folder

        said = enter_folder(file, reference, cache=BlockCache(data), dry=dry)
        for sentence in said or ("no witness answers a published question",):
            print(sentence)
        return
    from results.editions.entering import enter_reference
    from results.witnesses.cost import Limits

    done = enter_reference(file, reference, author, cache=BlockCache(data), dry=dry, limits=Limits(*limits))
    for sentence in done.sentences:
        print(sentence)
    if done.contradiction is not None:
        kept = "would be kept" if dry else "kept"
        print(f"{kept} in {reference / 'contradictions'}; please say so in an issue: which of the two is wrong is worth knowing")
        raise typer.Exit(CONTRADICTED)
    if done.leads and not dry:
        print(f"tables below {reference} are written again; commit them with the witness")
    if not done.leads:
        print("not kept: only witnesses that lead are")


def merge_command(
    sources: Annotated[list[Path], typer.Argument(help="Study folders of other people or machines, or published ones.")],
    into: Annotated[Path, typer.Option(help="The study folder that receives their records and witnesses.")],
) -> None:
    """Copy records and witnesses of other results folders into one; doing it again changes nothing.

    A published study can so be gone on with: `python -m bench merge results/reference/pinn --into results/out/pinn`, then
    `python -m bench run pinn`.
    """
    from results.exchange.merge import PUBLISHED, merge

    if any((source / PUBLISHED).exists() for source in sources):
        require("`bench merge` of a published study", "report")
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
