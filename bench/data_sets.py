"""Data sets whose reference lines a study draws: what regression reaches on the data that its nets are trained on.

    Study(..., baselines=data_sets(CELLS))

measures them once per data set and keeps them among the study's records, so that its tables set them beside the nets.
"""

from collections.abc import Iterable
from typing import Self

from pydantic import model_validator

from bench.cell import Cell
from operators import find_task
from operators.data.request import Request
from results.families import baselines

__all__ = ["DataSet", "data_sets"]


class DataSet(baselines.DataSet):
    """A data set on a grid; its fields are those of `results.families.baselines.DataSet`, and its task and sizes fit."""

    @model_validator(mode="after")
    def _task_and_sizes(self) -> Self:
        self.request()
        return self

    def request(self) -> Request:
        """The data set."""
        return Request(
            task=find_task(self.task, self.parameters),
            functions=self.functions,
            points=self.points,
            noise_law=self.noise.law,
            sigma=self.noise.sigma,
            replicate=self.replicate,
            test_functions=self.test_functions,
            control=self.noise.control,
        )


def data_sets(cells: Iterable[Cell]) -> tuple[DataSet, ...]:
    """The data sets of training cells, each once: those on a grid, where reference methods apply."""
    names = tuple(DataSet.model_fields)
    stated = [DataSet.model_validate({name: getattr(cell, name) for name in names}) for cell in cells if cell.design == "grid"]
    return tuple({str(one.model_dump_json()): one for one in stated}.values())
