"""A cell: one fully specified training run, frozen and validated.

The identity of a cell is the SHA-256 of its canonical JSON (all defaults written out, keys sorted) together with the versions
of what computes it; see `results.records.record.record_key`. Where and how it runs (workers, folders, verbosity) is no part of
it.
"""

from typing import Self

from pydantic import model_validator

from operators import find_task
from operators.architectures import Architecture, DeepONet
from operators.data.request import Request
from results.families import deeponet
from results.schema.cells import Net, Noise, Settings, Training

__all__ = ["Cell", "Net", "Noise", "Settings", "Training"]


class Cell(deeponet.Cell):
    """One training run; its fields are those of `results.families.deeponet.Cell`, and its task and sizes fit each other."""

    @model_validator(mode="after")
    def _task_and_sizes(self) -> Self:
        self.request()
        return self

    @property
    def n(self) -> int:
        """Number of training labels N M."""
        return self.functions * self.points

    @property
    def batch(self) -> int:
        """Functions per step."""
        return min(self.training.batch or self.functions, self.functions)

    @property
    def steps(self) -> int:
        """Optimiser steps of the budget; an epoch is N / batch steps, rounded up at the end of the budget."""
        if self.training.steps is not None:
            return self.training.steps
        assert self.training.epochs is not None
        return -(-self.training.epochs * self.functions // self.batch)

    def request(self) -> Request:
        """The data set this cell trains on."""
        return Request(
            task=find_task(self.task, self.parameters),
            design=self.design,
            functions=self.functions,
            points=self.points,
            noise_law=self.noise.law,
            sigma=self.noise.sigma,
            replicate=self.replicate,
            test_functions=self.test_functions,
            control=self.noise.control,
        )

    def net(self) -> Architecture:
        """The hypothesis class on the task's input sizes."""
        task = find_task(self.task, self.parameters)
        return self.architecture.on(len(task.sensors()), task.points().shape[1])

    def deeponet(self) -> DeepONet:
        """The hypothesis class of a cell that states a DeepONet.

        Raises:
            ValueError: it states another architecture.
        """
        net = self.net()
        if not isinstance(net, DeepONet):
            raise ValueError(f"expected a cell with the architecture 'deeponet', got {net.name!r}")
        return net
