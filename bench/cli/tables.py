"""`python -m bench tables`: the tables of a study from its frame in parts, here or on Dask."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.extras import require
from operators.atomic_files import write_atomic
from operators.errors import UserError

if TYPE_CHECKING:
    from results.partitions.part_tables import Map


def tables(
    parts: Annotated[Path, typer.Argument(help="Folder that `python -m bench compact STUDY --parts FOLDER` wrote.")],
    to: Annotated[Path, typer.Option(help="Folder for the CSV files.")],
    workers: Annotated[int, typer.Option(help="Processes on this machine.")] = 1,
    scheduler: Annotated[str, typer.Option(help="Instead: address of a Dask scheduler whose workers see the folder.")] = "",
) -> None:
    """Compute the tables of a study from its frame in parts (`compact --parts`), here or on Dask.

    They are byte for byte those of `report`, in the memory of some parts at a time. A part holds the cells of one task, its
    constants and one design, which no table compares with others.

    For example `python -m bench compact threshold --parts parts`, then `python -m bench tables parts --to tables`.
    """
    require("`bench tables`", "report")
    from results.partitions.frame_files import open_frame_files
    from results.partitions.part_tables import tables_of_parts

    if workers < 1:
        raise UserError(f"expected --workers >= 1, got {workers}")
    held = open_frame_files(parts)
    with spread(workers, scheduler) as over:
        found = tables_of_parts(held, over)
    to.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        write_atomic(to / name, content)
    print(f"{to}: {len(found)} tables of {len(held.groups)} parts")


def _gathered(futures: list[Any]) -> Iterator[Any]:
    """Results in order, each of them let go of where it was computed."""
    futures.reverse()
    while futures:
        yield futures.pop().result()


@contextmanager
def spread(workers: int, scheduler: str) -> "Iterator[Map]":
    """What applies a function to parts: one after another, in processes, or on the workers of a scheduler."""
    if scheduler:
        require("`bench tables --scheduler`", "cluster")
        from dask.distributed import Client

        with Client(scheduler) as client:
            yield lambda function, batches: _gathered(client.map(function, batches))
    else:
        from bench.processes import mapping

        with mapping(workers) as over:
            yield over
