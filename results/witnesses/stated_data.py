"""The data set that a question, a threshold or the header of a witness names."""

from collections.abc import Mapping
from typing import Protocol

from operators import find_task
from operators.data.request import Control, Design, NoiseLaw, Request


class StatedData(Protocol):
    """Whatever names a data set."""

    @property
    def task(self) -> str:
        """A name of the registry."""

    @property
    def parameters(self) -> Mapping[str, float | str]:
        """Constants that differ from those of the registry."""

    @property
    def design(self) -> Design:
        """Where labels lie."""

    @property
    def functions(self) -> int:
        """N."""

    @property
    def points(self) -> int:
        """M."""

    @property
    def noise_law(self) -> NoiseLaw:
        """The law of the label noise."""

    @property
    def sigma(self) -> float:
        """Its standard deviation, in units of the root mean square of the clean labels."""

    @property
    def replicate(self) -> int:
        """Selects the streams of random numbers."""


def request_of_data(stated: StatedData, *, control: Control = "none") -> Request:
    """The request for it, with one held-out function.

    Raises:
        UserError: its task is unknown here, or constants that the task refuses.
    """
    return Request(
        task=find_task(stated.task, dict(stated.parameters)),
        design=stated.design,
        functions=stated.functions,
        points=stated.points,
        noise_law=stated.noise_law,
        sigma=stated.sigma,
        replicate=stated.replicate,
        test_functions=1,
        control=control,
    )
