"""One reader of selections: `size` and tasks of users' data read the same parts of the same files, or refuse them alike."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from operators import UserError
from operators.arrays import Array
from operators.external.part import find_part
from operators.external.task import external
from results.sizing.request import SizeRequest, size_report

GENERATOR = np.random.default_rng(0)
INPUTS, CUBE = GENERATOR.standard_normal((20, 4)), GENERATOR.standard_normal((20, 3, 9))
ARRAYS: dict[str, Any] = {
    "u": CUBE[:, 0],
    "T": CUBE.swapaxes(0, 1),
    "cube": CUBE,
    "a": INPUTS,
    "mask": CUBE[:, 0] > 0.0,
    "wave": CUBE[:, 0] + 1j * CUBE[:, 1],
    "one": np.ones(()),
    "none": np.ones((20, 0)),
    "line": np.arange(20.0),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    np.savez(tmp_path / "data.npz", **ARRAYS)
    return tmp_path / "data.npz"


def sized(path: Path, outputs: str | None, inputs: str | None = None) -> tuple[int, int]:
    return size_report(SizeRequest(path, 0.05, array=outputs, inputs=inputs)).size.demand.shape


def declared(path: Path, outputs: str, inputs: str = "a", points: str = "") -> tuple[int, int]:
    task = external("external-mine", path, inputs=inputs, outputs=outputs, points=points)
    return task.functions_available(), len(task.points())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("u", CUBE[:, 0]),
        (" u [ : , ::2 ] ", CUBE[:, 0, ::2]),
        ("cube[:, 1]", CUBE[:, 1]),
        ("cube[:]", CUBE.reshape(20, 27)),
        ("mask", CUBE[:, 0] > 0.0),
    ],
)
def test_both_commands_read_the_same_numbers(text: str, expected: Array, data: Path) -> None:
    assert sized(data, text, "a") == declared(data, text) == expected.shape
    np.testing.assert_array_equal(find_part(data, text).matrix(), expected)
    task = external("external-mine", data, inputs="a", outputs=text)
    np.testing.assert_array_equal(task.outputs(np.array([[4.0]])), np.float64(expected[4:5]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "u[0, 0]",
            r"expected the outputs of several functions, got u\[0, 0\] of array 'u' of shape \(20, 9\); the first ax",
        ),
        (
            "T[0]",
            r"expected the outputs of several functions, got T\[0\] of array 'T' of shape \(3, 20, 9\); the first ax",
        ),
        ("one", r"expected the outputs of several functions, got one of array 'one' of shape \(\)"),
        ("none", r"expected outputs with values, got none of shape \(20, 0\)"),
        (
            "wave",
            r"expected real numbers, got complex128 in array 'wave' of .*; save real and imaginary parts",
        ),
        ("u[True]", r"expected whole numbers and slices with positive steps in the index, got 'True' in 'u\[True\]'"),
        ("u[..., 0]", r"expected whole numbers and slices with positive steps in the index, got '...' in"),
        ("u[:, None]", r"expected whole numbers and slices .* got ' None' in"),
        ("u[[0, 1]]", r"expected an array's name and perhaps an index, as in .* got 'u\[\[0, 1\]\]'"),
        ("u[99:]", r"which selects nothing on axis 0 of length 20"),
        ("u[:, :, 0]", r"expected at most 2 indices for array 'u'"),
        ("v", r"expected an array named 'v' in .*, found: u, T, cube, a, mask"),
    ],
)
def test_both_commands_refuse_in_the_same_true_sentence(text: str, message: str, data: Path) -> None:
    said = set()
    for command in (sized, declared):
        with pytest.raises(UserError, match=message) as caught:
            command(data, text)
        said.add(str(caught.value))
    assert len(said) == 1
    as_inputs = message.replace("outputs", "inputs")
    with pytest.raises(UserError, match=as_inputs):
        sized(data, "u", text)
    with pytest.raises(UserError, match=as_inputs):
        declared(data, "u", inputs=text)


def test_replicates_are_read_in_their_own_axes(tmp_path: Path) -> None:
    noise = 0.01 * GENERATOR.standard_normal((3, 20, 2, 9))
    measured = CUBE[:, :2] + noise
    np.savez(tmp_path / "data.npz", u=measured[0], measured=measured.reshape(3, 20, 18), waves=measured[1] + 1j)
    texts = {"measured[1]": "2 measurements of 360", "measured[1:]": "2 measurements of 360", "measured": "3 measurements of 360"}
    for text, words in texts.items():
        report = size_report(SizeRequest(tmp_path / "data.npz", 0.05, array="u[:]", replicates=text))
        assert report.size.noise is not None
        assert words in report.size.noise.noise.source
        assert report.size.noise.noise.sigma == pytest.approx(0.01, rel=0.2)
    with pytest.raises(UserError, match="expected real numbers, got complex128 in array 'waves'"):
        size_report(SizeRequest(tmp_path / "data.npz", 0.05, array="u[:]", replicates="waves"))


def test_a_lone_array_has_the_name_of_its_file(tmp_path: Path) -> None:
    np.save(tmp_path / "heat.npy", CUBE)
    assert sized(tmp_path / "heat.npy", "heat[:, 1]") == (20, 9)
    assert declared(tmp_path / "heat.npy", "heat[:, -1]", inputs="heat[:, 0]") == (20, 9)
    with pytest.raises(UserError, match=r"expected an array named 'u' in .*heat.npy, found: heat; choose one of these"):
        sized(tmp_path / "heat.npy", "u")


# HDF5: links and user blocks.


def test_links_inside_the_file_are_followed_and_others_are_not(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["store/a"], file["store/u"] = INPUTS, CUBE[:, 0]
        file["u"] = h5py.SoftLink("/store/u")
        file["store/again"] = h5py.SoftLink("u")
        file["alias"] = h5py.SoftLink("store")
        file["chain"] = h5py.SoftLink("alias/again")
        file["elsewhere"] = h5py.ExternalLink("other.h5", "u")
        file["dangling"] = h5py.SoftLink("/nothing/u")
        file["circle"] = h5py.SoftLink("/circle")
    path = tmp_path / "data.h5"
    for text in ("u", "store/again", "alias/u", "chain", "/chain", "store/u[:]"):
        assert declared(path, text, inputs="alias/a") == sized(path, text) == (20, 9)
        np.testing.assert_array_equal(find_part(path, text).values(), CUBE[:, 0])
    for text, words in {
        "elsewhere": "a link to another file",
        "dangling": "a link to nothing",
        "circle": "links without end",
        "alias/z": "expected an array named 'alias/z'",
    }.items():
        with pytest.raises(UserError, match=words):
            sized(path, text)


@pytest.mark.parametrize("size", [512, 1024, 4096])
def test_hdf5_behind_a_user_block_is_hdf5(size: int, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data", "w", userblock_size=size) as file:
        file["a"], file["u"] = INPUTS, CUBE[:, 0]
    with (tmp_path / "data").open("r+b") as handle:
        handle.write(b"#!/bin/sh\n")
    part = find_part(tmp_path / "data", "u")
    assert isinstance(part.values(), np.memmap)
    np.testing.assert_array_equal(part.values(), CUBE[:, 0])
    assert declared(tmp_path / "data", "u") == (20, 9)


# Files of other kinds, damaged headers.


def pytorch(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/data/0", bytes(64))


def text_of(content: bytes) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(content), None)[1]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (pytorch, r"expected a .npz file, got the PyTorch file .*, which holds a pickle; pickles are never read"),
        (text_of(b"\x80\x04\x95" + bytes(40)), "a pickle; save the arrays"),
        (text_of(b"CDF\x01" + bytes(40)), "netCDF-3; save the arrays"),
        (text_of(b"\x1f\x8b" + bytes(40)), "a gzip file; save the arrays"),
        (text_of(b"x" * 2000), "none of these formats; save the arrays"),
    ],
    ids=["pytorch", "pickle", "netcdf-3", "gzip", "text"],
)
def test_files_of_other_kinds_are_refused_by_their_name(write: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    write(tmp_path / "data.pt")
    for command in (sized, declared):
        with pytest.raises(UserError, match=words):
            command(tmp_path / "data.pt", "u")


def npy(header: str, numbers: int = 60, version: int = 1) -> bytes:
    text = header.encode("latin1").ljust(117) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + bytes(8 * numbers)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 3)}", "an impossible shape"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-4, 3)}", "an impossible shape"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999)}", "an impossible shape"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 40 + ")}", "an impossible shape|no readable header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3.0)}", "no readable header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': 12}", "no readable header"),
        ("{'descr': '<f8', 'fortran_order': 0, 'shape': (4, 3)}", "no readable header"),
        ("{'descr': [[]], 'fortran_order': False, 'shape': (4, 3)}", "no readable header"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 300)}", "numbers missing|another length than its header says"),
        ("{'descr'", "no readable header"),
        ("[" * 100, "no readable header"),
        ("\x00", "no readable header"),
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("packed", [False, True], ids=["npy", "npz"])
def test_damaged_headers_are_damaged_files(header: str, words: str, version: int, packed: bool, tmp_path: Path) -> None:
    path, content = tmp_path / "u", npy(header, version=version)
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("u.npy", content)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"expected a whole file, got .*({words})"):
        find_part(path, "u").values()


def test_mutated_headers_give_numbers_or_one_sentence(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, CUBE[:, 0])
    content, generator, path = buffer.getvalue(), np.random.default_rng(3), tmp_path / "u.npy"
    read, said = 0, []
    for _ in range(1000):
        damaged = bytearray(content)
        for place in generator.integers(128, size=generator.integers(1, 4)):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read += find_part(path, "u").values().dtype.kind in "biufc"
        except UserError as error:
            said.append(str(error))
    assert 0 < read < 1000
    assert not [sentence for sentence in said if "\n" in sentence]


# One mesh for several outputs.

X, Y = np.linspace(0.0, 1.0, 4), np.linspace(2.0, 5.0, 3)
MESH = np.stack([part.ravel() for part in np.meshgrid(X, Y, indexing="ij")], axis=1)


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    """Two outputs on one mesh of 4 x 3 points, which is given in every usual way."""
    fields = GENERATOR.standard_normal((20, 4, 3, 2))
    columns, rows = np.meshgrid(X, Y, indexing="ij")
    flat = {"fields": fields, "flat": fields.reshape(20, 12, 2), "xs": MESH[:, 0], "ys": MESH[:, 1], "mesh": MESH}
    np.savez(tmp_path / "mesh.npz", a=INPUTS, x=X, y=Y, columns=columns, rows=rows, cube=MESH.reshape(4, 3, 2), **flat)
    return tmp_path / "mesh.npz"


@pytest.mark.parametrize("points", ["x, y", "columns, rows", "mesh", "cube"])
@pytest.mark.parametrize("channel", [0, 1])
def test_each_of_several_outputs_takes_the_mesh_they_share(points: str, channel: int, mesh: Path) -> None:
    task = external("external-mine", mesh, inputs="a", outputs=f"fields[:, :, :, {channel}]", points=points)
    np.testing.assert_array_equal(task.points(), MESH)


@pytest.mark.parametrize("points", ["mesh", "xs, ys"])
def test_a_mesh_without_axes_is_a_list_of_points(points: str, mesh: Path) -> None:
    task = external("external-mine", mesh, inputs="a", outputs="flat[:, :, 1]", points=points)
    np.testing.assert_array_equal(task.points(), MESH)


@pytest.mark.parametrize(
    ("outputs", "points"),
    [("fields", "x, y"), ("fields", "columns, rows"), ("fields", "mesh"), ("flat", "mesh"), ("flat", "xs, ys")],
)
def test_several_outputs_at_once_are_refused_with_what_to_select(outputs: str, points: str, mesh: Path) -> None:
    message = r"expected coordinates of the points on axes .*; they fit all axes but the last: of several outputs on one"
    with pytest.raises(UserError, match=message):
        external("external-mine", mesh, inputs="a", outputs=outputs, points=points)
