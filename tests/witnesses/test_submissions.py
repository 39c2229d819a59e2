"""Entering witnesses and merging results folders: what is kept, what is refused, and that nothing else is touched."""

import dataclasses
import datetime
import hashlib
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from repository import REPOSITORY

from operators.data.function_cache import BlockCache
from operators.errors import UserError
from results.exchange.merge import merge
from results.records.manifest import Manifest, Target, save_manifest
from results.schema.model import canonical
from results.schema.sealed import seal, seal_text
from results.tables.brackets import q_of
from results.witnesses import verification
from results.witnesses.file import Witness, encode, load_witness, save_witness
from results.witnesses.header import Origin
from results.witnesses.measurements import Measurement, code_version
from results.witnesses.submissions import Entry, Held, claim_of, entries, from_bytes, load_entry, submit, to_bytes
from results.witnesses.untrusted_files import Unreadable
from results.witnesses.verification import verify, verify_folder

DOCUMENT = REPOSITORY / "docs" / "leaderboard.md"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the code blocks of docs/leaderboard.md write."""
    folder = tmp_path_factory.mktemp("outsider")
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(blocks) == 2
    here = Path.cwd()
    os.chdir(folder)
    try:
        exec(compile("\n".join(blocks), str(DOCUMENT), "exec"), {})
    finally:
        os.chdir(here)
    return folder / "mine.npz"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> BlockCache:
    return BlockCache(tmp_path_factory.mktemp("cache"))


def with_target(witness: Witness, value: float) -> Witness:
    return dataclasses.replace(witness, header=witness.header.model_copy(update={"target": Target(kind="relative", value=value)}))


def with_author(witness: Witness, author: str) -> Witness:
    origin = Origin(author=author, method="the same", created="2026-01-01")
    return dataclasses.replace(witness, header=witness.header.model_copy(update={"origin": origin}))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_example_of_the_document_writes_a_witness_that_passes(mine: Path, cache: BlockCache) -> None:
    found = verify(mine, cache, entering=True)
    assert found.passed, found.reason
    assert found.floor is not None
    assert found.error is not None
    assert found.floor <= found.error <= 0.05


def test_a_submission_is_kept_under_the_hash_of_its_contents_with_what_was_measured(
    mine: Path, cache: BlockCache, tmp_path: Path
) -> None:
    entry = submit(mine, tmp_path, "Grace Hopper", cache=cache)
    stored = tmp_path / "witnesses" / f"{entry.witness}.npz"
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == entry.witness
    assert stored.read_bytes() != mine.read_bytes()
    assert load_witness(stored).weights.sha256() == load_witness(mine).weights.sha256()
    assert (entry.entered_by, entry.header.origin.author, entry.bits) == ("Grace Hopper", "Your name", 64)
    assert entry.measured.error == verify(mine, cache).error
    assert entry.d == load_witness(mine).header.net().parameter_count()
    (found,) = entries(tmp_path, cache).accepted
    assert found == dataclasses.replace(entry, measured=found.measured)
    assert dataclasses.replace(found.measured, disturbed=entry.measured.disturbed) == entry.measured
    stated = json.loads((tmp_path / "submissions" / f"{entry.witness}.json").read_text())["entry"]
    assert set(stated) == {"schema", "witness", "entered_by", "entered"}
    assert sorted(tree(tmp_path)) == [f"submissions/{entry.witness}.json", f"witnesses/{entry.witness}.npz"]
    assert [found.passed for _, found in verify_folder(tmp_path, cache)] == [True]


def test_the_author_of_the_file_enters_it_by_default(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    assert submit(mine, tmp_path, cache=cache).entered_by == "Your name"


@pytest.mark.parametrize("author", ["<b>me</b>", "", "=HYPERLINK(1)", "x" * 201])
def test_an_author_that_is_no_name_is_refused_and_nothing_is_written(
    mine: Path, cache: BlockCache, tmp_path: Path, author: str
) -> None:
    with pytest.raises(UserError, match="author's name"):
        submit(mine, tmp_path / "out", author, cache=cache)
    assert not (tmp_path / "out").exists()


def test_what_misses_its_target_or_is_no_witness_is_refused_and_nothing_is_written(
    mine: Path, cache: BlockCache, tmp_path: Path
) -> None:
    save_witness(tmp_path / "bold.npz", with_target(load_witness(mine), 0.03))
    (tmp_path / "torn.npz").write_bytes(mine.read_bytes()[:-5])
    for name, reason in (("bold", "misses the target, relative error 0.03"), ("torn", "npz archive"), ("absent", "No such file")):
        with pytest.raises(UserError, match=reason):
            submit(tmp_path / f"{name}.npz", tmp_path / "out", cache=cache)
    assert not (tmp_path / "out").exists()


def test_the_same_weights_enter_once_whoever_brings_them_but_again_for_another_target(
    mine: Path, cache: BlockCache, tmp_path: Path
) -> None:
    first = submit(mine, tmp_path / "out", cache=cache)
    before = tree(tmp_path / "out")
    stolen, harder = tmp_path / "stolen.npz", tmp_path / "harder.npz"
    save_witness(stolen, with_author(load_witness(mine), "Somebody Else"))
    for path in (mine, stolen):
        with pytest.raises(UserError, match=f"'Your name' entered as {first.witness}"):
            submit(path, tmp_path / "out", cache=cache)
    assert tree(tmp_path / "out") == before
    save_witness(harder, with_target(load_witness(mine), 0.04))
    assert submit(harder, tmp_path / "out", cache=cache).claim != first.claim
    assert len(entries(tmp_path / "out", cache).accepted) == 2
    assert claim_of(load_witness(mine)) == claim_of(load_witness(stolen)) == first.claim


def test_a_folder_that_cannot_be_written_is_reported(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    (tmp_path / "witnesses").write_text("in the way")
    with pytest.raises(UserError, match="expected to write"):
        submit(mine, tmp_path, cache=cache)
    assert entries(tmp_path, cache).accepted == ()


def resealed(path: Path, **changes: object) -> bytes:
    """An entry with other fields under a right checksum; None takes one away."""
    stated = json.loads(path.read_text())["entry"] | changes
    body = canonical({name: value for name, value in stated.items() if value is not None})
    return seal_text("entry", body).encode()


def test_entries_that_were_altered_are_refused_with_a_reason(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    entry = submit(mine, tmp_path, cache=cache)
    path = tmp_path / "submissions" / f"{entry.witness}.json"
    data = path.read_bytes()
    assert to_bytes(load_entry(path)) == data
    cases = {
        "checksum does not match": data.replace(b'"entered_by":"Your', b'"entered_by":"your'),
        "one line": data[:-10],
        "unknown: Extra": resealed(path, unknown=1),
        "header: Extra": resealed(path, header=entry.header.model_dump(mode="json")),
        "schema 2, got 7": resealed(path, schema=7),
        "schema 2, got '2'": resealed(path, schema="2"),
        "schema 2, got None": resealed(path, schema=None),
        "entered_by: Value error, expected letters": resealed(path, entered_by="<script>"),
        "entered: ": resealed(path, entered=[2026]),
        "at most": b" " * 2**19,
        "under that name": resealed(path, witness="0" * 64),
    }
    for reason, content in cases.items():
        path.write_bytes(content)
        found = entries(tmp_path, cache)
        assert found.accepted == ()
        assert [reason in refusal.reason for refusal in found.refused] == [True], (reason, found.refused)
    path.write_bytes(data)
    (tmp_path / "witnesses" / f"{entry.witness}.npz").unlink()
    assert "witness of this entry" in entries(tmp_path, cache).refused[0].reason


def entered_by_hand(folder: Path, witness: Witness) -> str:
    """Put a witness and its entry into a folder without measuring anything; return its address."""
    save_witness(folder / "witnesses" / f"{witness.sha256}.npz", witness)
    made = Entry(witness=witness.sha256, entered_by="Nobody", entered=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    path = folder / "submissions" / f"{witness.sha256}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(made))
    return witness.sha256


def test_an_entry_cannot_say_what_its_witness_is_or_reaches(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    """The entry of an honest witness with q = 4, edited to q = 1 and a stricter target, its checksum mended: refused."""
    entry = submit(mine, tmp_path / "theirs", cache=cache)
    path = tmp_path / "theirs" / "submissions" / f"{entry.witness}.json"
    header = entry.header.model_dump(mode="json")
    header["architecture"]["q"], header["target"]["value"] = 1, 0.001
    path.write_bytes(resealed(path, header=header, bits=32, error=1e-4, entered_by="Another"))
    merged = merge([tmp_path / "theirs"], tmp_path / "ours")
    assert [("expected an entry as" in bad.reason, "Extra inputs" in bad.reason) for bad in merged.refused] == [(True, True)]
    assert entries(tmp_path / "ours", cache).accepted == ()
    path.write_bytes(resealed(path, header=None, bits=None, error=None, entered_by="Another"))
    assert merge([tmp_path / "theirs"], tmp_path / "ours").copied == {"submissions": 1}
    (held,) = entries(tmp_path / "ours", cache).accepted
    assert (q_of(held), held.d, held.header.target) == (4, entry.d, entry.header.target)
    assert (held.header.origin.author, held.entered_by) == ("Your name", "Another")


def test_a_witness_that_does_not_pass_here_counts_nowhere_whoever_entered_it(
    mine: Path, cache: BlockCache, tmp_path: Path
) -> None:
    honest = load_witness(mine)
    zero = dataclasses.replace(honest, weights=honest.weights.changed(np.zeros_like))
    address = entered_by_hand(tmp_path, zero)
    bold = entered_by_hand(tmp_path, with_target(honest, 0.03))
    good = entered_by_hand(tmp_path, honest)
    for _ in range(2):  # measured, then kept
        found = entries(tmp_path, cache)
        assert [held.witness for held in found.accepted] == [good]
        reasons = {refusal.file: refusal.reason for refusal in found.refused}
        assert all("misses the target" in reasons[repr(f"{name}.json")] for name in (address, bold))
    assert len(list((cache.root or tmp_path).glob("measurements/*.json"))) >= 3


def test_kept_measurements_count_for_the_same_bytes_and_the_same_code_only(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, folder = BlockCache(tmp_path / "cache"), tmp_path / "study"
    address = entered_by_hand(folder, load_witness(mine))
    honest = entries(folder, cache).accepted
    kept = tmp_path / "cache" / "measurements" / f"{address}.json"

    def planted(code: str, witness: str) -> tuple[Held, ...]:
        """What is held where the kept measurement says that the error is 1."""
        made = Measurement(
            code=code, witness=witness, error=1.0, allowed=0.05, absorbed=None, floor=None, below_floor=False, disturbed=None
        )
        kept.write_bytes(seal("measurement", made))
        return entries(folder, cache).accepted

    assert planted(code_version(), address) == ()
    assert planted("another version", address) == honest
    assert planted(code_version(), "0" * 64) == honest
    kept.write_bytes(kept.read_bytes().replace(b'"error":0', b'"error":1'))
    assert entries(folder, cache).accepted == honest
    monkeypatch.setattr(verification, "measure", lambda *_, **__: pytest.fail("measured again"))
    assert entries(folder, cache).accepted == honest


def test_measurements_are_not_merged(mine: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    submit(mine, source, cache=BlockCache(source))
    assert list((source / "measurements").iterdir()) != []
    merge([source], tmp_path / "target")
    assert {path.name for path in (tmp_path / "target").iterdir()} == {"records", "witnesses", "submissions"}


def results_folder(folder: Path, *, records: dict[str, bytes], question: str = "What?") -> Path:
    for name, content in records.items():
        path = folder / "records" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    save_manifest(folder, Manifest(name="joint", question=question, targets=(Target(kind="relative", value=0.1),), expected=()))
    return folder


def test_merging_copies_everything_once_and_doing_it_again_changes_nothing(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    one = results_folder(tmp_path / "one", records={"a-1.jsonl": b"first\n"})
    two = results_folder(tmp_path / "two", records={"b-2.jsonl": b"second\n", ".b-3.jsonl.host-1-t-r.tmp": b"unfinished"})
    entry = submit(mine, two, cache=cache)
    target = tmp_path / "target"
    merged = merge([one, two], target)
    assert merged.copied == {"study": 1, "records": 2, "witnesses": 1, "submissions": 1}
    assert merged.unchanged == {"study": 1}
    assert merged.conflicts == merged.refused == ()
    assert [held.witness for held in entries(target, cache).accepted] == [entry.witness]
    whole = tree(target)
    assert set(whole) == {
        "study.json",
        "records/a-1.jsonl",
        "records/b-2.jsonl",
        f"witnesses/{entry.witness}.npz",
        f"submissions/{entry.witness}.json",
    }
    again = merge([two, one], target)
    assert again.copied == {}
    assert again.conflicts == again.refused == ()
    assert tree(target) == whole


def test_of_two_record_files_of_one_name_the_longer_stays_if_it_continues_the_other(tmp_path: Path) -> None:
    target = results_folder(
        tmp_path / "target", records={"a.jsonl": b"1\n", "b.jsonl": b"1\n2\n", "c.jsonl": b"1\n", "D.jsonl": b""}
    )
    source = results_folder(
        tmp_path / "source", records={"a.jsonl": b"1\n2\n", "b.jsonl": b"1\n", "c.jsonl": b"3\n", "d.jsonl": b"4\n"}
    )
    merged = merge([source], target)
    assert (target / "records/a.jsonl").read_bytes() == b"1\n2\n"
    assert (target / "records/b.jsonl").read_bytes() == b"1\n2\n"
    assert (target / "records/c.jsonl").read_bytes() == b"1\n"
    assert (target / "records/D.jsonl").read_bytes() == b""
    assert merged.copied == {"records": 1}
    assert merged.unchanged == {"study": 1, "records": 1}
    assert [("c.jsonl" in c.file, "two different ones" in c.reason) for c in merged.conflicts] == [(True, True), (False, False)]
    assert "by more than case" in merged.conflicts[1].reason


def test_long_record_files_are_compared_and_copied_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * (3 * 2**12 + 1)
    source = results_folder(tmp_path / "source", records={"long.jsonl": content})
    target = results_folder(tmp_path / "target", records={"long.jsonl": content[: 2**21 + 17]})
    assert merge([source], target).copied == {"records": 1}
    assert (target / "records/long.jsonl").read_bytes() == content
    altered = bytearray(content)
    altered[2**21 + 5] ^= 1
    (source / "records/long.jsonl").write_bytes(altered)
    assert len(merge([source], target).conflicts) == 1


def test_a_different_study_is_a_conflict_and_the_targets_stays(tmp_path: Path) -> None:
    source = results_folder(tmp_path / "source", records={}, question="Another?")
    target = results_folder(tmp_path / "target", records={})
    before = tree(target)
    assert ["study" in conflict.file for conflict in merge([source], target).conflicts] == [True]
    assert tree(target) == before
    (source / "study.json").write_bytes(json.dumps({"name": "x"}).encode())
    assert "expected a study.json as a run writes it" in merge([source], tmp_path / "new").refused[0].reason
    assert not (tmp_path / "new" / "study.json").exists()


def test_links_other_names_and_altered_witnesses_are_refused_and_nothing_is_written_elsewhere(
    mine: Path, cache: BlockCache, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    source = results_folder(
        tmp_path / "source", records={"good.jsonl": b"1\n", "bad name.jsonl": b"", "evil.py": b"", "x\nz.jsonl": b""}
    )
    entry = submit(mine, source, cache=cache)
    (source / "records" / "link.jsonl").symlink_to(secret)
    os.mkfifo(source / "records" / "pipe.jsonl")
    (source / "records" / "folder.jsonl").mkdir()
    witnesses, submissions = source / "witnesses", source / "submissions"
    (witnesses / f"{'a' * 64}.npz").write_bytes(encode(load_witness(mine)))
    (witnesses / f"{'b' * 64}.npz").write_bytes(b"PK\x03\x04 no archive")
    (witnesses / f"{'c' * 64}.npz").symlink_to(mine)
    stated = load_entry(submissions / f"{entry.witness}.json")
    (submissions / f"{'d' * 64}.json").write_bytes(to_bytes(stated))
    (submissions / f"{'e' * 64}.json").write_bytes(to_bytes(stated.model_copy(update={"witness": "e" * 64})))
    target = tmp_path / "inner" / "target"
    merged = merge([source], target)
    assert merged.copied == {"study": 1, "records": 1, "witnesses": 1, "submissions": 1}
    reasons = {
        re.sub(r"^.*? (?=(?:records|witnesses|submissions) )", "", refusal.file): refusal.reason for refusal in merged.refused
    }
    assert len(reasons) == 11
    for name, reason in {
        "records 'bad name.jsonl'": "a name as this suite gives",
        "records 'evil.py'": "a name as this suite gives",
        "records 'x\\nz.jsonl'": "a name as this suite gives",
        "records 'link.jsonl'": "a symbolic link",
        "records 'pipe.jsonl'": "a folder, a pipe",
        "records 'folder.jsonl'": "a folder, a pipe",
        f"witnesses '{'a' * 64}.npz'": "under that name",
        f"witnesses '{'b' * 64}.npz'": "npz archive",
        f"witnesses '{'c' * 64}.npz'": "a symbolic link",
        f"submissions '{'d' * 64}.json'": "under that name",
        f"submissions '{'e' * 64}.json'": "expected the witness of this entry",
    }.items():
        assert reason in reasons[name], name
    assert not any(path.is_symlink() for path in target.rglob("*"))
    assert b"secret" not in b"".join(tree(target).values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inner", "secret.txt", "source"]


def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    elsewhere = results_folder(tmp_path / "elsewhere", records={"private.jsonl": b"1\n"})
    source = tmp_path / "source"
    source.mkdir()
    (source / "records").symlink_to(elsewhere / "records")
    (source / "study.json").symlink_to(elsewhere / "study.json")
    merged = merge([source], tmp_path / "target")
    assert merged.copied == {}
    assert len(merged.refused) == 2
    assert tree(tmp_path / "target") == {}


def test_a_witness_of_the_target_that_was_damaged_is_repaired(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    source = tmp_path / "source"
    entry = submit(mine, source, cache=cache)
    merge([source], tmp_path / "target")
    path = tmp_path / "target" / "witnesses" / f"{entry.witness}.npz"
    path.write_bytes(path.read_bytes()[:-1])
    assert merge([source], tmp_path / "target").copied == {"witnesses": 1}
    assert tree(tmp_path / "target") == tree(source)


def test_two_entries_of_one_witness_are_a_conflict(mine: Path, cache: BlockCache, tmp_path: Path) -> None:
    submit(mine, tmp_path / "one", "First", cache=cache)
    submit(mine, tmp_path / "two", "Second", cache=cache)
    merged = merge([tmp_path / "two"], tmp_path / "one")
    assert ["who entered it first" in conflict.reason for conflict in merged.conflicts] == [True]
    assert [entry.entered_by for entry in entries(tmp_path / "one", cache).accepted] == ["First"]


def test_sources_must_be_other_existing_folders(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    with pytest.raises(UserError, match="found none"):
        merge([tmp_path / "nowhere"], tmp_path / "here")
    (tmp_path / "alias").symlink_to(tmp_path / "here")
    with pytest.raises(UserError, match="another folder than the target"):
        merge([tmp_path / "alias"], tmp_path / "here")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="expected to write"):
        merge([tmp_path / "here"], tmp_path / "file" / "target")


def test_an_entry_is_read_as_strictly_as_a_header() -> None:
    for data in (b"", b"{}\n", b'{"checksum":"' + b"0" * 64 + b'","entry":{}}\n', b"[" * 10**5):
        with pytest.raises(Unreadable):
            from_bytes(data)
