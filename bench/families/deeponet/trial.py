"""A trial: all that follows from a training cell before anything is trained, built once and handed on."""

import hashlib
from dataclasses import dataclass

from bench.cell import Cell
from bench.families.family import Kept
from operators.architectures import Architecture
from operators.data.dataset import BlockCache, Dataset, build
from operators.data.normalisation import Problem, scaled
from operators.diagnostics.floor import Floor, floor_of, floors_of


@dataclass(frozen=True, eq=False)
class Trial:
    """A cell with what it says.

    Attributes:
        cell: what is trained.
        net: its hypothesis class on the task's input sizes.
        dataset: its data.
        problem: the data in the units that the net sees.
        floor: the certified floor of the training error, where the architecture has one on this design.
    """

    cell: Cell
    net: Architecture
    dataset: Dataset
    problem: Problem
    floor: Floor | None

    def data_sha256(self) -> str:
        """Hash of inputs and labels, to tell data sets apart (equal across machines only up to rounding)."""
        digest = hashlib.sha256()
        for array in (self.dataset.inputs, self.dataset.labels):
            digest.update(array.tobytes())
        return digest.hexdigest()


def problem_of(cell: Cell, dataset: Dataset) -> Problem:
    """The data of a cell in the units that its net sees."""
    training = cell.training
    return scaled(dataset, training.input_scaling, training.coordinate_scaling, training.output_scaling)


def open_trial(cell: Cell, cache: BlockCache, kept: Kept) -> Trial:
    """Build the data and the floor of a cell, or look them up.

    Raises:
        DataInvalid: the data break the task's contract.
        UserError: the data cannot be had.
    """
    request, net = cell.request(), cell.net()
    dataset = kept.get("data", request, lambda: build(request, cache))
    problem = problem_of(cell, dataset)
    floors = None
    if net.output_rank() is not None:
        floors = kept.get("floors", (request, cell.training.output_scaling), lambda: floors_of(problem))
    return Trial(cell, net, dataset, problem, floor_of(net, problem, floors))
