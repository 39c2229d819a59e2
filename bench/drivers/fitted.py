"""A fit with its data: of a record, or of a witness.

A record holds no weights, only their SHA-256: its cell is trained again, and the hashes are compared. A witness holds them.
"""

from dataclasses import dataclass
from pathlib import Path

from bench.cell import Cell
from bench.execution.runner import Runner
from bench.families import execution_of
from bench.families.deeponet.trial import open_trial
from bench.families.family import Kept
from bench.study import cell_key
from operators.architectures import Architecture, Weights
from operators.data.dataset import Dataset, build
from operators.data.function_cache import BlockCache
from operators.data.normalisation import Problem, scaled
from operators.errors import UserError
from operators.tasks.task import Task
from results.records.record import Record
from results.records.store import Store
from results.witnesses.file import load_witness
from results.witnesses.untrusted_files import Unreadable
from results.witnesses.verification import request_of

SHORTEST_KEY = 6


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


def of_record(key: str, folder: Path, cache: BlockCache) -> Fitted:
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


def of_witness(path: Path, cache: BlockCache) -> Fitted:
    """Read a witness."""
    try:
        found = load_witness(path)
    except Unreadable as error:
        raise UserError(f"witness {path}: {error}") from None
    data, scaling, net = found.header.data, found.header.scaling, found.header.net()
    request = request_of(found.header)
    dataset = build(request, cache)
    problem = scaled(dataset, scaling.inputs, scaling.coordinates, scaling.outputs)
    title = f"{data.task}, n = {data.functions * data.points}, d = {net.parameter_count()}, witness {found.sha256[:12]}"
    return Fitted(net, found.weights, request.task, dataset, problem, title)
