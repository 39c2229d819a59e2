"""What was published is read by this code: a frozen sample of every study's records, byte for byte, with keys computed again."""

import ast
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from repository import REPOSITORY

from results.families import FAMILIES
from results.records.record import SCHEMA, from_line, record_key, to_line
from results.records.store import check_data

RECORDS = REPOSITORY / "tests" / "records"
LINES = [one.partition("\t")[::2] for one in (RECORDS / "published_lines.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("study", sorted({study for study, _ in LINES}))
def test_records_of_a_published_study_are_read_as_they_were_written(study: str) -> None:
    for line in (text + "\n" for name, text in LINES if name == study):
        record = from_line(line.encode())
        assert record.schema_version == SCHEMA
        assert record.key == record_key(record.family, record.cell, record.task, record.versions.method)
        assert to_line(record) == line
        assert check_data(record), f"{record.key}: data that this release does not know"


def test_the_sample_has_every_published_study_and_every_family() -> None:
    """After a first edition: `python tests/records/freeze_lines.py`."""
    files = (REPOSITORY / "results" / "reference").glob("*/records.parquet")
    recorded = {path.parent.name for path in files if pq.read_metadata(path).num_rows}
    assert recorded <= {study for study, _ in LINES}
    assert {from_line((text + "\n").encode()).family for _, text in LINES} == set(FAMILIES)


def schemas(path: Path) -> list[int]:
    """The numbers that a module gives to the name SCHEMA."""
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]
    return [ast.literal_eval(node.value) for node in nodes if ast.unparse(node.targets[0]) == "SCHEMA"]


def test_the_schema_of_records_is_stated_in_one_place_and_named_by_the_release() -> None:
    rooms = [REPOSITORY / "results" / room for room in ("records", "exchange", "editions", "partitions", "families", "schema")]
    stated = {
        path.relative_to(REPOSITORY).as_posix(): found
        for room in rooms
        for path in room.rglob("*.py")
        if (found := schemas(path))
    }
    assert stated == {"results/records/record.py": [SCHEMA]}
    newest = re.split(r"^## ", (REPOSITORY / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1]
    assert f"Record schema {SCHEMA}:" in newest
