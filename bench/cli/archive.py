"""`python -m bench archive`: what is published as one archive for a data repository."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import REFERENCE, Reference
from operators.errors import UserError


def archive(
    into: Annotated[Path, typer.Option(help="The .zip file to write.")] = Path("results/out/deeponet-size-bounds-data.zip"),
    citation: Annotated[Path, typer.Option(help="The project's CITATION.cff, which states version and authors.")] = Path(
        "CITATION.cff"
    ),
    reference: Reference = REFERENCE,
) -> None:
    """Write what is published as one archive with a data descriptor, Zenodo's metadata, licence, citation and checksums.

    Equal files give equal bytes. For example `python -m bench archive --into data.zip`.
    """
    if into.suffix.lower() != ".zip":
        raise UserError(f"expected a file named *.zip, got {into}; choose that ending")
    from results.editions.archive import write_archive

    digest = write_archive(reference, citation, into)
    print(f"{into}: {into.stat().st_size / 2**20:.1f} MiB, SHA-256 {digest}")
