"""HDF5 number types that NumPy lacks: read as the numbers they stand for, never mapped, or refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from operators import UserError
from operators.external.arrays import find_array
from operators.external.part import find_part

NUMBERS = np.arange(12.0).reshape(4, 3) - 4.0


def floating(size: int, fields: tuple[int, int, int, int, int], bias: int) -> h5t.TypeID:
    """A float of this many bytes; fields: sign, exponent and its width, mantissa and its width."""
    kind = h5t.IEEE_F32LE.copy()
    kind.set_fields(*fields)
    kind.set_size(size)
    kind.set_ebias(bias)
    return kind


def integer(precision: int, offset: int = 0, size: int = 2) -> h5t.TypeID:
    kind = h5t.STD_I16LE.copy() if size == 2 else h5t.STD_I64LE.copy()
    kind.set_precision(precision)
    kind.set_offset(offset)
    kind.set_size(size)
    return kind


def written(path: Path, kind: h5t.TypeID, *, chunks: tuple[int, int] | None = None, filters: str = "") -> Path:
    """NUMBERS as dataset `u` of this stored type, between two others."""
    with h5py.File(path, "w") as file:
        file["before"] = np.full(40, 7.0)
        plist = h5p.create(h5p.DATASET_CREATE)
        if chunks is not None:
            plist.set_chunk(chunks)
        if filters == "nbit":
            plist.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_OPTIONAL, ())
        dataset = h5d.create(file.id, b"u", kind, h5s.create_simple(NUMBERS.shape), plist)
        dataset.write(h5s.ALL, h5s.ALL, NUMBERS)
        file["after"] = np.full(40, 9.0)
    return path


TYPES = {
    "bfloat16": floating(2, (15, 7, 8, 0, 7), 127),
    "float of 24 bits": floating(3, (23, 15, 8, 0, 15), 127),
    "float of 8 bits": floating(1, (7, 3, 4, 0, 3), 7),
    "integer of 12 bits": integer(12),
    "integer of 12 bits, offset 3": integer(12, offset=3),
    "integer of 40 bits": integer(40, size=8),
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("chunks", [None, (2, 3)], ids=["contiguous", "chunked"])
def test_a_type_that_numpy_lacks_gives_the_numbers_that_were_written(
    name: str, chunks: tuple[int, int] | None, tmp_path: Path
) -> None:
    stored = find_array(written(tmp_path / "data.h5", TYPES[name], chunks=chunks), "u")
    values = stored.read(())
    np.testing.assert_array_equal(values, NUMBERS)
    np.testing.assert_array_equal(stored.read((slice(1, 4, 2), 2)), NUMBERS[1:4:2, 2])
    assert not isinstance(values, np.memmap)


def test_a_packed_integer_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path / "data.h5", integer(12), chunks=(2, 3), filters="nbit")
    np.testing.assert_array_equal(find_part(path, "u").values(), NUMBERS)


@pytest.mark.parametrize("kind", [h5t.IEEE_F64LE, h5t.IEEE_F64BE, h5t.IEEE_F32LE, h5t.STD_I32BE, h5t.NATIVE_LDOUBLE])
def test_a_type_that_numpy_has_is_mapped_in_its_own_byte_order(kind: h5t.TypeID, tmp_path: Path) -> None:
    values = find_part(written(tmp_path / "data.h5", kind), "u").values()
    assert isinstance(values, np.memmap)
    np.testing.assert_array_equal(values, NUMBERS)


def quadruple() -> h5t.TypeID:
    kind = h5t.IEEE_F64LE.copy()
    kind.set_size(16)
    kind.set_precision(128)
    kind.set_fields(127, 112, 15, 0, 112)
    kind.set_ebias(16383)
    return kind


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (integer(24, size=3), r"got numbers of 3 bytes, a type that NumPy lacks, in array 'u' of .*; save it as float64"),
        (quadruple(), r"got numbers of 16 bytes, a type that NumPy lacks, in array 'u'"),
        (h5t.UNIX_D32LE.copy(), r"got times in array 'u'"),
        (h5t.STD_B16LE.copy(), r"got bit fields in array 'u'"),
    ],
    ids=["integer of 24 bits", "quadruple precision", "time", "bit field"],
)
def test_a_type_without_a_counterpart_is_refused_in_a_true_sentence(kind: h5t.TypeID, message: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        h5d.create(file.id, b"u", kind, h5s.create_simple(NUMBERS.shape))
    with pytest.raises(UserError, match=message):
        find_part(tmp_path / "data.h5", "u").values()
