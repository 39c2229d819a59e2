"""What a file says of its own numbers: marks of missing values, packed numbers, parts never written, masks."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from operators import UserError
from operators.arrays import Array
from operators.external.part import find_part
from operators.external.task import external
from operators.sizing.noise_level import noise_from_replicates
from operators.sizing.required_size import required_size

RANK_TWO = np.sin(np.arange(1, 13)[:, None] + np.linspace(0, 1, 10))
CODES = np.arange(12, dtype="i2").reshape(4, 3)


def written(path: Path, values: Any, attributes: dict[str, Any], **storage: Any) -> Path:
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("u", data=values, **storage)
        for name, value in attributes.items():
            dataset.attrs[name] = value
    return path


def marked(mark: float, dtype: str = "f4") -> Array:
    values = RANK_TWO.astype(dtype)
    values[7, 5] = mark
    return values


F4 = 9.96921e36


@pytest.mark.parametrize("storage", [{}, {"chunks": (5, 3), "compression": "gzip"}], ids=["contiguous", "chunked"])
@pytest.mark.parametrize(
    ("values", "attributes", "words"),
    [
        (marked(F4), {"_FillValue": np.array([F4], "f4")}, "_FillValue 9.96921e+36"),
        (marked(F4), {"_FillValue": np.float64(F4)}, "_FillValue 9.96921e+36"),
        (marked(-999.0, "f8"), {"missing_value": np.array([-9999.0, -999.0])}, "missing_value -999"),
        (marked(40.0), {"valid_range": np.array([-1.0, 1.0])}, "valid_range to 1"),
        (marked(-40.0), {"valid_min": -2.0, "valid_max": 2.0}, "valid_min from -2"),
    ],
)
def test_an_entry_marked_as_no_data_is_refused_where_it_stands(
    values: Array, attributes: dict[str, Any], words: str, storage: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path / "data.nc", values, attributes, **storage)
    message = rf"got array 'u' of .*data.nc with an entry at \[7, 5\] .* marked as no data \({words.replace('+', '.')}\); select"
    for text in ("u", "u[3:, 5]", "u[1::3, ::5]", "u[7]", "u[:, 5]"):
        with pytest.raises(UserError, match=message):
            find_part(path, text).values()
    np.testing.assert_array_equal(find_part(path, "u[:7]").values(), values[:7])
    np.testing.assert_array_equal(find_part(path, "u[:, 6:]").values(), values[:, 6:])
    assert required_size(find_part(path, "u[::2]").values(), 0.01).ranks["none"].certified == 2


def test_hdf5s_own_fill_value_is_a_mark_where_somebody_chose_it(tmp_path: Path) -> None:
    path = written(tmp_path / "data.nc", marked(-999.0), {}, fillvalue=-999.0)
    with pytest.raises(UserError, match=r"entry at \[7, 5\] .* marked as no data \(the fill value -999\)"):
        find_part(path, "u").values()


@pytest.mark.parametrize(
    ("values", "storage"),
    [(np.array([[0.0, 1.0], [2.0, 0.0]]), {"fillvalue": 0.0}), (np.array([[255, 0], [1, 254]], "u1"), {"fillvalue": 255})],
    ids=["zeros", "bytes"],
)
def test_zeros_and_bytes_are_data(values: Array, storage: dict[str, Any], tmp_path: Path) -> None:
    np.testing.assert_array_equal(find_part(written(tmp_path / "data.h5", values, {}, **storage), "u").values(), values)


@pytest.mark.parametrize("storage", [{}, {"chunks": (2, 2)}], ids=["contiguous", "chunked"])
def test_packed_numbers_are_unpacked_and_marks_are_those_of_the_packed_ones(storage: dict[str, Any], tmp_path: Path) -> None:
    attributes = {"scale_factor": 0.5, "add_offset": np.array([10.0]), "_FillValue": np.int16(20)}
    path = written(tmp_path / "data.nc", CODES, attributes, **storage)
    part = find_part(path, "u[1:]")
    np.testing.assert_array_equal(part.values(), 10.0 + 0.5 * CODES[1:])
    assert part.stored.dtype == np.float64
    task = external("external-packed", path, inputs="u[:, :1]", outputs="u[:, 1:]")
    np.testing.assert_array_equal(task.outputs(np.array([[3.0]])), [[15.0, 15.5]])
    with h5py.File(path, "r+") as file:
        file["u"][2, 1] = 20
    with pytest.raises(UserError, match=r"entry at \[2, 1\] .* \(_FillValue 20\)"):
        part.values()


@pytest.mark.parametrize(("limit", "refused"), [(np.int16(10), True), (15.6, False), (15.4, True)])
def test_a_range_of_packed_numbers_is_one_of_values_if_it_is_a_float(limit: Any, refused: bool, tmp_path: Path) -> None:
    path = written(tmp_path / "data.nc", CODES, {"scale_factor": 0.5, "add_offset": 10.0, "valid_max": limit})
    assert find_part(path, "u").stored.dtype == np.float64
    if refused:
        with pytest.raises(UserError, match=r"entry at \[3, 2\] .* \(valid_max to"):
            find_part(path, "u").values()
    else:
        assert find_part(path, "u").values().max() == 15.5


def test_each_group_of_a_stack_is_unpacked_by_its_own_scale(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.nc", "w") as file:
        for number in range(4):
            file[f"{number}/u"] = CODES[number]
            file[f"{number}/u"].attrs["scale_factor"] = 2.0**number
    np.testing.assert_array_equal(find_part(tmp_path / "data.nc", "*/u").values(), CODES * 2.0 ** np.arange(4)[:, None])


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"_FillValue": "NA"}, "expected a number in attribute _FillValue of array 'u' of .*, got 'NA'; correct it"),
        ({"_FillValue": np.array([1, 2])}, "expected a number in attribute _FillValue"),
        ({"scale_factor": np.nan}, "expected a number in attribute scale_factor of array 'u' of .*, got 'nan'"),
        ({"valid_range": 1.0}, "expected two numbers in attribute valid_range"),
        ({"missing_value": h5py.Empty("f8")}, "expected a number in attribute missing_value"),
        ({"_Unsigned": "true"}, "got _Unsigned in array 'u' of .*; save it as unsigned"),
    ],
)
def test_marks_that_cannot_be_understood_are_refused(attributes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "data.nc", CODES, attributes)
    with pytest.raises(UserError, match=message):
        find_part(path, "u").values()


def test_a_file_without_marks_is_still_mapped(tmp_path: Path) -> None:
    path = written(tmp_path / "data.nc", RANK_TWO, {"_FillValue": np.nan, "units": "K"})
    assert isinstance(find_part(path, "u").values(), np.memmap)


def test_what_a_simulation_never_wrote_is_not_read_as_zeros(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("contiguous", (12, 10))
        file.create_dataset("u", (12, 10), chunks=(2, 5))[:5] = RANK_TWO[:5]
    with pytest.raises(UserError, match=r"got 6 of the 12 chunks of the selected part written and the rest left empty"):
        find_part(tmp_path / "data.h5", "u").values()
    with pytest.raises(UserError, match=r"got 2 of the 4 chunks of the selected part"):
        find_part(tmp_path / "data.h5", "u[::3, 2]").values()
    with pytest.raises(UserError, match=r"expected array 'contiguous' of .* to be written, got nothing written"):
        find_part(tmp_path / "data.h5", "contiguous").values()
    np.testing.assert_array_equal(find_part(tmp_path / "data.h5", "u[:5]").values(), np.float32(RANK_TWO[:5]))
    np.testing.assert_array_equal(find_part(tmp_path / "data.h5", "u[:6:4, 9]").values(), np.float32(RANK_TWO[:6:4, 9]))


def test_masked_entries_are_refused_and_an_empty_mask_is_none() -> None:
    masked = np.ma.masked_greater(RANK_TWO, 0.9)
    with pytest.raises(UserError, match=r"got 'outputs' with \d+ masked ones; fill them in"):
        required_size(masked, 0.01)
    with pytest.raises(UserError, match=r"got 'replicates' with \d+ masked ones"):
        noise_from_replicates(masked, RANK_TWO)
    assert required_size(np.ma.array(RANK_TWO), 0.01).ranks["none"].certified == 2
