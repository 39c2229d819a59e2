"""A witness as a file: one .npz archive of plain arrays, written as the same bytes everywhere and read without trust.

    header.npy                                uint8: the header, JSON in UTF-8 (`results.witnesses.header`)
    NAME.npy, ...                             the arrays of `Architecture.shapes` in their order; of a DeepONet
        branch_0_kernel  branch_0_bias        (m, w_1) and (w_1,), and so on; the last layer is (w_L, q) and (q,)
        trunk_0_kernel   trunk_0_bias         (p, v_1) and (v_1,), ...
        bias                                  (1,): b0

Weights are float32 or float64, little endian. `encode` stores float32 where that loses nothing, uncompressed, with fixed times
and order; the SHA-256 of these bytes is the witness's address, whatever archive it came in.
"""

import functools
import hashlib
import io
import math
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.architectures.weights import Weights
from operators.arrays import Array
from operators.atomic_files import write_atomic
from results.witnesses.header import MAXIMUM_HEADER_BYTES, Header, parse_header
from results.witnesses.npz_archive import MAXIMUM_ARRAY_HEADER_BYTES, MAXIMUM_UNPACKED_BYTES, Archive, npy_bytes
from results.witnesses.untrusted_files import Unreadable, read_regular

MAXIMUM_FILE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Witness:
    """Weights and what they are claimed to reach.

    Attributes:
        header: the claim.
        weights: the weights, float64.
    """

    header: Header
    weights: Weights

    @functools.cached_property
    def bits(self) -> int:
        """Bits of one parameter: 32 if every weight is a float32 number, else 64."""
        return self.weights.bits()

    @functools.cached_property
    def sha256(self) -> str:
        """Address: SHA-256 of the canonical file."""
        return hashlib.sha256(encode(self)).hexdigest()


def encode(witness: Witness) -> bytes:
    """The canonical bytes of a witness.

    Raises:
        ValueError: shapes of weights and header that differ.
        Unreadable: weights that are not finite, or more than a file may hold.
    """
    witness.header.net().check(witness.weights)
    if not witness.weights.finite():
        raise Unreadable("expected finite weights, got NaN or infinity")
    dtype = "<f4" if witness.bits == 32 else "<f8"
    arrays: dict[str, NDArray] = {"header": np.frombuffer(witness.header.text(), dtype=np.uint8)}
    for name, array in witness.weights.named.items():
        arrays[name] = np.ascontiguousarray(array, dtype=dtype)
    size = sum(array.nbytes + MAXIMUM_ARRAY_HEADER_BYTES for array in arrays.values())
    if size > min(MAXIMUM_FILE_BYTES, MAXIMUM_UNPACKED_BYTES):
        raise Unreadable(f"expected a witness of at most {MAXIMUM_FILE_BYTES} bytes, got {size}")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, npy_bytes(array))
    return content.getvalue()


def save_witness(path: Path, witness: Witness) -> None:
    """Write a witness as its canonical bytes.

    Raises:
        UserError: it cannot be written; the old file stays.
        ValueError: shapes of weights and header that differ.
        Unreadable: weights that are not finite, or more than a file may hold.
    """
    write_atomic(path, encode(witness))


def load_witness(path: Path) -> Witness:
    """Read a witness from an untrusted file.

    Raises:
        Unreadable: naming what is wrong with the file.
    """
    return decode(read_regular(path, MAXIMUM_FILE_BYTES))


def decode(data: bytes) -> Witness:
    """Read a witness from untrusted bytes.

    Raises:
        Unreadable: naming what is wrong with them.
    """
    archive = Archive.read(data)
    raw = archive.array("header", MAXIMUM_HEADER_BYTES)
    if raw.dtype != np.uint8 or raw.ndim != 1:
        raise Unreadable(f"expected the header as a vector of uint8, got {raw.dtype} of shape {raw.shape}")
    header = parse_header(raw.tobytes())
    expected = header.net().shapes()
    unexpected = sorted(set(archive.entries) - {"header", *expected})
    if unexpected:
        raise Unreadable(f"expected the arrays of the header's net, got also {unexpected[0]!r}")
    return Witness(header, Weights({name: _weight(archive, name, shape) for name, shape in expected.items()}))


def _weight(archive: Archive, name: str, shape: tuple[int, ...]) -> Array:
    """One array of weights, of this very shape, in float64."""
    array = archive.array(name, 8 * math.prod(shape))
    if array.shape != shape or array.dtype.kind != "f":
        raise Unreadable(f"expected array {name!r} of shape {shape} in float32 or float64, got {array.shape} in {array.dtype}")
    weight = np.array(array, dtype=np.float64, order="C")
    if not np.isfinite(weight).all():
        raise Unreadable(f"expected finite weights, got NaN or infinity in array {name!r}")
    weight.setflags(write=False)
    return weight
