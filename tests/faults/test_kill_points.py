"""Commands killed at points of their own doing leave nothing that the next call does not put right: five points here.

`python tests/faults/kill_points.py --points 100` is the full form. That it can fail: commands with planted defects are found out,
each by its own count, and one without passes.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
from faults.kill_points import WRONG, Case, survey
from repository import REPOSITORY

from operators.atomic_files import sweep, write_atomic

pytestmark = pytest.mark.system

POINTS, PLANTED = 5, 5
LINES = [b"first\n", b"second\n", b"third\n"]


def test_commands_killed_at_points_drawn_from_a_seed_leave_the_same_tables_and_no_leftovers() -> None:
    command = [sys.executable, "tests/faults/kill_points.py", "--points", str(POINTS), "--seed", "3"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(done.stdout)
    assert set(counts) == {"run", "merge", "compact", "report", "submit"}
    for count in counts.values():
        assert count == {"points": 1, "killed": 1, "failed_again": 0, "differing": 0, "leftovers": 0}


def whole(folder: Path) -> int:
    """No defect: the table appears whole, and what killed writers left is swept."""
    sweep(folder)
    write_atomic(folder / "table.csv", b"".join(LINES))
    return 0


def in_place(folder: Path) -> int:
    """A table is written where it stands, line by line, and believed where there is one."""
    if not (folder / "table.csv").exists():
        with (folder / "table.csv").open("wb") as table:
            _flushed(table, LINES)
    return 0


def dropping(folder: Path) -> int:
    """A store that takes up one line too late what it had begun."""
    path = folder / "records.jsonl"
    begun = len(path.read_bytes().splitlines()) if path.exists() else 0
    with path.open("ab") as records:
        _flushed(records, LINES[begun + 1 if begun else 0 :])
    return 0


def never_sweeping(folder: Path) -> int:
    """A table appears whole, and the temporary file of a killed writer stays."""
    temporary = folder / f".table.csv.{secrets.token_hex(4)}.tmp"
    with temporary.open("wb") as table:
        _flushed(table, LINES)
    temporary.replace(folder / "table.csv")
    return 0


def locking(folder: Path) -> int:
    """A lock that outlives who was killed."""
    sweep(folder)
    lock = folder / "lock"
    if lock.exists():
        return 3
    lock.touch()
    write_atomic(folder / "table.csv", b"".join(LINES))
    lock.unlink()
    return 0


def _flushed(handle: BinaryIO, lines: list[bytes]) -> None:
    for line in lines:
        handle.write(line)
        handle.flush()
        os.fsync(handle.fileno())


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (whole, set()),
        (in_place, {"differing"}),
        (dropping, {"differing"}),
        (never_sweeping, {"leftovers"}),
        (locking, {"failed_again", "differing"}),
    ],
)
def test_a_planted_defect_is_reported_by_its_count_and_a_command_without_one_passes(
    command: Callable[[Path], int], found: set[str], tmp_path: Path
) -> None:
    before = tmp_path / "before"
    before.mkdir()

    def facts(folder: Path) -> list[bytes]:
        return [path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".jsonl")]

    case = Case(before, lambda out: [out], facts)
    counts = survey({"planted": [case]}, PLANTED, 1, tmp_path / "out", main=lambda given: command(Path(given[0])))["planted"]
    assert (counts["points"], counts["killed"]) == (PLANTED, PLANTED)
    assert {what for what in WRONG if counts[what]} == found
