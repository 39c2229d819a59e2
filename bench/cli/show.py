"""`python -m bench show`: a task's functions and the decay of its outputs, or the function that a fit misses most, as a figure.

A record holds no weights, only their SHA-256: its cell is trained again, and the hashes are compared. A witness holds them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench.cell import Cell
from bench.cli.arguments import DEFAULT_OUT, Out
from bench.execution.runner import Runner
from bench.families import execution_of
from bench.families.deeponet.trial import open_trial
from bench.families.family import Kept
from bench.study import cell_key
from operators import find_task
from operators.architectures import Architecture, Weights
from operators.atomic_files import write_atomic
from operators.data.dataset import Dataset, build
from operators.data.function_cache import BlockCache
from operators.data.normalisation import Problem, scaled
from operators.errors import UserError
from operators.tasks.task import Task
from results.figures.samples import sample, worst_fit
from results.records.record import Record
from results.records.store import Store
from results.witnesses.file import load_witness
from results.witnesses.untrusted_files import Unreadable
from results.witnesses.verification import request_of

KINDS = (".png", ".svg", ".pdf")
SHORTEST_KEY = 6
MOST_FUNCTIONS = 8


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit and the data it is measured on.

    Attributes:
        task: where the data are from.
        title: what it is.
    """

    net: Architecture
    weights: Weights
    task: Task
    dataset: Dataset
    problem: Problem
    title: str


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
    cache = BlockCache(out / ".data")
    if task is not None:
        from results.figures.functions import task_figure

        figure = task_figure(sample(find_task(task), replicate, cache), functions)
    else:
        from results.figures.functions import fit_figure

        fit = _of_witness(witness, cache) if witness is not None else _of_record(str(record), out / str(study), cache)
        worst = worst_fit(fit.net, fit.weights, fit.problem, dataset=fit.dataset, task=fit.task)
        figure = fit_figure(worst, fit.title)
    from results.figures.style import rendered

    write_atomic(path, rendered(figure, path.suffix.lower().removeprefix(".")))
    print(f"figure: {path}")


def find_record(key: str, folder: Path) -> Record:
    """The record whose key begins so.

    Raises:
        UserError: none, or several.
    """
    if not folder.is_dir():
        raise UserError(f"expected a study folder at {folder}, found none; `python -m bench status` lists them")
    store = Store(folder)
    keys = [known for known in store.statuses() if known.startswith(key)]
    if len(key) < SHORTEST_KEY or len(keys) != 1:
        raise UserError(
            f"expected at least {SHORTEST_KEY} characters that begin one key of {folder}, got {key!r}: {len(keys)} found"
        )
    found = store.get(keys[0])
    if found is None:
        raise UserError(f"expected {folder} to stay as it was while it was read, got a changed one; run again")
    return found


def _of_record(key: str, folder: Path, cache: BlockCache) -> Fitted:
    """Train the cell of a record again."""
    found = find_record(key, folder)
    cell = Cell.model_validate(found.cell)
    if cell_key(cell) != found.key:
        raise UserError(
            "expected a record of this release, got one of another version of its task or engine; run its study again"
        )
    print(f"training again: {execution_of(cell).label(cell)}")
    (outcome,) = Runner(cache.root).run([cell])
    if outcome.weights is None:
        raise UserError(f"expected weights to draw, got none: {outcome.record.status}, {outcome.record.message}")
    same = outcome.record.weights_sha256 == found.weights_sha256
    said = "the record's weights, trained again" if same else "trained again, NOT the record's weights"
    print(f"{said}: SHA-256 {outcome.record.weights_sha256}" + ("" if same else f", recorded {found.weights_sha256}"))
    trial = open_trial(cell, cache, Kept())
    title = f"{execution_of(cell).label(cell)}, record {found.key[:12]} ({said})"
    return Fitted(trial.net, outcome.weights, cell.request().task, trial.dataset, trial.problem, title)


def _of_witness(path: Path, cache: BlockCache) -> Fitted:
    """Read a witness."""
    try:
        found = load_witness(path)
    except Unreadable as error:
        raise UserError(f"witness {path}: {error}") from None
    data, scaling = found.header.data, found.header.scaling
    request = request_of(found.header)
    dataset = build(request, cache)
    problem = scaled(dataset, scaling.inputs, scaling.coordinates, scaling.outputs)
    net = found.header.net()
    title = f"{data.task}, n = {data.functions * data.points}, d = {net.parameter_count()}, witness {found.sha256[:12]}"
    return Fitted(net, found.weights, request.task, dataset, problem, title)
