"""`python -m bench show`: functions of a task with the decay of its outputs, or the one that a fit misses most, as a figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, Out
from bench.extras import require
from operators.errors import UserError

if TYPE_CHECKING:
    from operators.data.function_cache import BlockCache
    from results.figures.style import Figure

KINDS = (".png", ".svg", ".pdf")
MOST_FUNCTIONS = 8


def show(
    task: Annotated[str | None, typer.Argument(help="A task; `list` describes them.")] = None,
    file: Annotated[Path | None, typer.Option(help="The figure: .png, .svg or .pdf; TASK.png by default.")] = None,
    functions: Annotated[int, typer.Option(help="Functions to draw.", min=1, max=MOST_FUNCTIONS)] = 3,
    replicate: Annotated[int, typer.Option("--replicate", "--seed", help="Which draw of the functions.", min=0)] = 0,
    record: Annotated[
        str | None, typer.Option(help="Instead: the worst fitted function of this record; key or its start.")
    ] = None,
    study: Annotated[str | None, typer.Option(help="Study that holds the record.")] = None,
    witness: Annotated[Path | None, typer.Option(help="Instead: the worst fitted function of this witness file.")] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Draw functions of a task with the decay of its outputs, or the function that a fit misses most.

    A record is trained again, as it holds no weights; whether these are the same is said.

    For example `python -m bench show darcy --file darcy.pdf`, or `python -m bench show --record 72d0d64a --study smoke`.
    """
    if [task, record, witness].count(None) != 2:
        raise UserError("expected one of a task, --record and --witness, got none or several")
    if (record is None) != (study is None):
        raise UserError("expected --record and --study together, got one of them; --study names the study that holds the record")
    path = file or Path(f"{task or record or (witness and witness.stem)}.png")
    if path.suffix.lower() not in KINDS:
        raise UserError(f"expected a figure named *.png, *.svg or *.pdf, got {path}; choose one of these endings")
    require("`bench show`", "report", *(() if record is None else ("train",)))
    from operators.atomic_files import write_atomic
    from operators.data.function_cache import BlockCache
    from results.figures.style import rendered

    cache = BlockCache(out / ".data")
    if task is not None:
        figure = _of_task(task, replicate, functions, cache=cache)
    else:
        figure = _of_fit(witness, record, out / str(study), cache=cache)
    write_atomic(path, rendered(figure, path.suffix.lower().removeprefix(".")))
    print(f"figure: {path}")


def _of_task(task: str, replicate: int, functions: int, *, cache: "BlockCache") -> "Figure":
    from operators import find_task
    from results.figures.functions import task_figure
    from results.figures.samples import sample

    return task_figure(sample(find_task(task), replicate, cache), functions)


def _of_fit(witness: Path | None, record: str | None, folder: Path, *, cache: "BlockCache") -> "Figure":
    """The worst fitted function of a witness, or else of a record of this folder."""
    from bench.drivers.fitted import of_record, of_witness
    from results.figures.functions import fit_figure
    from results.figures.samples import worst_fit

    fit = of_witness(witness, cache) if witness is not None else of_record(str(record), folder, cache)
    worst = worst_fit(fit.net, fit.weights, fit.problem, dataset=fit.dataset, task=fit.task)
    return fit_figure(worst, fit.title)
