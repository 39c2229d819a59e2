"""The store: what was written is read back or refused with a reason, whatever happened to the file in between."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from repository import REPOSITORY

from operators import TASKS, UserError
from operators.atomic_files import STALE_SECONDS, atomic, sweep, write_atomic
from results.records.record import MAXIMUM_LINE_BYTES, Record, RecordError, from_line, record_key, to_line
from results.records.store import Store
from results.schema.model import canonical


def new(planted: Any, count: int = 3, **settings: Any) -> list[Record]:
    for replicate in range(count):
        planted.add(replicate=replicate, **settings)
    return list(planted.records)


def written(folder: Path, lines: bytes, name: str = "a.jsonl") -> Store:
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "records" / name).write_bytes(lines)
    return Store(folder)


def sealed(body: dict[str, Any] | str) -> bytes:
    """A line with a right checksum around any body."""
    text = body if isinstance(body, str) else json.dumps(body, sort_keys=True, separators=(",", ":"))
    return f'{{"checksum":"{hashlib.sha256(text.encode()).hexdigest()}","record":{text}}}\n'.encode()


def test_what_is_appended_is_read_back_equal(tmp_path: Path, planted: Any) -> None:
    records = new(planted)
    with Store(tmp_path).writer() as writer:
        for record in records:
            writer.append(record)
    store = Store(tmp_path)
    assert list(store.records()) == records
    assert store.get(records[1].key) == records[1]
    assert store.get("0" * 64) is None
    assert store.quarantined() == ()


def test_asking_a_store_that_does_not_exist_makes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "none")
    assert store.missing(["a", "b"]) == {"a", "b"}
    assert list(store.records()) == []
    assert not (tmp_path / "none").exists()


def test_each_writer_has_a_file_of_its_own_and_none_without_a_record(tmp_path: Path, planted: Any) -> None:
    records = new(planted, 2)
    store = Store(tmp_path)
    with store.writer() as first, store.writer() as second, store.writer():
        first.append(records[0])
        second.append(records[1])
    assert len(list((tmp_path / "records").glob("*.jsonl"))) == 2
    assert store.missing([record.key for record in records]) == set()


def test_a_reader_sees_what_others_add_and_reads_only_that(tmp_path: Path, planted: Any) -> None:
    records = new(planted, 3)
    store = written(tmp_path, to_line(records[0]).encode())
    assert store.refresh() == [records[0].key]
    assert store.refresh() == []
    with Store(tmp_path).writer() as other:
        other.append(records[1])
    with (tmp_path / "records" / "a.jsonl").open("ab") as handle:
        handle.write(to_line(records[2]).encode()[:50])
    assert store.refresh() == [records[1].key]
    assert [bad.reason for bad in store.quarantined()] == ["torn: the last line has no end"]
    with (tmp_path / "records" / "a.jsonl").open("ab") as handle:
        handle.write(to_line(records[2]).encode()[50:])
    assert store.refresh() == [records[2].key]
    assert store.quarantined() == ()


def test_a_file_that_shrinks_or_vanishes_is_read_anew(tmp_path: Path, planted: Any) -> None:
    records = new(planted, 2)
    store = written(tmp_path, "".join(map(to_line, records)).encode())
    assert len(store.statuses()) == 2
    written(tmp_path, to_line(records[1]).encode())
    assert set(store.statuses()) == {records[1].key}
    (tmp_path / "records" / "a.jsonl").unlink()
    assert store.statuses() == {}


@pytest.mark.parametrize(
    ("status", "plain", "retry"),
    [
        ("done", False, False),
        ("diverged", False, False),
        ("data_invalid", False, False),
        ("timeout", False, True),
        ("oom", False, True),
        ("failed", True, True),
    ],
)
def test_what_is_missing_after_each_status(tmp_path: Path, planted: Any, status: str, plain: bool, retry: bool) -> None:
    (record,) = new(planted, 1, status=status)
    store = written(tmp_path, to_line(record).encode())
    assert (record.key in store.missing([record.key])) is plain
    assert (record.key in store.missing([record.key], retry=True)) is retry


def test_one_record_a_key_counts_whatever_the_order_of_lines(tmp_path: Path, planted: Any) -> None:
    planted.add()
    base = planted.records[0]
    variants = [
        base.model_copy(update={"status": "failed", "finished": "2026-01-01T00:00:00+00:00"}),
        base.model_copy(update={"status": "timeout", "finished": "2026-01-02T00:00:00+00:00"}),
        base.model_copy(update={"finished": "2026-01-04T00:00:00+00:00"}),
        base.model_copy(update={"finished": "2026-01-03T00:00:00+00:00"}),
    ]
    for shift in range(4):
        lines = [to_line(record).encode() for record in variants[shift:] + variants[:shift]]
        for index, line in enumerate(lines):
            written(tmp_path / str(shift), line, f"{index}.jsonl")
        store = Store(tmp_path / str(shift))
        assert list(store.records()) == [variants[3]]
        assert store.disagreeing() == ()


def test_reading_once_ends_with_the_records_that_count(tmp_path: Path, planted: Any) -> None:
    planted.add()
    base = planted.records[0]
    failed, later = (
        base.model_copy(update={"status": "failed"}),
        base.model_copy(update={"finished": "2026-01-09T00:00:00+00:00"}),
    )
    store = written(tmp_path, "".join(map(to_line, (failed, base, later))).encode())
    assert list(store.changes()) == [failed, base]
    assert list(store.changes()) == []
    assert list(store.records()) == [base]


def test_equal_keys_with_other_weights_are_named(tmp_path: Path, planted: Any) -> None:
    planted.add()
    base = planted.records[0]
    other = base.model_copy(update={"weights_sha256": "f" * 64})
    store = written(tmp_path, (to_line(base) + to_line(other)).encode())
    assert store.disagreeing() == (base.key,)
    assert len(list(store.records())) == 1


def body(record: Record, **changes: Any) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True) | changes


def with_cell(record: Record, **changes: Any) -> dict[str, Any]:
    """A body of another cell, under the key of that cell where its numbers have one."""
    cell = {**record.cell, **changes}
    try:
        return body(record, cell=cell, key=record_key(record.family, cell, record.task, record.versions.method))
    except ValueError:
        return body(record, cell=cell)


def without(record: Record, name: str) -> dict[str, Any]:
    return {field: value for field, value in body(record).items() if field != name}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda line, record: b"\n", "empty line"),
        (lambda line, record: b"\0" * 40 + b"\n", "zero bytes"),
        (lambda line, record: b"\xff\xfe\n", "not UTF-8"),
        (lambda line, record: line[: len(line) // 2] + b"\n", "torn or not a record"),
        (lambda line, record: b"[1, 2]\n", "torn or not a record"),
        (lambda line, record: b"[" * 10**5 + b"\n", "torn or not a record"),
        (lambda line, record: line.replace(b'"status":"done"', b'"status":"d0ne"'), "checksum does not match"),
        (lambda line, record: b"x" * (MAXIMUM_LINE_BYTES + 5) + b"\n", "longer than"),
        (lambda line, record: sealed(body(record, status="d0ne")), "status"),
        (lambda line, record: sealed(body(record, key="short")), "key"),
        (lambda line, record: sealed(body(record, unknown=1)), "unknown"),
        (
            lambda line, record: sealed(body(record, schema=3, new_field=1)),
            "expected schema 2, got 3; written by a newer",
        ),
        (lambda line, record: sealed(body(record, schema=0)), "expected schema 2, got 0"),
        (lambda line, record: sealed(body(record, schema="2")), "expected schema 2, got '2'"),
        (lambda line, record: sealed(body(record, schema=2.0)), "expected schema 2, got 2.0"),
        (lambda line, record: sealed(body(record, schema=True)), "expected schema 2, got True"),
        (lambda line, record: sealed(without(record, "schema")), "expected schema 2, got None"),
        (lambda line, record: sealed({**without(record, "schema"), "schema_version": 2}), "expected schema 2, got 2"),
        (
            lambda line, record: sealed({**without(record, "schema"), "schema_version": 1, "sizes": {}, "errors": {}}),
            "expected schema 2, got 1",
        ),
        (lambda line, record: sealed(without(record, "family")), "expected a family among"),
        (lambda line, record: sealed(body(record, family="planted")), "got 'planted'"),
        (lambda line, record: sealed(body(record, family=["deeponet"])), "expected a family among"),
        (lambda line, record: sealed(with_cell(record, functions=0)), "not a valid record: functions: "),
        (lambda line, record: sealed(with_cell(record, colour="red")), "not a valid record: colour: Extra inputs"),
        (lambda line, record: sealed(with_cell(record, architecture={"name": "planted"})), "expected an architecture among"),
        (lambda line, record: sealed(with_cell(record, architecture={"name": ["deeponet"]})), "expected an architecture among"),
        (lambda line, record: sealed(with_cell(record, architecture={"trunk_widths": [0]})), "expected trunk widths >= 1"),
        (lambda line, record: sealed(with_cell(record, noise={"law": "gaussian", "sigma": float("nan")})), "NaN or infinity"),
        (lambda line, record: sealed(with_cell(record, parameters={"viscosity": float("inf")})), "NaN or infinity"),
        (lambda line, record: sealed(body(record, task={"viscosity": float("nan")})), "NaN or infinity"),
        (lambda line, record: sealed(body(record, task=None)), "not a valid record: task: "),
        (lambda line, record: sealed(body(record, measured={"energy": 1.0})), "not a valid record: sizes: Field required"),
        (lambda line, record: sealed(body(record, measured=[])), "not a valid record: "),
        (
            lambda line, record: sealed(body(record, measured={**body(record)["measured"], "energy": 1.0})),
            "not a valid record: energy: Extra inputs",
        ),
        (lambda line, record: sealed(to_line(record)[88:-2].replace('"seconds":1.0', '"seconds":NaN')), "NaN or infinity"),
        (lambda line, record: sealed('{"cell":' + "[" * 10**4 + "]" * 10**4 + "}"), "not a valid record"),
    ],
)
def test_a_damaged_line_is_refused_with_its_reason_and_the_next_is_read(
    tmp_path: Path, planted: Any, damage: Callable[[bytes, Record], bytes], reason: str
) -> None:
    first, second, third = new(planted)
    lines = [to_line(record).encode() for record in (first, second, third)]
    store = written(tmp_path, lines[0] + damage(lines[1], second) + lines[2])
    assert [record.key for record in store.records()] == [first.key, third.key]
    (bad,) = store.quarantined()
    assert (bad.file, bad.line) == ("records/a.jsonl", 2)
    assert reason in bad.reason
    assert store.missing([second.key]) == {second.key}


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty file"), (b"x" * 10, "torn")])
def test_files_without_a_whole_line_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (bad,) = written(tmp_path, content).quarantined()
    assert reason in bad.reason


def test_a_folder_in_place_of_a_record_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "records" / "b.jsonl").mkdir(parents=True)
    (bad,) = Store(tmp_path).quarantined()
    assert "cannot be read" in bad.reason


def test_a_line_larger_than_memory_is_never_held_in_it(tmp_path: Path, planted: Any) -> None:
    (record,) = new(planted, 1)
    path = tmp_path / "records" / "a.jsonl"
    path.parent.mkdir()
    with path.open("wb") as handle:
        handle.write(b'{"checksum":"')
        handle.truncate(5 * 2**27)
        handle.seek(5 * 2**27)
        handle.write(b"\n" + to_line(record).encode())
    program = (
        "import resource, sys; from pathlib import Path; from results.records.store import Store;"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**29, 2**29));"
        "s = Store(Path(sys.argv[1])); print(len(list(s.records())), s.quarantined()[0].reason)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 line longer than")


@pytest.mark.parametrize(
    "other",
    [{"schema": 1}, {"family": "planted"}, {"cell": {}}, {"task": {"version": 2}}, {"method": 2}, {"extra": None}],
    ids=str,
)
def test_a_key_that_is_not_the_hash_of_its_line_is_refused(tmp_path: Path, planted: Any, other: dict[str, Any]) -> None:
    """Also where this release does not know the task."""
    first, second = new(planted, 2)
    stated = {"schema": 2, "family": "deeponet", "cell": first.cell, "task": first.task, "method": 1}
    right, wrong = (hashlib.sha256(canonical(each).encode()).hexdigest() for each in (stated, stated | other))
    assert first.key == right
    store = written(tmp_path, sealed(body(first, key=wrong)) + to_line(second).encode())
    assert [record.key for record in store.records()] == [second.key]
    assert [bad.reason for bad in store.quarantined()] == ["key is not the hash of what the line holds"]


def rekeyed(record: Record, cell: dict[str, Any], task: dict[str, Any], method: int = 1) -> Record:
    """The record of another cell, data and method, under its own right key."""
    versions = record.versions.model_copy(update={"method": method})
    key = record_key(record.family, cell, task, method)
    return record.model_copy(update={"cell": cell, "task": task, "versions": versions, "key": key})


def test_a_line_whose_data_are_not_those_of_its_cell_is_refused(tmp_path: Path, planted: Any) -> None:
    """Under right keys; data of another version than this release knows cannot be compared."""
    (record,) = new(planted, 1, task="burgers")
    identity = json.loads(TASKS["burgers"].identity())
    other = json.loads(TASKS["burgers"].with_parameters({"viscosity": 0.05}).identity())
    assert (identity != other, identity["version"]) == (True, other["version"])
    right, forged = rekeyed(record, record.cell, identity), rekeyed(record, record.cell, other)
    thinner = rekeyed(record, {**record.cell, "parameters": {"viscosity": 0.05}}, other)
    older = rekeyed(record, record.cell, {**other, "version": identity["version"] + 1})
    store = written(tmp_path, "".join(map(to_line, (right, forged, thinner, older))).encode())
    assert {record.key for record in store.records()} == {record.key for record in (right, thinner, older)}
    assert [(bad.line, bad.reason) for bad in store.quarantined()] == [(2, "data are not those that its cell names")]
    assert store.unknown() == {}


@pytest.mark.parametrize(
    "stated", [{"functions": 16.0}, {"noise": {"law": "none", "sigma": 0}}, {"parameters": None}, {}], ids=str
)
def test_one_setting_has_one_key_however_its_cell_is_written(tmp_path: Path, planted: Any, stated: dict[str, Any]) -> None:
    (record,) = new(planted, 1)
    cell = {name: value for name, value in {**record.cell, **stated}.items() if value is not None}
    own = record_key(record.family, cell, record.task, 1)
    store = written(tmp_path, sealed(body(record, cell=cell)) + sealed(body(record, cell=cell, key=own)))
    assert list(store.records()) == [record]
    changed = canonical(cell) != canonical(record.cell)
    assert changed == bool(stated)
    assert [bad.reason for bad in store.quarantined()] == ["key is not the hash of what the line holds"] * changed


def test_records_of_tasks_that_are_unknown_here_are_counted(tmp_path: Path, planted: Any) -> None:
    first, second = new(planted, 2)
    known = rekeyed(first, {**first.cell, "task": "burgers"}, json.loads(TASKS["burgers"].identity()))
    store = written(tmp_path, "".join(map(to_line, (first, known))).encode())
    assert store.unknown() == {first.key: "planted"}
    with Store(tmp_path).writer() as other:
        other.append(second)
    assert set(store.unknown()) == {first.key, second.key}
    assert store.quarantined() == ()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_cut_anywhere_whole_lines_survive_and_the_rest_is_named(new_planted: Callable[[], Any], data: st.DataObject) -> None:
    lines = [to_line(record).encode() for record in new(new_planted(), 3)]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        store = written(Path(folder), whole[:cut])
        kept = [to_line(record).encode() for record in store.records()]
        expected = whole[:cut].count(b"\n")
        assert kept == lines[:expected]
        torn = cut not in (len(lines[0]), len(lines[0] + lines[1]), len(whole))
        assert len(store.quarantined()) == int(torn)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_never_changes_a_record_that_is_read(new_planted: Callable[[], Any], data: st.DataObject) -> None:
    records = new(new_planted(), 2)
    content = bytearray("".join(map(to_line, records)).encode())
    position, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    content[position] ^= 1 << bit
    with tempfile.TemporaryDirectory() as folder:
        store = written(Path(folder), bytes(content))
        assert all(record in records for record in store.records())
        assert len(list(store.records())) < 2
        assert store.quarantined()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = written(Path(folder), content)
        assert list(store.records()) == []
        assert len(store.quarantined()) == max(1, content.count(b"\n") + (not content.endswith(b"\n") and content != b""))


def test_quarantine_copies_the_lines_with_reasons_and_repeats_itself_exactly(tmp_path: Path, planted: Any) -> None:
    records = new(planted, 2)
    store = written(tmp_path, to_line(records[0]).encode() + b"\xffbroken\n" + to_line(records[1]).encode()[:30])
    original = (tmp_path / "records" / "a.jsonl").read_bytes()
    store.quarantine()
    path = tmp_path / "quarantine" / "a.jsonl"
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["line"], line["reason"]) for line in kept] == [(2, "not UTF-8"), (3, "torn: the last line has no end")]
    assert kept[0]["bytes"].encode("latin-1") == b"\xffbroken\n"
    stamp = path.stat().st_mtime_ns
    store.quarantine()
    Store(tmp_path).quarantine()
    assert path.stat().st_mtime_ns == stamp
    assert (tmp_path / "records" / "a.jsonl").read_bytes() == original


def test_nothing_is_quarantined_without_a_refused_line(tmp_path: Path, planted: Any) -> None:
    written(tmp_path, to_line(new(planted, 1)[0]).encode()).quarantine()
    assert not (tmp_path / "quarantine").exists()


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "study", Path("/proc/nowhere/study")):
        with pytest.raises(UserError, match=re.escape(str(folder))):
            Store(folder).require_writable()
        with pytest.raises(UserError, match=re.escape(str(folder))), Store(folder).writer():
            pass


APPEND = """
import resource, sys
from pathlib import Path
from operators import UserError
from results.records.record import from_line
from results.records.store import Store
lines = Path(sys.argv[2]).read_bytes().splitlines(keepends=True)
store = Store(Path(sys.argv[1]))
with store.writer() as writer:
    writer.append(from_line(lines[0]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(lines[0]) + 100, resource.RLIM_INFINITY))
    try:
        writer.append(from_line(lines[1]))
    except UserError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.append(from_line(lines[2]))
"""


def test_a_full_disk_is_one_sentence_and_costs_only_the_record_in_hand(tmp_path: Path, planted: Any) -> None:
    records = new(planted)
    (tmp_path / "lines").write_text("".join(map(to_line, records)))
    command = [sys.executable, "-c", APPEND, tmp_path / "study", tmp_path / "lines"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert str(tmp_path / "study" / "records") in done.stdout
    assert "free space" in done.stdout
    store = Store(tmp_path / "study")
    assert {record.key for record in store.records()} == {records[0].key, records[2].key}
    assert store.quarantined() == ()


ENDLESS = """
import sys
from pathlib import Path
from results.records.record import from_line, record_key
from results.records.store import Store
record = from_line(Path(sys.argv[2]).read_bytes())
with Store(Path(sys.argv[1])).writer() as writer:
    for number in range(10**9):
        cell = {**record.cell, "replicate": number, "restart": int(sys.argv[3])}
        writer.append(record.model_copy(update={"cell": cell, "key": record_key(record.family, cell, record.task, 1)}))
"""


def test_writers_killed_at_any_moment_leave_whole_records(tmp_path: Path, planted: Any) -> None:
    (tmp_path / "line").write_text(to_line(new(planted, 1)[0]))
    command = [sys.executable, "-c", ENDLESS, str(tmp_path / "study"), str(tmp_path / "line")]
    writers = [subprocess.Popen([*command, str(number)], cwd=REPOSITORY) for number in range(2)]
    store = Store(tmp_path / "study")
    deadline = time.monotonic() + 60
    while len(store.statuses()) < 40 and time.monotonic() < deadline:
        time.sleep(0.02)
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    cells = [record.cell for record in store.records()]
    seen = [sorted(cell["replicate"] for cell in cells if cell["restart"] == writer) for writer in range(2)]
    assert seen == [list(range(len(numbers))) for numbers in seen]
    assert len(cells) == sum(map(len, seen)) >= 40
    assert all(bad.reason.startswith(("torn", "empty")) for bad in store.quarantined())


def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path, planted: Any) -> None:
    records = new(planted, 2)
    program = (
        "import os, sys; from pathlib import Path; from results.records.record import from_line;"
        "from results.records.store import Store;"
        "a, b = map(from_line, Path(sys.argv[2]).read_bytes().splitlines(keepends=True));"
        "manager = Store(Path(sys.argv[1])).writer(); writer = manager.__enter__(); writer.append(a); child = os.fork();"
        "writer.append(b) if child == 0 else os.waitpid(child, 0)"
    )
    (tmp_path / "lines").write_text("".join(map(to_line, records)))
    subprocess.run([sys.executable, "-c", program, tmp_path / "study", tmp_path / "lines"], cwd=REPOSITORY, check=True)
    assert len(list((tmp_path / "study" / "records").glob("*.jsonl"))) == 2
    assert Store(tmp_path / "study").missing(record.key for record in records) == set()


def test_a_record_too_long_to_be_read_back_is_not_written(tmp_path: Path, planted: Any) -> None:
    (record,) = new(planted, 1, outcome={"message": "x" * MAXIMUM_LINE_BYTES})
    with Store(tmp_path).writer() as writer, pytest.raises(ValueError, match="at most"):
        writer.append(record)


def test_canonical_text_does_not_depend_on_order_and_refuses_what_is_no_number() -> None:
    assert canonical({"b": 1, "a": [1.0, None]}) == canonical({"a": [1.0, None], "b": 1}) == '{"a":[1.0,null],"b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("inf")})


def test_a_line_is_refused_by_an_error_of_its_own() -> None:
    with pytest.raises(RecordError):
        from_line(b"{}")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "table.csv"
    write_atomic(path, b"old")

    def interrupted() -> None:
        with atomic(path) as handle:
            handle.write(b"new and")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        interrupted()
    assert path.read_bytes() == b"old"
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.csv"]
    with pytest.raises(UserError, match="expected to write"):
        write_atomic(tmp_path / "deep" / "table.csv" / "below", b"")


def test_files_are_readable_as_the_users_mask_says(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", b"")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_temporary_files_of_dead_writers_are_swept_and_those_of_the_living_are_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.require_writable()
    with atomic(tmp_path / "alive") as handle:
        mine = Path(handle.name)
        dead = mine.with_name(mine.name.replace(f"-{os.getpid()}-", "-4194999-"))
        elsewhere = mine.with_name(".x.otherhost-1-20260101T000000-aaaaaaaa.tmp")
        old = tmp_path / "records" / ".old.tmp"
        for path in (dead, elsewhere, old):
            path.write_bytes(b"")
        os.utime(old, (time.time() - 2 * STALE_SECONDS,) * 2)
        store.require_writable()
        assert mine.exists()
        assert elsewhere.exists()
        assert not dead.exists()
        assert not old.exists()
        assert sweep(tmp_path) == 0


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "-Infinity"])
def test_numbers_no_float_can_hold_are_refused_in_the_cell_too(tmp_path: Path, planted: Any, number: str) -> None:
    (record,) = new(planted, 1)
    text = to_line(record)[88:-2].replace('"learning_rate":0.001', f'"learning_rate":{number}')
    assert [bad.reason for bad in written(tmp_path, sealed(text)).quarantined()] == ["holds NaN or infinity"]
