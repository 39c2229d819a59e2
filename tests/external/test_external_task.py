"""A user's own data as tasks: every layout gives the same numbers, nothing a file holds is run, and keys follow the data."""

import contextlib
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import REPOSITORY

from bench.cell import Cell, Net, Noise, Training
from bench.execution.runner import Runner
from bench.study import Study, cell_key
from operators import UserError, find_task
from operators.arrays import Array
from operators.data.dataset import Request, build
from operators.diagnostics.floor import Floor
from operators.errors import DataInvalid
from operators.external import stored_array
from operators.external.arrays import array_names, find_array
from operators.external.part import find_part
from operators.external.selection import parse_selection
from operators.external.stored_array import Stored
from operators.external.task import External, external
from results.families.deeponet import Measured
from results.records.record import RecordError, from_line, record_key, to_line
from results.records.store import check_data

FUNCTIONS, TIMES, POINTS = 60, 4, 24
MATLAB_HEAD = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<HH", 0x0200, 0x4D49)


def tensor_of(functions: int = FUNCTIONS) -> Array:
    """Solutions exp(-4 pi^2 t) a sin(2 pi (x + b)): functions x times x points, of which float32 is exact."""
    generator = np.random.default_rng(5)
    x, t = np.linspace(0.0, 1.0, POINTS), 0.02 * np.arange(TIMES)
    height, phase = generator.uniform(1.0, 2.0, functions), generator.uniform(0.0, 1.0, functions)
    waves = height[:, None] * np.sin(2 * np.pi * (x + phase[:, None]))
    decay = np.exp(-4 * np.pi**2 * t)
    return np.asarray(np.float32(decay[None, :, None] * waves[:, None, :]), dtype=np.float64)


TENSOR = tensor_of()
GRID = np.linspace(0.0, 1.0, POINTS)


def npz(path: Path, arrays: dict[str, Array]) -> None:
    with path.open("wb") as handle:
        np.savez(handle, **arrays)


def compressed_npz(path: Path, arrays: dict[str, Array]) -> None:
    with path.open("wb") as handle:
        np.savez_compressed(handle, **arrays)


def hdf5(path: Path, arrays: dict[str, Array]) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def chunked_hdf5(path: Path, arrays: dict[str, Array]) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=np.float32(array) if array.ndim == 3 else array, compression="gzip", shuffle=True)


def matlab_v6(path: Path, arrays: dict[str, Array]) -> None:
    scipy.io.savemat(path, arrays, appendmat=False, do_compression=False)


def matlab_v7(path: Path, arrays: dict[str, Array]) -> None:
    scipy.io.savemat(path, arrays, appendmat=False, do_compression=True)


def matlab_v73(path: Path, arrays: dict[str, Array], **storage: Any) -> None:
    """HDF5 behind MATLAB's 512 bytes, axes reversed, vectors as rows, classes in attributes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            dataset = file.create_dataset(name, data=np.atleast_2d(array).T, **storage)
            dataset.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as handle:
        handle.write(MATLAB_HEAD)


def chunked_matlab_v73(path: Path, arrays: dict[str, Array]) -> None:
    matlab_v73(path, arrays, compression="gzip", chunks=True)


LAYOUTS = [npz, compressed_npz, hdf5, chunked_hdf5, matlab_v6, matlab_v7, matlab_v73, chunked_matlab_v73]
EVERY_LAYOUT = pytest.mark.parametrize("write", LAYOUTS, ids=lambda write: write.__name__)
Write = Callable[[Path, dict[str, Array]], None]


def declared(path: Path, **changes: Any) -> External:
    declaration = {"inputs": "tensor[:, 0, ::2]", "outputs": "tensor[:, -1]", "points": "x", **changes}
    return external("external-heat", path, **declaration)


@pytest.fixture
def task(tmp_path: Path) -> External:
    hdf5(tmp_path / "heat.h5", {"tensor": TENSOR, "x": GRID})
    return declared(tmp_path / "heat.h5")


@EVERY_LAYOUT
def test_every_layout_gives_the_numbers_that_were_written(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "data", {"tensor": TENSOR, "x": GRID})
    task = declared(tmp_path / "data")
    rows = np.array([[3.0], [0.0], [59.0]])
    np.testing.assert_array_equal(task.inputs(rows), TENSOR[[3, 0, 59], 0, ::2])
    np.testing.assert_array_equal(task.outputs(rows), TENSOR[[3, 0, 59], -1])
    np.testing.assert_array_equal(task.points(), GRID[:, None])
    assert task.sensors().shape == (POINTS // 2, 1)
    assert task.functions_available() == FUNCTIONS
    assert task.inputs(rows).dtype == np.float64


@EVERY_LAYOUT
def test_all_times_of_a_layout_become_points_in_time_and_space(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "data", {"tensor": TENSOR, "x": GRID, "t": 0.5 * np.arange(TIMES + 1)})
    task = declared(
        tmp_path / "data",
        outputs="tensor[:, 1:, ::3]",
        points="t[1:4], x[::3]" if write not in MATLAB else "t[0, 1:4], x[0, ::3]",
    )
    rows = np.array([[7.0]])
    expected = {(0.5 * time, GRID[point]): TENSOR[7, time, point] for time in (1, 2, 3) for point in range(0, POINTS, 3)}
    found = {(t, x): value for (t, x), value in zip(task.points().tolist(), task.outputs(rows)[0], strict=True)}
    assert found == expected


MATLAB = (matlab_v6, matlab_v7, matlab_v73, chunked_matlab_v73)


def test_a_group_for_each_function_is_stacked_in_order_of_names(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        for number in reversed(range(FUNCTIONS)):
            file[f"{number:04d}/data"] = TENSOR[number][..., None]
            file[f"{number:04d}/grid/x"] = GRID
        file["readme"] = 1.0
    task = declared(tmp_path / "groups.h5", inputs="*/data[5:, 0, :, 0]", outputs="*/data[5:, -1, :, 0]", points="0000/grid/x")
    assert task.functions_available() == FUNCTIONS - 5
    np.testing.assert_array_equal(task.outputs(np.array([[0.0], [9.0]])), TENSOR[[5, 14], -1])


def test_groups_of_unequal_shapes_are_refused_by_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        file["0000/data"], file["0001/data"] = np.zeros(3), np.zeros(4)
    with pytest.raises(UserError, match=r"one shape .* got \(3,\) float64 in '0000' and \(4,\) float64 in '0001'"):
        find_array(tmp_path / "groups.h5", "*/data")


@pytest.mark.parametrize("write", [npz, hdf5, matlab_v73], ids=lambda write: write.__name__)
def test_arrays_stored_in_one_piece_are_mapped_and_not_read(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "data", {"tensor": TENSOR, "x": GRID})
    values = find_array(tmp_path / "data", "tensor").read((slice(None), 0))
    base: Any = values
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_of_a_chunked_array_only_the_part_counts_against_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("tensor", data=TENSOR, chunks=(1, TIMES, POINTS), compression="gzip")
    monkeypatch.setattr(stored_array, "LARGEST_IN_MEMORY", FUNCTIONS * POINTS * 8)
    assert find_part(tmp_path / "data.h5", "tensor[:, 0]").values().shape == (FUNCTIONS, POINTS)
    with pytest.raises(UserError, match=r"array 'tensor' .* select fewer functions or points"):
        find_part(tmp_path / "data.h5", "tensor[:, 0:2]").values()


# The law: deterministic subsets without replacement.


def test_training_and_held_out_functions_are_distinct_functions_of_the_file(task: External) -> None:
    data = build(Request(task, functions=40, points=POINTS, test_functions=20))
    rows = [tuple(row) for row in np.concatenate([data.inputs, data.test_inputs])]
    assert sorted(rows) == sorted(map(tuple, TENSOR[:, 0, ::2]))


def test_fewer_functions_are_a_prefix_and_replicates_differ(task: External) -> None:
    few, many = (build(Request(task, functions=n, points=8, test_functions=4)) for n in (5, 50))
    np.testing.assert_array_equal(few.inputs, many.inputs[:5])
    np.testing.assert_array_equal(few.test_inputs, many.test_inputs)
    other = build(Request(task, functions=5, points=8, test_functions=4, replicate=1))
    assert not np.array_equal(few.inputs, other.inputs)
    assert few.constants == many.constants == other.constants


def test_constants_are_those_of_the_functions_of_the_file(task: External) -> None:
    constants = build(Request(task, functions=5, points=8, test_functions=4)).constants
    assert constants.output_mean == pytest.approx(TENSOR[:, -1].mean(), abs=1e-15)
    assert constants.input_std == pytest.approx(TENSOR[:, 0, ::2].std(), rel=1e-12)


def test_more_functions_than_the_file_has_are_refused(task: External) -> None:
    Request(task, functions=56, points=8, test_functions=4)
    with pytest.raises(UserError, match=r"N \+ N' <= 60 functions of task 'external-heat', got N = 57 and N' = 4"):
        Request(task, functions=57, points=8, test_functions=4)


def test_data_are_not_copied_into_the_cache(task: External, tmp_path: Path) -> None:
    from operators.data.dataset import BlockCache

    build(Request(task, functions=5, points=8, test_functions=4), BlockCache(tmp_path / "cache"))
    assert not (tmp_path / "cache").exists()


# Identity.


def small(task: External, **changes: Any) -> Cell:
    settings = {"functions": 20, "points": 12, "test_functions": 8, "training": Training(steps=20), **changes}
    return Cell(
        task=task.name, parameters=task.parameters(), architecture=Net(branch_widths=(8,), trunk_widths=(8,), q=3), **settings
    )


def test_cell_rebuilds_the_task_from_its_own_json(task: External) -> None:
    again = Cell.model_validate_json(small(task).model_dump_json())
    assert find_task(again.task, again.parameters) == task


def test_keys_follow_the_data_and_the_declaration_not_the_place_of_the_file(task: External, tmp_path: Path) -> None:
    shutil.copy(task.file, tmp_path / "moved.mat")
    moved = declared(tmp_path / "moved.mat")
    assert moved.file != task.file
    assert moved.identity() == task.identity()
    assert cell_key(small(moved)) == cell_key(small(task))
    hdf5(tmp_path / "other.h5", {"tensor": TENSOR + 1.0, "x": GRID})
    for other in (declared(tmp_path / "other.h5"), declared(Path(task.file), outputs="tensor[:, -2]")):
        assert other.identity() != task.identity()
        assert cell_key(small(other)) != cell_key(small(task))


def test_spelling_of_a_selection_does_not_matter(task: External) -> None:
    again = declared(Path(task.file), inputs=" tensor[ : ,0,0::2] ", outputs="tensor[:,-1,:]", points="x")
    assert again == task


def test_records_of_another_machine_are_accepted_without_the_file(task: External) -> None:
    (outcome,) = Runner(None).run([small(task)])
    record, parameters = outcome.record, outcome.record.cell["parameters"]
    for moved in ({**parameters, "file": "/nowhere/heat.h5"}, {n: v for n, v in parameters.items() if n != "file"}):
        found = from_line(to_line(record.model_copy(update={"cell": {**record.cell, "parameters": moved}})).encode())
        check_data(found)
        assert found.key == record.key
    forged = record.model_copy(update={"cell": {**record.cell, "parameters": {**parameters, "sha256": "0" * 64}}})
    with pytest.raises(RecordError, match="key is not the hash"):
        from_line(to_line(forged).encode())
    key = record_key(forged.family, forged.cell, forged.task, forged.versions.method)
    with pytest.raises(RecordError, match="data are not those that its cell names"):
        check_data(from_line(to_line(forged.model_copy(update={"key": key})).encode()))


def test_another_file_than_declared_is_a_hard_error(task: External) -> None:
    with pytest.raises(UserError, match=r"expected the file .*heat.h5 with SHA-256 0000.*, got one with [0-9a-f]{64}"):
        declared(Path(task.file), sha256="0" * 64)


def test_a_file_that_changes_under_a_study_fails_its_cells_with_the_reason(task: External) -> None:
    cell, runner = small(task), Runner(None)
    hdf5(Path(task.file), {"tensor": TENSOR + 1.0, "x": GRID})
    (outcome,) = runner.run([cell])
    assert outcome.record.status == "failed"
    assert "it is another file or has changed" in outcome.record.message


def test_a_task_without_its_file_has_an_identity_and_says_what_it_lacks(task: External) -> None:
    parameters = {name: value for name, value in task.parameters().items() if name != "file"}
    bare = find_task(task.name, parameters)
    assert bare.identity() == task.identity()
    with pytest.raises(UserError, match=r"expected the file of task 'external-heat', got none; it is a user's own data"):
        bare.points()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("external-heat", {"viscosity": 1.0}, "expected parameters of task 'external-heat' among .*, got 'viscosity'"),
        ("external-heat", {"sha256": 1.0}, "expected sha256 of task 'external-heat' to be text, got 1.0"),
        ("external-heat", {"sha256": "abc"}, "64 hexadecimal digits, got 'abc'"),
        ("external-heat", {"input_array": "a[::-1]"}, r"slices with positive steps in the index, got '::-1'"),
        ("external-heat", {"input_array": "a[b]"}, r"got 'b' in 'a\[b\]'"),
        ("external-heat", {"input_array": ""}, "expected an array's name"),
        ("external-../x", {}, "expected 'external-' and lower-case letters, digits and hyphens as a name"),
        ("external-" + "x" * 300, {}, "expected 'external-' and lower-case letters, digits and hyphens as a name"),
    ],
)
def test_declarations_that_make_no_sense_are_refused(task: External, name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_task(name, task.parameters() | changes)


# Selections.

WHOLE = st.integers(-9, 9)
SLICES = st.builds(slice, st.none() | WHOLE, st.none() | WHOLE, st.none() | st.integers(1, 4))
CUBE = np.arange(5 * 6 * 7).reshape(5, 6, 7)


def written(items: tuple[int | slice, ...]) -> str:
    def item(one: int | slice) -> str:
        if isinstance(one, int):
            return str(one)
        ends = ["" if end is None else str(end) for end in (one.start, one.stop, one.step)]
        return ":".join(ends)

    return "cube[" + ",".join(map(item, items)) + "]"


@settings(max_examples=200, deadline=None)
@given(items=st.lists(WHOLE | SLICES, min_size=1, max_size=3).map(tuple))
def test_a_selection_means_what_numpy_means_by_it(items: tuple[int | slice, ...]) -> None:
    selection = parse_selection(written(items))
    assert parse_selection(str(selection)) == selection
    stored = Stored("cube", CUBE.shape, CUBE.dtype, CUBE.__getitem__)
    try:
        expected = CUBE[items]
    except IndexError:
        expected = np.empty(0)
    if expected.size == 0:
        with pytest.raises(UserError, match=r"expected indices within array 'cube' of shape \(5, 6, 7\)"):
            selection.index_in(stored)
    else:
        np.testing.assert_array_equal(stored.read(selection.index_in(stored)), expected)
        assert selection.shape_in(stored) == expected.shape


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": "tensors"}, r"expected an array named 'tensors' in .*, found: tensor, x; choose one of these"),
        ({"inputs": "tensor[0]"}, r"inputs of several functions, got tensor\[0\] of array 'tensor' of shape \(60, 4, 24\)"),
        ({"inputs": "tensor[:, 4]"}, r"asks for index 4 on axis 1 of length 4"),
        ({"inputs": "tensor[:, 0, 0, 0]"}, r"at most 3 indices for array 'tensor' of shape \(60, 4, 24\)"),
        ({"inputs": "tensor[:50]"}, r"as many inputs as outputs, got 50 functions in tensor\[:50\] and 60 in tensor\[:, -1\]"),
        ({"points": "x[::2]"}, r"points on axes of lengths \(24,\): .* got x\[::2\] of shape \(12,\)"),
        ({"outputs": "tensor[:, 1:]", "points": "x"}, r"axes of lengths \(3, 24\): .* got x of shape \(24,\)"),
        ({"outputs": "tensor[:, -1, :20]"}, r"lengths \(20,\): .* got x of shape \(24,\); x\[:20\] would fit axis 1"),
        ({"points": "tensor[0, 0]"}, "expected distinct coordinates of the points, got a point twice"),
    ],
)
def test_parts_that_do_not_fit_are_refused_naming_array_and_shape(task: External, changes: dict[str, str], message: str) -> None:
    if changes["points" if "points" in changes else next(iter(changes))] == "tensor[0, 0]":
        hdf5(Path(task.file), {"tensor": np.ones_like(TENSOR), "x": GRID})
    with pytest.raises(UserError, match=message):
        declared(Path(task.file), **changes)


def test_points_may_be_given_one_by_one(tmp_path: Path) -> None:
    scattered = np.random.default_rng(0).random((POINTS, 2))
    npz(tmp_path / "data.npz", {"tensor": TENSOR, "x": scattered})
    np.testing.assert_array_equal(declared(tmp_path / "data.npz").points(), scattered)
    scattered[3] = np.nan
    npz(tmp_path / "data.npz", {"tensor": TENSOR, "x": scattered})
    with pytest.raises(UserError, match="expected finite coordinates of the points, got NaN or infinity in x"):
        declared(tmp_path / "data.npz")


# NaN in the data.


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_poisoned_sample_is_named_as_the_file_numbers_it_before_training(value: float, tmp_path: Path) -> None:
    poisoned = TENSOR.copy()
    poisoned[14, -1, 3] = value
    hdf5(tmp_path / "heat.h5", {"tensor": poisoned, "x": GRID})
    task = declared(tmp_path / "heat.h5", inputs="tensor[4::2, 0]", outputs="tensor[4::2, -1]")
    (outcome,) = Runner(None).run([small(task, functions=20)])
    assert outcome.record.status == "data_invalid"
    assert outcome.record.message == "task 'external-heat': sample 14 of array 'tensor' holds NaN or infinity"
    clean = declared(tmp_path / "heat.h5", inputs="tensor[5::2, 0]", outputs="tensor[5::2, -1]")
    build(Request(clean, functions=20, points=8, test_functions=8))
    with pytest.raises(DataInvalid):
        build(Request(declared(tmp_path / "heat.h5"), functions=50, points=8, test_functions=8))


# Hostile files.


class Bomb:
    """Creates a folder when unpickled."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.sentinel),)


def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    objects = np.empty((4, 4), dtype=object)
    objects[:] = Bomb(tmp_path / "exploded")
    np.savez(tmp_path / "data.npz", tensor=objects)
    with pytest.raises(UserError, match=r"got Python objects in array 'tensor' .* never unpickled"):
        declared(tmp_path / "data.npz", inputs="tensor", outputs="tensor")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array([1, "a"], dtype=object), "a MATLAB cell"),
        ({"field": 1.0}, "a MATLAB struct"),
        ("text", "a MATLAB char"),
        (scipy.sparse.eye_array(4).tocsc(), "a MATLAB sparse"),
        (np.ones((4, 4)) * 1j, "a MATLAB complex array"),
    ],
    ids=["cell", "struct", "char", "sparse", "complex"],
)
@pytest.mark.parametrize("compression", [False, True])
def test_matlab_variables_that_are_no_numbers_are_refused_by_class(
    value: Any, words: str, compression: bool, tmp_path: Path
) -> None:
    scipy.io.savemat(tmp_path / "data.mat", {"fine": np.ones((4, 4)), "bad": value}, do_compression=compression)
    assert find_part(tmp_path / "data.mat", "fine").values().tolist() == np.ones((4, 4)).tolist()
    with pytest.raises(UserError, match=f"expected a full array of real numbers, got {words} in 'bad'"):
        find_array(tmp_path / "data.mat", "bad")


@pytest.mark.parametrize(("code", "words"), [(3, "object"), (16, "function handle"), (17, "object"), (99, "unknown class")])
def test_matlab_objects_and_function_handles_are_refused(code: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "data.mat"
    scipy.io.savemat(path, {"bad": np.ones((4, 4))}, do_compression=False)
    content = bytearray(path.read_bytes())
    assert content[128 + 16] == 6  # class of a double array
    content[128 + 16] = code
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"got a MATLAB .*{words} in 'bad'"):
        find_array(path, "bad")


@pytest.mark.parametrize("kind", ["cell", "char", "function_handle", "struct", "MyClass"])
def test_objects_of_matlab_v73_are_refused_by_class(kind: str, tmp_path: Path) -> None:
    matlab_v73(tmp_path / "data.mat", {"bad": TENSOR})
    with h5py.File(tmp_path / "data.mat", "r+") as file:
        file["bad"].attrs["MATLAB_class"] = np.bytes_(kind)
    with pytest.raises(UserError, match=f"got a MATLAB {kind} in 'bad'"):
        find_array(tmp_path / "data.mat", "bad")


def test_sparse_and_empty_arrays_of_matlab_v73_are_refused(tmp_path: Path) -> None:
    matlab_v73(tmp_path / "data.mat", {"none": np.zeros(2)})
    with h5py.File(tmp_path / "data.mat", "r+") as file:
        file["none"].attrs["MATLAB_empty"] = np.uint8(1)
        file.create_group("sparse").attrs["MATLAB_sparse"] = np.uint64(4)
    with pytest.raises(UserError, match="got an empty array in 'none'"):
        find_array(tmp_path / "data.mat", "none")
    with pytest.raises(UserError, match="got a sparse array in 'sparse'"):
        find_array(tmp_path / "data.mat", "sparse")


def link_elsewhere(file: h5py.File, secret: Path) -> None:
    file["tensor"] = h5py.ExternalLink(str(secret), "tensor")


def link_to_nothing(file: h5py.File, secret: Path) -> None:
    file["tensor"] = h5py.SoftLink("/other")


def stored_elsewhere(file: h5py.File, secret: Path) -> None:
    file.create_dataset("tensor", (4, 4), external=[(str(secret), 0, 128)])


def virtual(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4, 4), dtype="f8")
    layout[:] = h5py.VirtualSource(str(secret), "tensor", (4, 4))
    file.create_virtual_dataset("tensor", layout)


def text(file: h5py.File, secret: Path) -> None:
    file["tensor"] = ["a", "b"]


def references(file: h5py.File, secret: Path) -> None:
    file.create_dataset("tensor", (4, 4), dtype=h5py.ref_dtype)


def record(file: h5py.File, secret: Path) -> None:
    file.create_dataset("tensor", (4,), dtype=[("real", "f8"), ("imag", "f8")])


def plug_in(file: h5py.File, secret: Path) -> None:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4, 4))
    plist.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(file.id, b"tensor", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((4, 4)), dcpl=plist)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (link_elsewhere, "got a link to another file"),
        (link_to_nothing, "got a link to nothing"),
        (stored_elsewhere, "got other files named there"),
        (virtual, "got other files named there"),
        (text, "got Python objects in array 'tensor'"),
        (references, "got Python objects in array 'tensor'"),
        (record, "expected numbers, got"),
        (plug_in, "got filter 32001"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_hdf5_that_leads_outside_its_file_or_holds_no_numbers_is_refused(
    plant: Callable[[h5py.File, Path], None], message: str, tmp_path: Path
) -> None:
    hdf5(tmp_path / "secret.h5", {"tensor": np.ones((4, 4))})
    with h5py.File(tmp_path / "data.h5", "w") as file:
        plant(file, tmp_path / "secret.h5")
    with pytest.raises(UserError, match=message):
        find_part(tmp_path / "data.h5", "tensor").values()


def test_arrays_that_claim_more_than_memory_holds_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("tensor", (2**20, 2**20), chunks=(1, 2**10))
        file.create_dataset("chunk", (2**15, 2**14), chunks=(2**15, 2**14 - 1), dtype="f8")
    with pytest.raises(UserError, match=r"array 'tensor' .* with 4096.0 GiB"):
        find_part(tmp_path / "data.h5", "tensor").values()
    with pytest.raises(UserError, match=r"array 'chunk' .* save it in smaller chunks"):
        find_part(tmp_path / "data.h5", "chunk[0]").values()


def matlab_bomb(path: Path, inner: int) -> None:
    """A compressed variable whose outer tag is small and whose numbers claim `inner` bytes, followed by many zeros."""
    array = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, 4, 4) + struct.pack("<HHI", 1, 1, ord("a"))
    array += struct.pack("<II", 9, inner)
    element = struct.pack("<II", 14, len(array) + 128) + array + bytes(2**24)
    packed = zlib.compress(element)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    path.write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)


@pytest.mark.parametrize("inner", [128, 2**31, 2**32 - 1])
def test_matlab_variables_unpack_to_the_size_of_their_tag_and_no_further(inner: int, tmp_path: Path) -> None:
    matlab_bomb(tmp_path / "data.mat", inner)
    assert array_names(tmp_path / "data.mat") == ["a"]
    with pytest.raises(UserError, match="array 'a' of another length than its tag says"):
        find_part(tmp_path / "data.mat", "a").values()


@EVERY_LAYOUT
def test_files_cut_off_or_altered_are_refused_in_one_sentence_or_read_unaltered(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "data"
    write(path, {"tensor": TENSOR, "x": GRID})
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    for trial in range(30):
        damaged = bytearray(content[: generator.integers(1, len(content))] if trial < 10 else content)
        if trial >= 10:
            damaged[generator.integers(len(damaged))] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        with contextlib.suppress(UserError):
            assert find_part(path, "tensor").values().dtype.kind in "biufc"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x04\x95 pickle", "a pickle"),
        (struct.pack("<iiiii", 0, 4, 4, 0, 2) + b"a\0" + bytes(128), "a MAT-file of level 4"),
        (b"", "none of these formats"),
    ],
)
def test_other_formats_are_refused_by_name(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "data.mat").write_bytes(content)
    with pytest.raises(UserError, match=words):
        declared(tmp_path / "data.mat")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="got no regular file"):
        declared(tmp_path / "pipe")


# In studies.


def test_a_witness_on_private_data_is_refused_with_the_reason() -> None:
    from results.witnesses.header import Header
    from results.witnesses.verification import request_of

    header = Header.model_validate(
        {
            "data": {
                "task": "external-heat",
                "task_version": 1,
                "task_identity": "0" * 64,
                "design": "grid",
                "functions": 4,
                "points": 4,
            },
            "sensors": 4,
            "coordinates": 1,
            "architecture": {
                "branch_widths": (2,),
                "trunk_widths": (2,),
                "q": 1,
                "activation": "tanh",
                "ends": "activated-trunk",
            },
            "scaling": {"inputs": "standard", "coordinates": "unit"},
            "target": {"kind": "relative", "value": 0.1},
            "origin": {"author": "A", "method": "m", "created": "2026-01-01"},
        }
    )
    with pytest.raises(UserError, match="expected the SHA-256 of the file of task 'external-heat'"):
        request_of(header)


def test_brackets_of_private_data_are_refused_with_the_reason(task: External) -> None:
    from bench.question import Question
    from results.records.manifest import Target

    with pytest.raises(UserError, match="a witness on a user's own data can only be verified by who has the file"):
        Study(name="mine", question="?", brackets=(Question(small(task), Target(kind="relative", value=0.1)),))


def test_noise_floors_and_anatomy_work_as_for_any_task(task: External) -> None:
    (outcome,) = Runner(None).run([small(task, noise=Noise(law="rademacher", sigma=0.3))])
    record = outcome.record
    assert record.status == "done", record.message
    assert isinstance(record.measured, Measured)
    bounds, errors = record.measured.bounds, record.measured.errors
    assert bounds.floor is not None
    assert not Floor(bounds.floor, bounds.unit).excludes(errors.training_mse)
    assert {"trunk_excess", "branch_error", "degrees_of_freedom"} <= set(bounds.values)


@pytest.mark.parametrize(("design", "points"), [("scattered", 6), ("triples", 1)])
def test_every_design_draws_its_points_from_those_of_the_file(design: Any, points: int, task: External) -> None:
    data = build(Request(task, design=design, functions=30, points=points, test_functions=30))
    rows = {tuple(inputs): outputs for inputs, outputs in zip(TENSOR[:, 0, ::2], TENSOR[:, -1], strict=True)}
    for inputs, index, clean in zip(data.inputs, data.index, data.clean, strict=True):
        np.testing.assert_array_equal(clean, rows[tuple(inputs)][index])


@pytest.mark.system
def test_the_worked_study_of_the_documentation_runs_and_runs_nothing_again_when_moved(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "external.md").read_text()
    block = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert block is not None
    home = tmp_path / "home"
    home.mkdir()
    (home / "mystudy.py").write_text(block[1])
    hdf5(home / "heat.h5", {"tensor": TENSOR, "x-coordinate": GRID})

    def run(folder: Path) -> str:
        command = [
            sys.executable,
            "-m",
            "bench",
            "run",
            str(folder / "mystudy.py"),
            "--out",
            str(tmp_path / "out"),
            "--workers",
            "1",
            "--no-figures",
        ]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "study my-heat: 8 cells, 8 done; none of 8 records with a floor lies below it" in run(home)
    table = (tmp_path / "out" / "my-heat" / "scaling.csv").read_text()
    assert "external-heat" in table
    assert str(tmp_path) not in table
    home.rename(tmp_path / "elsewhere")
    assert "nothing to do" in run(tmp_path / "elsewhere")
    report = [sys.executable, "-m", "bench", "report", "my-heat", "--no-figures", "--out", str(tmp_path / "out")]
    shutil.rmtree(tmp_path / "elsewhere")
    assert subprocess.run(report, cwd=REPOSITORY, capture_output=True, check=False, timeout=120).returncode == 0
    assert (tmp_path / "out" / "my-heat" / "scaling.csv").read_text() == table


def test_reading_numpy_files_does_not_load_h5py() -> None:
    program = "import sys, operators, operators.external.arrays; sys.exit('h5py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0
