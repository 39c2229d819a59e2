"""`python -m bench figures`: the figures and tables of what is published, drawn again."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, REFERENCE, Out, Reference
from bench.extras import require
from operators.errors import UserError

KINDS = ("png", "svg", "pdf")


def figures(
    studies: Annotated[list[str] | None, typer.Argument(help="Published studies; all by default.")] = None,
    into: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("results/out/published"),
    kind: Annotated[list[str] | None, typer.Option(help="png, svg or pdf; may be repeated. All by default.")] = None,
    reference: Reference = REFERENCE,
    out: Out = DEFAULT_OUT,
) -> None:
    """Draw every figure of the published studies again, from their records alone, with its values, words and LaTeX tables.

    For example `python -m bench figures`, or `python -m bench figures threshold --kind pdf --into figures`.
    """
    kinds = tuple(dict.fromkeys(kind or KINDS))
    if unknown := [name for name in kinds if name not in KINDS]:
        raise UserError(f"expected --kind {', '.join(KINDS)}, got {unknown[0]!r}; leave it out for all")
    require("`bench figures`", "report")
    from operators.data.function_cache import BlockCache
    from results.editions.figures import draw_published, print_contributions, write_index
    from results.editions.published import all_published, published

    cache = BlockCache(out / ".data")
    chosen = [published(reference, name, cache) for name in studies] if studies else all_published(reference, cache)
    if not chosen:
        raise UserError(f"expected published studies below {reference}, found none; run in a clone of the project")
    drawn = []
    for study in chosen:
        found = draw_published(study, into, kinds)
        print(f"{into / found.study}: {len(found.figures)} figures, {len(found.tables)} tables", flush=True)
        drawn.append((study, found))
    if not studies:
        print_contributions(reference, into, cache)
    write_index(into, drawn, kinds[0])
