"""A trained DeepONet as a file of plain arrays, and its predictions in NumPy.

    h(u, y) = <branch(u), trunk(y)> + b0    u, y and h in the units of the data that it was fitted to

The archive is laid out as a witness (`results.witnesses.file`): `header.npy` is JSON in UTF-8, `points` (P, p) are the query
points of the data, and the arrays of `DeepONet.shapes` follow in their order. It is read without trust: nothing is unpickled,
sizes are bounded, and what is not the header's net is refused.
"""

import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.atomic_files import write_atomic
from operators.errors import UserError
from results.schema.cells import Net
from results.schema.model import Model, canonical
from results.witnesses.npz_archive import Archive, npy_bytes
from results.witnesses.untrusted_files import Unreadable, read_regular

MOST_BYTES = 64 * 2**20
HEADER_BYTES = 16 * 2**10
LARGEST_COORDINATES = 64
BLOCK = 2**16


class Header(Model):
    """What a file says beside its arrays."""

    kind: Literal["deeponet-model"] = "deeponet-model"
    schema_version: Literal[1] = 1
    sensors: int = Field(ge=1, le=2**24)
    coordinates: int = Field(ge=1, le=LARGEST_COORDINATES)
    points: int = Field(ge=1, le=2**24)
    architecture: Net

    @model_validator(mode="after")
    def _free(self) -> Self:
        if self.architecture.schedule != "free":
            raise ValueError(f"expected the schedule 'free', got {self.architecture.schedule!r}")
        return self


@dataclass(frozen=True, eq=False)
class DeepONetModel:
    """A net and its weights.

    Attributes:
        net: the architecture.
        weights: float64.
        points: (P, p), the query points of the data.
    """

    net: DeepONet
    weights: Weights
    points: Array

    def predict(self, inputs: NDArray, points: NDArray | None = None) -> Array:
        """Outputs (N, P) for inputs (N, m) at points (P, p), or (N, P, p) of each function's own; at `points` by default.

        Raises:
            UserError: inputs or points of other sizes, or not finite.
        """
        own = np.shape(points) if points is not None else ()
        if len(own) == 3 and own[0] == len(inputs) and own[2] == self.net.coordinates:
            flat = np.reshape(np.asarray(points), (-1, own[2]))
            return self.predict_labels(inputs, np.repeat(np.arange(own[0]), own[1]), flat).reshape(own[:2])
        places = self.points if points is None else _matrix(points, self.net.coordinates, "points", "coordinates")
        return self.net.apply(self.weights, _matrix(inputs, self.net.sensors, "inputs", "sensor values"), places)

    def predict_labels(self, inputs: NDArray, function: NDArray[np.int64], points: NDArray) -> Array:
        """Outputs (n,) of the functions of these rows of inputs (N, m), each at a point of its own (n, p).

        Raises:
            UserError: as `predict`.
        """
        branch = self.net.branch(self.weights, _matrix(inputs, self.net.sensors, "inputs", "sensor values"))
        trunk = self.net.trunk(self.weights, _matrix(points, self.net.coordinates, "points", "coordinates"))
        found = np.empty(len(trunk))
        for start in range(0, len(trunk), BLOCK):
            rows = slice(start, start + BLOCK)
            found[rows] = np.einsum("nq,nq->n", branch[function[rows]], trunk[rows])
        return found + self.weights["bias"]

    def rounded(self) -> "DeepONetModel":
        """The same net with every weight as float32 holds it."""
        return DeepONetModel(self.net, self.weights.rounded(), self.points)


def _matrix(values: NDArray, width: int, name: str, what: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    rows = array[:, None] if array.ndim == 1 and width == 1 else array
    matrix = rows.reshape(len(rows), -1) if rows.ndim > 1 else rows[None, :]
    if matrix.shape[1] != width:
        raise UserError(f"expected {name} with {width} {what} each, got shape {array.shape}; flatten them as in the fit")
    if not np.isfinite(matrix).all():
        raise UserError(f"expected finite {name}, got NaN or infinity; repair them")
    return matrix


def encode(model: DeepONetModel) -> bytes:
    """The bytes of a model: the same for the same model.

    Raises:
        UserError: more than a file may hold.
    """
    model.net.check(model.weights)
    net = model.net
    architecture = Net(
        branch_widths=net.branch_widths, trunk_widths=net.trunk_widths, q=net.q, activation=net.activation, ends=net.ends
    )
    header = Header(sensors=net.sensors, coordinates=net.coordinates, points=len(model.points), architecture=architecture)
    text = canonical(header.model_dump(mode="json")).encode()
    arrays: dict[str, NDArray] = {"header": np.frombuffer(text, dtype=np.uint8), "points": model.points}
    arrays |= model.weights.named
    if sum(array.nbytes for array in arrays.values()) > MOST_BYTES - 2**20:
        raise UserError(f"expected a model of at most {MOST_BYTES} bytes, got more; ask for smaller widths")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            plain = array if name == "header" else np.ascontiguousarray(array, dtype="<f8")
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0)), npy_bytes(plain))
    return content.getvalue()


def save_model(path: Path, model: DeepONetModel) -> None:
    """Write a model.

    Raises:
        UserError: it cannot be written, or is too large.
    """
    write_atomic(path, encode(model))


def load_model(path: Path) -> DeepONetModel:
    """Read a model.

    Raises:
        Unreadable: naming what is wrong with the file.
    """
    return decode(read_regular(path, MOST_BYTES))


def decode(data: bytes) -> DeepONetModel:
    """Read a model from untrusted bytes.

    Raises:
        Unreadable: naming what is wrong with them.
    """
    archive = Archive.read(data)
    raw = archive.array("header", HEADER_BYTES)
    try:
        header = Header.model_validate_json(raw.tobytes(), strict=True, context={"strict": True})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"expected the header of a model that `bench fit` wrote, got: {first['msg'][:120]}") from None
    net = header.architecture.on(header.sensors, header.coordinates)
    assert isinstance(net, DeepONet)
    shapes = net.shapes()
    unexpected = sorted(set(archive.entries) - {"header", "points", *shapes})
    if unexpected:
        raise Unreadable(f"expected the arrays of the header's net, got also {unexpected[0]!r}")
    named = {name: _read(archive, name, shape) for name, shape in shapes.items()}
    return DeepONetModel(net, Weights(named), _read(archive, "points", (header.points, header.coordinates)))


def is_model(data: bytes) -> bool:
    """Whether an archive says that it is a model, and no witness."""
    try:
        return b'"deeponet-model"' in Archive.read(data).array("header", HEADER_BYTES).tobytes()
    except Unreadable:
        return False


def _read(archive: Archive, name: str, shape: tuple[int, ...]) -> Array:
    array = archive.array(name, 8 * math.prod(shape))
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise Unreadable(f"expected finite numbers of shape {shape} in array {name!r}, got {array.dtype} of shape {array.shape}")
    return np.array(array, dtype=np.float64, order="C")
