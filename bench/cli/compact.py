"""`python -m bench compact`: the records of all studies as one Parquet file, or the frame of one study in parts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, Json
from bench.cli.folders import all_folders
from bench.cli.terminal import print_json
from bench.extras import require
from operators.errors import UserError

FILE = "records.parquet"


def compact_command(
    out: Annotated[
        Path, typer.Argument(help="Results folder; each study has a folder of its own below it. With --parts: folder of a study.")
    ] = DEFAULT_OUT,
    to: Annotated[Path | None, typer.Option(help=f"The file to write; {FILE} in the results folder by default.")] = None,
    parts: Annotated[
        Path | None,
        typer.Option(help="Instead: a new folder for the frame of one study in parts, of which `bench tables` makes its tables."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the records of every study below a results folder to one Parquet file, for fast reading elsewhere.

    One row per record that counts, typed columns, sorted by study and key; the file appears whole or not at all. The records in
    JSON Lines stay as they are.

    With --parts the frame of one study, its cells and what became of them, is written in parts that no table compares with one
    another: for studies whose tables one machine cannot hold.

    For example `python -m bench compact`, then `pandas.read_parquet("results/out/records.parquet")`.
    """
    if parts is not None:
        _write_parts(out, parts, as_json)
        return
    folders = all_folders(out)
    if not folders:
        raise UserError(f"expected study folders below {out}, found none; `python -m bench run` makes one")
    require("`bench compact`", "report")
    from results.exchange.parquet import compact

    target = out / FILE if to is None else to
    done = compact(folders, target)
    if as_json:
        print_json({**asdict(done), "file": str(target)})
        return
    refused = f"; {done.quarantined} damaged lines left out" if done.quarantined else ""
    print(f"{target}: {done.records} records of {done.studies} studies, {done.columns} columns, {done.bytes} bytes{refused}")


def _write_parts(folder: Path, target: Path, as_json: bool) -> None:
    require("`bench compact`", "report")
    from results.partitions.compacting import write_parts

    done = write_parts(folder, target)
    if as_json:
        print_json({"cells": done.position, "parts": len(done.files), "files": sum(done.files.values()), "folder": str(target)})
        return
    print(f"{target}: {done.position} cells in {len(done.files)} parts, {sum(done.files.values())} files")
