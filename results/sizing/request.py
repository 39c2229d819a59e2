"""The question "how big must my DeepONet be?" about arrays of a file, and its answer."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from operators.bounds.lemmas.rates import LAWS, Law
from operators.bounds.rank_to_parameters import NetClass
from operators.bounds.setting import FAILURE_PROBABILITY
from operators.errors import UserError
from operators.external.part import Part, find_part, require_partners, require_real
from operators.sizing.noise import Noise, known_noise
from operators.sizing.noise_level import noise_from_replicates
from operators.sizing.required_size import required_size
from results.sizing.report import SizeReport

DEPTH = 2


@dataclass(frozen=True)
class SizeRequest:
    """A question, as `python -m bench size` asks it.

    Attributes:
        data: a .npz, .npy, HDF5 or MATLAB file.
        target: see `operators.sizing.required_size.required_size`.
        array: name of the outputs (N, M), perhaps with an index; needed where a file holds several arrays.
        absolute: see target.
        noise: standard deviation of the label noise.
        replicates: name of an array of replicate measurements.
        law: of the noise.
        failure_probability: of statements about noise.
        inputs: name of an array (N, m) of the sensor values.
        coordinates: dimension of the query points.
        study: results folder of a study.
    """

    data: Path
    target: float
    array: str | None = None
    absolute: bool = False
    noise: float | None = None
    replicates: str | None = None
    law: Law = "gaussian"
    failure_probability: float = FAILURE_PROBABILITY
    inputs: str | None = None
    coordinates: int = 1
    study: Path | None = None


def size_report(request: SizeRequest) -> SizeReport:
    """Answer a question.

    Raises:
        UserError: files, arrays or options that make no sense; see `operators.external.arrays` and
            `operators.sizing.required_size`.
    """
    part = find_part(request.data, request.array)
    part.require_functions("outputs")
    outputs = part.matrix() if part.indexed else part.values()
    nets = _nets(request, part)
    noise = _noise(request, part, outputs)
    size = required_size(outputs, request.target, absolute=request.absolute, noise=noise, nets=nets, name=part.name)
    predictions = None
    if request.study is not None:
        from results.sizing.prediction import predicted_sizes  # pandas only where a study is read

        absorbed = size.noise.absorbed if size.noise is not None else 0.0
        predictions = predicted_sizes(request.study, size.demand.n, target=size.demand.target, absorbed=absorbed)
    return SizeReport(size, str(request.data), part.name, request.target, predictions)


def _noise(request: SizeRequest, part: Part, outputs: NDArray[Any]) -> Noise | None:
    if request.noise is not None and request.replicates is not None:
        raise UserError("expected --noise or --replicates, got both; --replicates estimates the level that --noise states")
    failure_probability = request.failure_probability
    if not 0.0 < failure_probability < 1.0:
        usual = f"{FAILURE_PROBABILITY:g} is usual"
        raise UserError(f"expected a failure probability in (0, 1), got {failure_probability:g}; {usual}")
    if request.noise is not None:
        if request.law not in LAWS:
            raise UserError(f"expected a noise law among {', '.join(LAWS)}, got {request.law!r}; gaussian is usual")
        return known_noise(request.noise, request.law, failure_probability=failure_probability)
    if request.replicates is None:
        return None
    if request.law != "gaussian":
        raise UserError(f"expected the noise law gaussian with --replicates, got {request.law!r}; state --noise for another law")
    measured = find_part(request.data, request.replicates)
    require_real(measured)
    require_partners(part, measured)
    values = _as_outputs(measured.values(), outputs)
    return noise_from_replicates(values, outputs, name=measured.name, failure_probability=failure_probability)


def _as_outputs(values: NDArray[Any], outputs: NDArray[Any]) -> NDArray[Any]:
    """Replicates in the shape of the outputs where they are as many numbers of as many functions."""
    same = values.ndim > 2 and len(values) == len(outputs) and values.size == outputs.size
    return values.reshape(outputs.shape) if same else values


def _nets(request: SizeRequest, outputs: Part) -> NetClass | None:
    """The suite's default net: two hidden layers a side, trunk end activated."""
    if request.coordinates < 1:
        raise UserError(
            f"expected --coordinates of at least 1, got {request.coordinates}; give the dimension of the query points"
        )
    if request.inputs is None:
        return None
    inputs = find_part(request.data, request.inputs)
    inputs.require_functions("inputs")
    require_partners(inputs, outputs)
    if len(inputs.rows) != len(outputs.rows):
        raise UserError(
            f"expected inputs (N, m) with a row for each function, got {inputs.name!r} of shape {inputs.shape} for outputs of"
            f" shape {outputs.shape}; give the sensor values of each function as a row"
        )
    return NetClass(math.prod(inputs.shape[1:]), request.coordinates, DEPTH, DEPTH, "activated-trunk")
