"""The witness file: what is written is read back; whatever else is handed in is refused with its reason, in bounded memory."""

import hashlib
import io
import json
import os
import pickle
import stat
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from operators.architectures import Weights
from operators.architectures.deeponet import ENDS
from results.schema.cells import Net
from results.witnesses.file import MAXIMUM_FILE_BYTES, Witness, decode, encode, load_witness, save_witness
from results.witnesses.header import MAXIMUM_HEADER_BYTES, PUNCTUATION, Header, parse_header, plain
from results.witnesses.npz_archive import MAXIMUM_UNPACKED_BYTES
from results.witnesses.untrusted_files import Unreadable

SMALL = 8 * 2**20

HEADER: dict[str, Any] = {
    "schema_version": 2,
    "data": {
        "task": "antiderivative",
        "task_version": 1,
        "task_identity": "0" * 64,
        "parameters": {"length": 0.25},
        "design": "grid",
        "functions": 12,
        "points": 10,
        "noise_law": "none",
        "sigma": 0.0,
        "replicate": 0,
    },
    "sensors": 5,
    "coordinates": 1,
    "architecture": {
        "name": "deeponet",
        "branch_widths": [4],
        "trunk_widths": [3, 4],
        "q": 2,
        "activation": "tanh",
        "ends": "linear",
    },
    "scaling": {"inputs": "standard", "coordinates": "unit", "outputs": "task"},
    "target": {"kind": "relative", "value": 0.1},
    "origin": {
        "author": "Ada Lovelace",
        "method": "by hand",
        "created": "2026-01-31",
        "record": None,
        "versions": {"numpy": "2.4.6"},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The header with one field set; `None` for a missing field is written as the string `absent`."""
    header = json.loads(json.dumps(HEADER))
    *parents, last = path.split(".")
    place = header
    for parent in parents:
        place = place[parent]
    if value == "absent":
        del place[last]
    else:
        place[last] = value
    return header


def arrays(header: dict[str, Any] | bytes = HEADER) -> dict[str, np.ndarray]:
    """Header and weights 1/8, 2/8, ... as an outsider would hand them in."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    found = {"header": np.frombuffer(text, dtype=np.uint8)}
    for name, shape in Header.model_validate(HEADER).net().shapes().items():
        found[name] = (1.0 + np.arange(np.prod(shape))).reshape(shape) / 8
    return found


def zipped(entries: dict[str, np.ndarray], *, compressed: bool = False) -> bytes:
    content = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(content, **entries)
    return content.getvalue()


def with_entry(name: str, content: bytes = b"x", **attributes: Any) -> bytes:
    """The archive of a valid witness with one more entry."""
    data = io.BytesIO(zipped(arrays()))
    with zipfile.ZipFile(data, "a") as archive:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name
        for key, value in attributes.items():
            setattr(entry, key, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile warns of duplicate names
            archive.writestr(entry, content)
    return data.getvalue()


def npy(shape: str, content: bytes = b"", descr: str = "<f8") -> bytes:
    """A .npy file with any header."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


def raw_zip(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return content.getvalue()


def valid_witness() -> Witness:
    return decode(zipped(arrays()))


@st.composite
def witnesses(draw: st.DrawFn) -> Witness:
    """Any small architecture with any finite weights."""
    widths = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
    net = Net(
        branch_widths=draw(widths),
        trunk_widths=draw(widths),
        q=draw(st.integers(1, 4)),
        activation="relu",
        ends=draw(st.sampled_from(ENDS)),
    )
    header = Header.model_validate(
        {
            **HEADER,
            "sensors": draw(st.integers(1, 5)),
            "coordinates": draw(st.integers(1, 3)),
            "architecture": net,
            "origin": {**HEADER["origin"], "created": "2026-02-03"},
        }
    )
    width = draw(st.sampled_from([32, 64]))
    values = st.floats(allow_nan=False, allow_infinity=False, width=width)
    shapes = header.net().shapes().items()
    return Witness(header, Weights({name: draw(npst.arrays(np.float64, shape, elements=values)) for name, shape in shapes}))


@given(witnesses())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_exactly_and_as_the_same_bytes(witness: Witness) -> None:
    data = encode(witness)
    again = decode(data)
    assert again.header == witness.header
    assert again.weights.sha256() == witness.weights.sha256()
    assert encode(again) == data
    assert witness.sha256 == hashlib.sha256(data).hexdigest() == again.sha256
    with np.errstate(over="ignore"):
        single = all(np.array_equal(array, array.astype(np.float32)) for array in witness.weights.arrays())
    assert again.bits == (32 if single else 64)


def test_the_address_is_the_same_for_all_archives_of_the_same_contents_and_in_all_releases() -> None:
    plain_one, packed = zipped(arrays()), zipped(arrays(), compressed=True)
    turned = {name: np.asfortranarray(array) for name, array in reversed(arrays().items())}
    single = {name: array if name == "header" else array.astype(np.float32) for name, array in arrays().items()}
    addresses = {decode(data).sha256 for data in (plain_one, packed, zipped(turned), zipped(single))}
    assert addresses == {"36390356e5a40c5c741feada6ad11db6aaba246abab0f29d9134eeac629ea1ae"}


def test_weights_that_float32_holds_are_stored_in_it_and_counted_with_32_bits() -> None:
    witness = valid_witness()
    assert witness.bits == 32
    finer = arrays() | {"bias": np.array([0.1])}
    assert decode(zipped(finer)).bits == 64
    assert len(encode(decode(zipped(finer)))) > len(encode(witness))
    assert decode(zipped(finer)).weights["bias"][0] == 0.1


def test_kernels_in_fortran_order_mean_the_same_matrix() -> None:
    kernel = np.asfortranarray(arrays()["branch_0_kernel"])
    witness = decode(zipped(arrays() | {"branch_0_kernel": kernel}))
    np.testing.assert_array_equal(witness.weights["branch_0_kernel"], kernel)


def test_save_and_load(tmp_path: Path) -> None:
    witness = valid_witness()
    save_witness(tmp_path / "w.npz", witness)
    assert (
        load_witness(tmp_path / "w.npz").sha256 == witness.sha256 == hashlib.sha256((tmp_path / "w.npz").read_bytes()).hexdigest()
    )


def test_weights_that_do_not_fit_the_header_are_not_written() -> None:
    header, named = valid_witness().header, valid_witness().weights.named
    fewer = {name: array for name, array in named.items() if name != "branch_1_kernel"}
    for other in (fewer, {**named, "spare": np.ones(1)}, {**named, "bias": np.ones(2)}, dict(reversed(named.items()))):
        with pytest.raises(ValueError, match="expected weights of shapes"):
            encode(Witness(header, Weights(other)))
    with pytest.raises(Unreadable, match="finite"):
        encode(Witness(header, Weights({**named, "bias": np.array([np.nan])})))


class Sentinel:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable, tuple]:
        return Path.touch, (self.path,)


def test_pickles_are_refused_and_not_executed(tmp_path: Path) -> None:
    sentinel = tmp_path / "executed"
    evil = Sentinel(sentinel)
    objects = np.array([evil, evil], dtype=object)
    pickled = pickle.dumps(evil)
    handed_in = {
        "got objects or another type": zipped(arrays() | {"branch_0_kernel": objects}),
        "array 'header' as plain": zipped(arrays() | {"header": objects}),
        "not a zip file": pickled,
        "got a path: 'archive/data.pkl'": raw_zip({"archive/data.pkl": pickled, "archive/version": b"3\n"}),
        "expected names of arrays in the archive, got 'data.pkl'": raw_zip({"data.pkl": pickled}),
    }
    for reason, data in handed_in.items():
        with pytest.raises(Unreadable, match=reason.replace("'", ".")):
            decode(data)
    assert not sentinel.exists()
    pickle.loads(pickled)
    assert sentinel.exists()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x.npy", "a path"),
        ("/etc/x.npy", "a path"),
        ("C:\\x.npy", "a path"),
        ("..\\x.npy", "a path"),
        ("sub/bias.npy", "a path"),
        (".npy", "a path"),
        ("x" * 300 + ".npy", "names of arrays"),
        ("Bias.npy", "names of arrays"),
        ("bias", "names of arrays"),
        ("bias.npy\n", "names of arrays"),
        ("branch_0_kernel.npy", "twice"),
        ("branch_2_kernel.npy", "got also 'branch_2_kernel'"),
        ("script.npy", "got also 'script'"),
    ],
)
def test_names_outside_the_allow_list_are_refused(name: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        decode(with_entry(name, npy("(1,)", b"\0" * 8)))
    assert len(str(caught.value)) < 250


def test_a_name_cut_short_by_a_zero_byte_is_refused() -> None:
    data = with_entry("bias.npy_x.npy").replace(b"bias.npy_x.npy", b"bias.npy\0x.npy")
    with pytest.raises(Unreadable, match="a path"):
        decode(data)


def test_links_encryption_and_other_methods_are_refused() -> None:
    with pytest.raises(Unreadable, match="a link"):
        decode(with_entry("spare.npy", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16))
    with pytest.raises(Unreadable, match="another method"):
        decode(with_entry("spare.npy", b"x", compress_type=zipfile.ZIP_BZIP2))
    data = bytearray(with_entry("spare.npy"))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unreadable, match="encryption"):
        decode(bytes(data))


def peak(function: Callable[[], object]) -> int:
    """Most bytes allocated at once."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bomb(size: int, claimed: int | None = None) -> bytes:
    """A header of zeros that unpacks to `size` bytes, with another size in the directory if asked for."""
    data = bytearray(raw_zip({"header.npy": bytes(size)}, zipfile.ZIP_DEFLATED))
    if claimed is not None:
        data[22:26] = struct.pack("<L", claimed)
        directory = data.rindex(b"PK\x01\x02")
        data[directory + 24 : directory + 28] = struct.pack("<L", claimed)
    return bytes(data)


def test_archives_that_unpack_to_far_more_are_refused_in_little_memory() -> None:
    honest, lying = bomb(MAXIMUM_UNPACKED_BYTES + 1), bomb(2**25, claimed=600)
    assert len(honest) < MAXIMUM_UNPACKED_BYTES / 500
    cases = {
        "unpacked bytes": honest,
        "damaged": lying,
        "at most 65536 bytes, got 10000": raw_zip({"header.npy": npy("(10000000,)", bytes(10**7), "|u1")}),
        "to hold 7999999984000000008 bytes": zipped_with("bias.npy", npy("(999999999, 999999999)", b"\0" * 8)),
    }
    for reason, data in cases.items():

        def refuse(data: bytes = data, reason: str = reason) -> None:
            with pytest.raises(Unreadable, match=reason):
                decode(data)

        assert peak(refuse) < SMALL, reason


def zipped_with(entry: str, content: bytes) -> bytes:
    """The archive of a valid witness with the content of one entry replaced."""
    with zipfile.ZipFile(io.BytesIO(zipped(arrays()))) as archive:
        return raw_zip({info.filename: content if info.filename == entry else archive.read(info) for info in archive.infolist()})


def test_a_header_that_declares_an_enormous_net_costs_no_memory() -> None:
    header = changed("architecture.branch_widths", [8192] * 16)

    def refuse() -> None:
        with pytest.raises(Unreadable, match="branch_0_kernel"):
            decode(zipped(arrays(header)))

    assert peak(refuse) < SMALL


def test_directories_of_very_many_entries_are_refused_before_they_are_read() -> None:
    data = raw_zip({f"a{i}.npy": b"" for i in range(5000)})

    def refuse() -> None:
        with pytest.raises(Unreadable, match="at most 80 arrays"):
            decode(data)

    assert peak(refuse) < 2**20


@pytest.mark.parametrize("shape", ["(1,)", "(5,)", "(4, 5)", "(5, 4, 1)", "(20,)", "()", "(-5, -4)", "(5, 4), 'x': (1,)"])
def test_arrays_of_wrong_shape_are_refused(shape: str) -> None:
    with pytest.raises(Unreadable, match="branch_0_kernel"):
        decode(zipped_with("branch_0_kernel.npy", npy(shape, bytes(160))))


@pytest.mark.parametrize("dtype", [">f8", "<f2", "<i8", "<c16", "|O", "|S8", "<U2", "<M8[s]", "|V8"])
def test_arrays_of_other_types_are_refused(dtype: str) -> None:
    with pytest.raises(Unreadable, match=r"plain little-endian"):
        decode(zipped_with("bias.npy", npy("(1,)", bytes(8), dtype)))


def test_weights_that_are_whole_numbers_and_headers_that_are_floats_are_refused() -> None:
    with pytest.raises(Unreadable, match="expected array 'bias' of shape"):
        decode(zipped_with("bias.npy", npy("(1,)", b"\1", "|u1")))
    with pytest.raises(Unreadable, match="header as a vector of uint8"):
        decode(zipped(arrays() | {"header": np.ones(5)}))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(Unreadable, match="NaN or infinity in array 'trunk_1_bias'"):
        decode(zipped(arrays() | {"trunk_1_bias": np.array([0.0, value, 0.0, 0.0])}))


@pytest.mark.parametrize("name", ["header", "bias", "branch_1_bias", "trunk_0_kernel"])
def test_missing_arrays_are_named(name: str) -> None:
    entries = arrays()
    del entries[name]
    with pytest.raises(Unreadable, match=f"expected an array '{name}', got none"):
        decode(zipped(entries))


def test_every_truncation_is_refused() -> None:
    data = zipped(arrays())
    for length in range(0, len(data), 7):
        with pytest.raises(Unreadable, match=r"not a zip file|without its end|damaged"):
            decode(data[:length])


def test_bytes_before_or_after_the_archive_and_other_kinds_of_archive_are_refused() -> None:
    data = zipped(arrays())
    for altered in (b"MZ" + data, data + b"\0", data[:-2] + b"\1\0x", b"PK\x03\x04" + data):
        with pytest.raises(Unreadable, match="npz archive"):
            decode(altered)
    end = data[-22:]
    large = data[:-22] + b"PK\x06\x07" + bytes(16) + end
    with pytest.raises(Unreadable, match="zip64"):
        decode(large)


def test_a_flipped_bit_in_a_stored_array_is_found() -> None:
    data = bytearray(encode(valid_witness()))
    data[data.index(b"branch_0_kernel.npy") + 150] ^= 0x10
    with pytest.raises(Unreadable, match="damaged"):
        decode(bytes(data))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12), st.booleans())
@settings(max_examples=250, deadline=None)
def test_no_damage_makes_the_reader_fail_otherwise_than_by_refusing(changes: list[tuple[int, int]], compressed: bool) -> None:
    data = bytearray(DAMAGED_BASE[compressed])
    for position, value in changes:
        data[position % len(data)] = value
    try:
        witness = decode(bytes(data))
    except Unreadable as error:
        reason = str(error)
    else:
        reason = ""
        assert witness.weights.finite()
    assert reason.isascii()
    assert len(reason) < 400


DAMAGED_BASE = {flag: zipped(arrays(), compressed=flag) for flag in (False, True)}


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_header_makes_the_reader_fail_otherwise_than_by_refusing(text: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_header(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "in JSON"),
        (b"[]", "header: "),
        (b'"x"', "header: "),
        (b"\xff\xfe{}", "in UTF-8, got byte 0xff at 0"),
        (b"[" * 60_000, "in JSON.*recursion"),
        (b'{"data":' * 8_000, "in JSON.*recursion"),
        (b" " * (MAXIMUM_HEADER_BYTES + 1), "at most 65536 bytes"),
        (json.dumps(HEADER).replace("0.1", "NaN").encode(), "target.value"),
        (json.dumps(HEADER).replace("0.1", "Infinity").encode(), "target.value"),
        (json.dumps(HEADER).replace("0.1", "1e999").encode(), "target.value"),
        (json.dumps(HEADER).encode()[:-1], "in JSON"),
    ],
    ids=["empty", "list", "text", "latin", "deep-lists", "deep-objects", "long", "nan", "infinity", "overflow", "torn"],
)
def test_headers_that_are_no_json_of_ours_are_refused(text: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_header(text)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("extra", 1, "no unknown field in the header, got extra"),
        ("net", {"q": 2}, "no unknown field in the header, got net"),
        ("architecture.dropout", 0.1, "no unknown field in the header, got architecture.dropout"),
        ("architecture.sensors", 5, "no unknown field in the header, got architecture.sensors"),
        ("data.labels", [1.0], "no unknown field in the header, got data.labels"),
        ("target", "absent", "target: Field required"),
        ("schema_version", 1, "schema 2, got 1"),
        ("schema_version", 3, "schema 2, got 3"),
        ("data.task", "../burgers", "data.task"),
        ("data.task", "x" * 65, "data.task"),
        ("data.task_identity", "0" * 63, "data.task_identity"),
        ("data.parameters", {"__class__": 1.0}, "data.parameters"),
        ("data.parameters", {f"a{i}": 1.0 for i in range(33)}, "data.parameters"),
        ("data.parameters", {"length": "0.25"}, "data.parameters.length"),
        ("data.functions", "12", "data.functions"),
        ("data.functions", True, "data.functions"),
        ("data.functions", 0, "data.functions"),
        ("data.functions", 2**24 + 1, "data.functions"),
        ("data.points", 10.5, "data.points"),
        ("data.noise_law", "cauchy", "data.noise_law"),
        ("data.sigma", 0.5, "sigma = 0 without"),
        ("data.replicate", -1, "data.replicate"),
        ("sensors", 0, "sensors"),
        ("sensors", "absent", "sensors: Field required"),
        ("sensors", 2**20 + 1, "sensors"),
        ("coordinates", 17, "coordinates"),
        ("coordinates", 1.5, "coordinates"),
        ("architecture", "absent", "architecture: Field required"),
        ("architecture", [4, 3], "architecture: "),
        ("architecture.name", "planted", "architecture: .*expected an architecture among .*, got 'planted'"),
        ("architecture.name", ["deeponet"], "architecture: .*expected an architecture among"),
        ("architecture.name", None, "architecture: .*expected an architecture among"),
        ("architecture.schedule", "tied", "expected an architecture with the schedule 'free', got 'tied'"),
        ("architecture.q", 0, "architecture.q"),
        ("architecture.q", "2", "architecture.q"),
        ("architecture.q", True, "architecture.q"),
        ("architecture.q", 2.5, "architecture.q"),
        ("architecture.q", 8193, "expected q from 1 to 8192, got 8193"),
        ("architecture.branch_widths", [0], "architecture: .*expected branch widths >= 1"),
        ("architecture.branch_widths", [4, 0], "architecture: .*expected branch widths >= 1"),
        ("architecture.branch_widths", ["4"], "architecture.branch_widths.0"),
        ("architecture.branch_widths", [8193], "expected branch_widths from 1 to 8192, got 8193"),
        ("architecture.trunk_widths", [4] * 17, "expected at most 16 numbers in trunk_widths, got 17"),
        ("architecture.activation", "sin", "architecture.activation"),
        ("architecture.ends", "softmax", "architecture.ends"),
        ("scaling.outputs", "pointwise", "scaling.outputs"),
        ("scaling.inputs", "pca", "scaling.inputs"),
        ("target.kind", "absorb", "absorb' for noisy data"),
        ("target.value", 1.0, "target.value: Input should be less than 1"),
        ("target.value", 0.0, "target.value"),
        ("origin.author", "", "origin.author"),
        ("origin.author", "x" * 201, "origin.author"),
        ("origin.author", "<script>alert(1)</script>", "origin.author.*got '<'"),
        ("origin.author", "=1+1", "origin.author.*begins with a letter"),
        ("origin.method", "adam\nrm -rf", r"origin.method.*got '\\n'"),
        ("origin.method", "\\input{x}", r"origin.method"),
        ("origin.method", "right \u202eto left", r"origin.method.*got '\\u202e'"),
        ("origin.created", "yesterday", "origin.created"),
        ("origin.record", "abc", "origin.record"),
        ("origin.versions", {"numpy": "<b>"}, "origin.versions"),
    ],
)
def test_a_header_with_a_wrong_field_is_refused_by_its_name(path: str, value: Any, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as caught:
        parse_header(json.dumps(changed(path, value)).encode())
    assert str(caught.value).isascii()
    assert "<script>" not in str(caught.value)


@given(st.text(max_size=210))
@settings(max_examples=200, deadline=None)
def test_texts_hold_only_letters_digits_and_simple_punctuation(text: str) -> None:
    assert well_formed(text) or not accepted(text)


def accepted(text: str) -> bool:
    try:
        plain(text)
    except ValueError:
        return False
    return True


def well_formed(text: str) -> bool:
    """1 to 200 printable characters without markup, a letter or digit first, and of ASCII signs only PUNCTUATION."""
    signs = {c for c in text if c.isascii() and not c.isalnum()}
    begins = text[:1].isalnum() or text[:1].isnumeric()
    return 1 <= len(text) <= 200 and begins and text.isprintable() and signs <= PUNCTUATION


@pytest.mark.parametrize(
    "name", ["Ada Lovelace", "Élie Cartan", "Андрей Колмогоров", "रामानुजन", "華羅庚", "O'Neil, B. & Co. (2026)"]
)
def test_names_of_all_scripts_are_accepted(name: str) -> None:
    assert parse_header(json.dumps(changed("origin.author", name)).encode()).origin.author == name


def test_only_regular_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    save_witness(tmp_path / "good.npz", valid_witness())
    (tmp_path / "link.npz").symlink_to(tmp_path / "good.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    with (tmp_path / "large.npz").open("wb") as handle:
        handle.truncate(2**40)
    cases = {
        "link": "a symbolic link",
        "pipe": "a pipe",
        "large": f"at most {MAXIMUM_FILE_BYTES} bytes",
        "absent": "No such file",
    }
    for name, reason in cases.items():
        with pytest.raises(Unreadable, match=reason):
            load_witness(tmp_path / f"{name}.npz")
    with pytest.raises(Unreadable, match="a folder"):
        load_witness(tmp_path)
    with pytest.raises(Unreadable, match="can be read"):
        load_witness(tmp_path / "zero\0byte.npz")
