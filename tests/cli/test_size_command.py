"""`python -m bench size`: the JSON contract, the files it reads and the files it refuses, with one sentence each."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import typer
from typer.testing import CliRunner

from bench.cli.size import size
from operators import UserError
from operators.arrays import Array
from operators.external import stored_array
from operators.external.part import find_part
from results.records.manifest import Target, save_manifest
from results.sizing.prediction import predicted_sizes, predictions
from results.sizing.request import SizeRequest, size_report
from results.tables.csv_files import write_csv
from results.tables.study_tables import StudyTables, study_tables

APP = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
APP.command()(size)


def outputs_of(functions: int = 40, points: int = 25, rank: int = 8) -> Array:
    generator = np.random.default_rng(0)
    left, right = (np.linalg.qr(generator.standard_normal((side, rank)))[0] for side in (functions, points))
    return (left * 0.5 ** np.arange(rank)) @ right.T


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Outputs of rank 8 with singular values 1, 1/2, 1/4, ...; inputs; three noisy measurements; other shapes."""
    outputs, generator = outputs_of(), np.random.default_rng(1)
    noise = 2e-3 * generator.standard_normal((3, *outputs.shape))
    path = tmp_path / "mine.npz"
    np.savez(
        path,
        outputs=outputs,
        noisy=outputs + noise[0],
        measured=outputs + noise,
        inputs=np.ones((40, 100)),
        few=np.ones((39, 100)),
        cube=np.ones((4, 5, 6)),
    )
    return path


def asked(path: Path, *arguments: object) -> dict[str, Any]:
    """The JSON that the command prints."""
    run = CliRunner().invoke(APP, ["--data", str(path), *map(str, arguments), "--json"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    return json.loads(run.output)


def test_json_answers_the_question(data: Path) -> None:
    answer = asked(data, "--array", "outputs", "--target", 0.01)
    assert answer["shape"] == [40, 25]
    assert answer["target"] == 0.01
    # |tail_q| / |Y| = 2^-q but for the end of the sum: 2^-6 > 0.01 > 2^-7.
    assert answer["q_certified"] == answer["q_attained"] == 7
    assert answer["q_certified_mean"] <= answer["q_certified_bias"] <= 7
    values = 0.25 ** np.arange(8)
    for q, floor in answer["floors"]:
        assert floor == pytest.approx(np.sqrt(values[q:].sum() / values.sum()), rel=1e-9, abs=1e-12)
    assert answer["status"]["q_certified"] == "certified"
    assert answer["noise"] is None
    assert "predictions" not in answer


def test_command_prints_what_the_function_returns(data: Path) -> None:
    report = size_report(SizeRequest(data, 0.01, array="outputs", inputs="inputs", noise=2e-3))
    printed = asked(data, "--array", "outputs", "--target", 0.01, "--inputs", "inputs", "--noise", 2e-3)
    assert printed == json.loads(json.dumps(report.as_json()))


def test_every_number_about_noise_and_parameters_has_a_status(data: Path) -> None:
    answer = asked(data, "--array", "noisy", "--target", 0.01, "--noise", 2e-3, "--inputs", "inputs", "--law", "rademacher")
    numbers = [*answer["parameters"].values(), *(part for part in answer["noise"].values() if isinstance(part, dict))]
    assert len(numbers) == 3 + 7
    for number in numbers:
        assert number["status"] in ("certified", "asymptotic", "heuristic", "vacuous")
    random = {
        name: part["probability"] for name, part in answer["noise"].items() if isinstance(part, dict) and part["probability"]
    }
    assert random == dict.fromkeys(("q_clean", "q_plus_clean_rank", "d_bits"), 1.0 - 1e-12)
    assert answer["noise"]["failure_probability"] == 1e-12
    assert answer["noise"]["source"] == "given"


def test_replicates_give_the_noise_level_and_say_that_it_is_estimated(data: Path) -> None:
    answer = asked(data, "--array", "noisy", "--target", 0.01, "--replicates", "measured")["noise"]
    low, high = answer["sigma_interval"]
    assert low < answer["sigma"] < high
    assert answer["sigma"] == pytest.approx(2e-3, rel=0.1)
    assert answer["source"].startswith("estimated from 3 measurements of 1000 labels in 'measured'")


def test_text_says_what_is_proved_and_what_is_not(data: Path) -> None:
    arguments = ["--data", data, "--array", "noisy", "--target", 0.005, "--noise", 2e-3, "--inputs", "inputs"]
    text = CliRunner().invoke(APP, list(map(str, arguments)), catch_exceptions=False).output
    assert "40 functions x 25 points" in text
    for word in ("certified", "asymptotic", "heuristic", "with probability 1 - 1e-12", "training error on these very outputs"):
        assert word in text


def stored(path: Path, matrix: Any) -> Path:
    np.savez(path, outputs=matrix)
    return path


def compressed(path: Path, matrix: Any) -> Path:
    np.savez_compressed(path, outputs=matrix)
    return path


def plain(path: Path, matrix: Any) -> Path:
    np.save(path.with_suffix(".npy"), matrix)
    return path.with_suffix(".npy")


def hdf5(path: Path, matrix: Any) -> Path:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["outputs"] = matrix
    return path.with_suffix(".h5")


def chunked_hdf5(path: Path, matrix: Any) -> Path:
    with h5py.File(path.with_suffix(".hdf5"), "w") as file:
        file.create_dataset("outputs", data=matrix, compression="gzip")
    return path.with_suffix(".hdf5")


def matlab(path: Path, matrix: Any) -> Path:
    scipy.io.savemat(path.with_suffix(".mat"), {"outputs": matrix}, do_compression=True)
    return path.with_suffix(".mat")


def matlab_v73(path: Path, matrix: Any) -> Path:
    with h5py.File(path.with_suffix(".mat"), "w", userblock_size=512) as file:
        file.create_dataset("outputs", data=matrix.T).attrs["MATLAB_class"] = np.bytes_("double")
    with path.with_suffix(".mat").open("r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<HH", 0x0200, 0x4D49))
    return path.with_suffix(".mat")


MAPPED = (stored, plain, hdf5, matlab_v73)


@pytest.mark.parametrize("write", [stored, compressed, plain, hdf5, chunked_hdf5, matlab, matlab_v73])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4"])
def test_files_of_every_kind_give_the_same_answer(
    write: Callable[[Path, Array], Path], order: Any, dtype: str, tmp_path: Path
) -> None:
    matrix = np.asarray(outputs_of(), dtype=dtype, order=order)
    path = write(tmp_path / "mine.npz", matrix)
    part = find_part(path)
    name, array = part.name, part.values()
    assert name == ("mine" if write is plain else "outputs")
    np.testing.assert_array_equal(array, matrix)
    assert isinstance(array, np.memmap) == (write in MAPPED)
    assert asked(path, "--target", 0.01)["q_certified"] == 7


def test_a_part_of_an_array_becomes_functions_times_everything_else(tmp_path: Path) -> None:
    tensor = np.stack([np.ones((40, 25)), outputs_of()], axis=1)
    path = hdf5(tmp_path / "mine.h5", tensor)
    answer = asked(path, "--array", "outputs[:, -1]", "--inputs", "outputs[:, 0, ::5]", "--target", 0.01)
    assert answer["shape"] == [40, 25]
    assert answer["q_certified"] == 7
    whole = asked(path, "--array", "outputs[:]", "--target", 0.5)
    assert whole["shape"] == [40, 50]
    with pytest.raises(UserError, match=r"asks for index 2 on axis 1 of length 2"):
        asked(path, "--array", "outputs[:, 2]", "--target", 0.01)


def test_stored_member_after_others_is_mapped_where_it_lies(tmp_path: Path) -> None:
    path, matrix = tmp_path / "mine.npz", outputs_of()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "not an array")
        buffer = io.BytesIO()
        np.save(buffer, matrix)
        info = zipfile.ZipInfo("deep/ünicode.npy")
        info.extra = struct.pack("<HH4s", 0x9999, 4, b"more")
        archive.writestr(info, buffer.getvalue())
    part = find_part(path)
    name, array = part.name, part.values()
    assert name == "deep/ünicode"
    assert isinstance(array, np.memmap)
    np.testing.assert_array_equal(array, matrix)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), r"expected --array with one of: outputs, noisy, measured, inputs, few, cube; .* holds 6 arrays"),
        (("--array", "output"), r"expected an array named 'output' in .*, found: outputs, noisy, measured, inputs, few, cube"),
        (("--array", "cube"), r"got 'cube' of shape \(4, 5, 6\); save cube.reshape\(4, -1\)"),
        (("--array", "inputs"), r"'inputs' of shape \(40, 100\) constant in every row"),
        (("--array", "outputs", "--inputs", "few"), r"got 'few' of shape \(39, 100\) for outputs of shape \(40, 25\)"),
        (("--array", "outputs", "--inputs", "inputs", "--coordinates", "0"), r"expected --coordinates of at least 1, got 0"),
        (("--array", "outputs", "--noise", "-1"), r"expected a noise level sigma > 0 .* got -1"),
        (("--array", "outputs", "--noise", "9"), r"expected noise below the root mean square of the outputs"),
        (("--array", "outputs", "--noise", "1e-3", "--law", "cauchy"), r"got 'cauchy'"),
        (("--array", "outputs", "--noise", "1e-3", "--replicates", "measured"), r"expected --noise or --replicates, got both"),
        (("--array", "outputs", "--replicates", "few"), r"got 'few' of shape \(39, 100\); stack the measurements"),
        (("--array", "outputs", "--replicates", "measured", "--law", "uniform"), r"got 'uniform'; state --noise"),
        (("--array", "outputs", "--failure-probability", "95"), r"expected a failure probability in \(0, 1\), got 95"),
        (("--array", "outputs", "--study", "nowhere"), r"expected a study's results folder with nowhere/exponents.csv"),
        (("--array", "outputs", "--plot", "size.pdf"), r"expected a figure named \*.png or \*.svg, got size.pdf"),
    ],
)
def test_requests_that_make_no_sense_are_refused_with_one_sentence(data: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        asked(data, "--target", 0.01, *arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["0", "-0.5", "nan"])
def test_target_must_be_positive(data: Path, target: str) -> None:
    with pytest.raises(UserError, match="expected a target > 0"):
        asked(data, "--array", "outputs", "--target", target)


class Bomb:
    """Creates a folder when unpickled."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.sentinel),)


@pytest.mark.parametrize("write", [stored, compressed, plain])
def test_objects_are_refused_and_never_unpickled(write: Callable[[Path, Any], Path], tmp_path: Path) -> None:
    sentinel = tmp_path / "exploded"
    matrix = np.empty((2, 2), dtype=object)
    matrix[:] = Bomb(sentinel)
    path = write(tmp_path / "mine.npz", matrix)
    with pytest.raises(UserError, match=r"got Python objects in array .* never unpickled"):
        find_part(path).values()
    assert not sentinel.exists()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


@pytest.mark.parametrize("write", [stored, compressed, plain])
def test_files_cut_off_are_refused(write: Callable[[Path, Any], Path], tmp_path: Path) -> None:
    path = write(tmp_path / "mine.npz", outputs_of())
    cut(path)
    with pytest.raises(UserError, match=r"expected a whole file, got .* copy or save it again"):
        find_part(path).values()


@pytest.mark.parametrize("write", [stored, compressed])
def test_a_flipped_bit_is_noticed(write: Callable[[Path, Any], Path], tmp_path: Path) -> None:
    path = write(tmp_path / "mine.npz", outputs_of())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"expected a whole file, got .* with an unreadable array 'outputs'"):
        find_part(path).values()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "none of these formats"),
        (b"hello, world", "none of these formats"),
        (b"\x80\x04\x95rest of a pickle", "pickle"),
        (b"\x89HDF\r\n\x1a\n", "HDF5 that cannot be read"),
        (b"\x93NUMPY\x01\x00\xff\xff{'descr'", "no readable header"),
        (b"\x93NUMPY\x01\x00\x10\x00__import__('os')", "no readable header"),
        (b"PK\x03\x04 and nothing more", "no readable directory"),
    ],
)
def test_files_of_other_kinds_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        find_part(path).values()


def test_missing_files_folders_and_empty_archives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="got 'No such file or directory'"):
        find_part(tmp_path / "nowhere.npz").values()
    with pytest.raises(UserError, match="got a folder"):
        find_part(tmp_path).values()
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(UserError, match=r"expected a file with an array, got .* with none"):
        find_part(tmp_path / "empty.npz").values()
    np.save(tmp_path / "one.npy", outputs_of())
    with pytest.raises(UserError, match=r"expected an array named 'outputs' in .*one.npy, found: one; choose"):
        find_part(tmp_path / "one.npy", "outputs").values()


def test_names_with_control_characters_are_shown_without_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, **{"a\x1b[2Jb\nc": outputs_of(), "d": outputs_of()})
    with pytest.raises(UserError, match=r"one of: a\\x1b\[2Jb\\nc, d;"):
        find_part(path).values()
    assert find_part(path, "a\x1b[2Jb\nc").name == r"a\x1b[2Jb\nc"


def lying_member(path: Path, compression: int) -> Path:
    """A member whose header claims 2^40 numbers, followed by a few."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**20, 2**20)})
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("outputs.npy", header.getvalue() + bytes(800))
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_headers_that_claim_more_than_there_is_are_refused_before_anything_is_read(compression: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="array 'outputs' of another length than its header says"):
        find_part(lying_member(tmp_path / "mine.npz", compression)).values()


def test_compressed_arrays_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_array, "LARGEST_IN_MEMORY", 4000)
    with pytest.raises(UserError, match=r"read into memory, got array 'outputs' .* save it with numpy.savez"):
        find_part(compressed(tmp_path / "mine.npz", np.zeros((40, 25)))).values()
    assert find_part(stored(tmp_path / "mine.npz", outputs_of())).values().shape == (40, 25)


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_figure_is_written_and_the_same_bytes_each_time(data: Path, ending: str, magic: bytes, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for path in paths:
        asked(data, "--array", "noisy", "--target", 0.01, "--noise", 2e-3, "--plot", path)
    assert paths[0].read_bytes().startswith(magic)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def study_of(planted: Any, *, kind: str) -> StudyTables:
    """A study whose thresholds are q* = 2 (n / 256)^(1/2), found on a grid of ratio 2, for a relative or an absorbing target."""
    for functions in (16, 32, 64, 128):
        for q in (1, 2, 4, 8, 16, 32):
            reached = q >= functions / 8
            for replicate in range(3):
                wide = {"functions": functions, "points": functions, "q": q, "replicate": replicate, "schedule": "tied"}
                sizes = {"branch_widths": [q, q], "trunk_widths": [q, q]}
                if kind == "absorb":
                    planted.add(absorbed=0.9 if reached else 0.01, **wide, **sizes)
                else:
                    planted.add(relative=0.01 if reached else 0.9, **wide, **sizes)
    targets = (Target(kind="relative", value=0.1), Target(kind="absorb", value=0.5))
    return study_tables(planted.manifest(targets), planted.records)


def study_folder(planted: Any, folder: Path, *, kind: str) -> Path:
    """The files of that study, without its records."""
    folder.mkdir()
    tables = study_of(planted, kind=kind)
    save_manifest(folder, tables.manifest)
    for name, table in tables.written():
        write_csv(folder / f"{name}.csv", table)
    return folder


@pytest.mark.parametrize("kind", ["relative", "absorb"])
def test_study_gives_a_heuristic_prediction_along_its_measured_law(kind: str, data: Path, planted: Any, tmp_path: Path) -> None:
    folder = study_folder(planted, tmp_path / "study", kind=kind)
    noise = () if kind == "relative" else ("--noise", 5e-3)
    target = 0.05 if kind == "relative" else 0.02
    answer = asked(data, "--array", "outputs", "--target", target, "--study", folder, *noise)
    assert answer["predictions"]
    for prediction in answer["predictions"]:
        assert prediction["status"] == "heuristic"
        assert prediction["measured_n"] == 128**2
        # Threshold in (8, 16] at n = 128^2; carried to n = 1000 with exponent 1/2.
        assert prediction["q"] == pytest.approx(np.sqrt(8 * 16) * np.sqrt(1000 / 128**2), rel=0.1)
        assert prediction["low"] <= prediction["q"] <= prediction["high"]
        assert prediction["factor"] == pytest.approx(1000 / 128**2)
    text = CliRunner().invoke(
        APP, list(map(str, ["--data", data, "--array", "outputs", "--target", target, "--study", folder, *noise]))
    )
    assert "heuristic" in text.output


@pytest.mark.parametrize("kind", ["relative", "absorb"])
def test_a_finished_folder_predicts_what_the_tables_in_memory_predict(kind: str, planted: Any, tmp_path: Path) -> None:
    folder = study_folder(planted, tmp_path / "study", kind=kind)
    tables = study_of(planted, kind=kind)
    asked_for = {"target": 0.05, "absorbed": 0.4 if kind == "absorb" else 0.0}
    held = predictions(tables["exponents"], tables["thresholds"], tables.manifest.targets, 1000, **asked_for)
    read = predicted_sizes(folder, 1000, **asked_for)
    assert len(held) == len(read) > 0
    for one, other in zip(held, read, strict=True):
        assert (one.series, one.measured_n, one.factor) == (other.series, other.measured_n, other.factor)
        assert [other.q, other.low, other.high] == pytest.approx([one.q, one.low, one.high], rel=1e-4)


def test_prediction_rests_on_the_numbers_of_the_tables_not_on_their_prose(data: Path, planted: Any, tmp_path: Path) -> None:
    folder = study_folder(planted, tmp_path / "study", kind="relative")
    command = ("--array", "outputs", "--target", 0.05, "--study", folder)
    before = asked(data, *command)["predictions"]
    table = pd.read_csv(folder / "exponents.csv").assign(thresholds="said otherwise", predicted="", reason="")
    write_csv(folder / "exponents.csv", table)
    assert asked(data, *command)["predictions"] == before != []


def test_study_without_a_law_for_the_target_says_so(data: Path, planted: Any, tmp_path: Path) -> None:
    folder = study_folder(planted, tmp_path / "study", kind="absorb")
    answer = asked(data, "--array", "outputs", "--target", 0.01, "--study", folder)
    assert answer["predictions"] == []
    assert "the study has no identified law q*(n) for a target of this kind" in answer["notes"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a table"),
        (b"a,b\n1,2\n", "expected the column 'task'"),
        (b"\xff\xfe\x00", "expected a table"),
        (b'a,b\n"1', "expected a table"),
        (b"a,b\n1,2,3\n", "expected a table"),
    ],
)
def test_study_table_that_is_none_is_refused(content: bytes, message: str, data: Path, tmp_path: Path) -> None:
    (tmp_path / "exponents.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        asked(data, "--array", "outputs", "--target", 0.01, "--study", tmp_path)
