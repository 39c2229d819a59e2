"""The kinds of files that are written and read again: of each a whole example, its reader, and where a forged one leads.

A reader returns what the content says, and raises one of REFUSALS if it refuses. What a forged file was believed is followed
on, into tables and verification: nothing may end there in another error, nor change what it cannot say.
"""

import datetime
import io
import json
import random
import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from fuzz.mutations import forged, resealed
from planted_questions import question

from operators import TASKS, UserError
from operators.architectures.weights import Weights
from operators.data.function_cache import BLOCK, BlockCache, functions
from operators.data.request import Request
from results.editions.contradictions import SCHEMA as CONTRADICTION_SCHEMA
from results.editions.contradictions import Contradiction
from results.editions.edition import Edition, Superseded, edition_from_bytes
from results.families import FAMILIES
from results.page.document import CARD_SCHEMA, Card
from results.records.manifest import ExpectedCell, Manifest, Target, manifest_from_bytes
from results.records.record import Record, RecordError, from_line, record_key, to_line
from results.records.store import check_data
from results.schema.sealed import Damaged, read_sealed, seal
from results.tables.study_tables import StudyTables, study_tables
from results.witnesses.file import Witness, decode, encode
from results.witnesses.header import Header, Origin, Scaling, data_of
from results.witnesses.kept import SCHEMA as KEPT_SCHEMA
from results.witnesses.lower_ends import Ends
from results.witnesses.measurements import SCHEMA as MEASUREMENT_SCHEMA
from results.witnesses.measurements import Measurement
from results.witnesses.submissions import Entry, from_bytes, to_bytes
from results.witnesses.verification import request_of, verify

REFUSALS = (UserError, RecordError, Damaged)
TASK = TASKS["antiderivative"]
FAMILY = FAMILIES["deeponet"]
DATE = datetime.date(2026, 1, 1)


class Kind(ABC):
    """A kind of file.

    Attributes:
        name: of the kind.
        whole: the bytes of the example.
    """

    name: ClassVar[str]
    whole: bytes

    @abstractmethod
    def read(self, data: bytes) -> Any:
        """What the content says."""

    def forge(self, chance: random.Random) -> bytes:
        """The example with one place changed, sealed again."""
        return resealed(self.name, forged(json.loads(self.whole)[self.name], chance))

    def follow(self, found: Any) -> None:
        """Use what a forged file was believed, as the suite does; of some kinds there is nothing to be led into."""
        assert found is not None


def planted_study(new_planted: Any) -> tuple[Manifest, list[Record]]:
    """A small study of a known task, with the sizes of its nets."""
    study, identity = new_planted(), json.loads(TASK.identity())
    for q, size in ((1, 16), (2, 16), (4, 16), (1, 24), (2, 24), (4, 24)):
        study.add(task=TASK.name, q=q, functions=size, relative=0.4 / q, floor=0.01 / q**2)
        study.add(task=TASK.name, q=q, functions=size, absorbed=0.2 * q, floor=0.01)
    expected, records = list[ExpectedCell](), list[Record]()
    for record in study.records:
        key = record_key(record.family, record.cell, identity, 1)
        expected.append(ExpectedCell(key=key, cell=record.cell, sizes=FAMILY.sizes(record.cell) or {}))
        records.append(record.model_copy(update={"key": key, "task": identity}))
    bracket = question(
        task=TASK.name,
        target=Target(kind="relative", value=0.3),
        ends="activated-trunk",
        q_lower=1,
        d_lower=40,
        tried=(expected[0].key,),
    )
    targets = (Target(kind="relative", value=0.3), Target(kind="absorb", value=0.3))
    manifest = Manifest(
        name="fuzzed", question="What?", targets=targets, expected=tuple(expected), rays=(1.0,), brackets=(bracket,)
    )
    return manifest, records


def assert_equal(first: StudyTables, second: StudyTables) -> None:
    """Every table is the same."""
    for name, frame in first.frames.items():
        pd.testing.assert_frame_equal(frame, second.frames[name])


class RecordKind(Kind):
    """A line of a record file. A record is believed in what it measured, under the key of its very cell."""

    name = "record"

    def __init__(self, new_planted: Any) -> None:
        self.manifest, self.records = planted_study(new_planted)
        self.whole = to_line(self.records[3]).encode()
        self.without = study_tables(self.manifest, self._others())

    def read(self, data: bytes) -> Record:
        """As the store reads it."""
        record = from_line(data)
        check_data(record)
        return record

    def forge(self, chance: random.Random) -> bytes:
        """Half of them also under the key of what they hold then."""
        content = forged(json.loads(self.whole)["record"], chance)
        if chance.random() < 0.5:
            try:
                cell = FAMILY.cell.model_validate(content["cell"]).model_dump(mode="json")
                content["key"] = record_key("deeponet", cell, content["task"], content["versions"]["method"])
            except (ValueError, KeyError, TypeError):
                pass
        return resealed("record", content)

    def follow(self, found: Record) -> None:
        """Under the key of an expected cell it is the record of this cell; under any other it changes no table."""
        tables = study_tables(self.manifest, [*self._others(), found])
        asked = {expected.key: expected.cell for expected in self.manifest.expected}
        if found.key in asked:
            assert found.cell == asked[found.key]
        else:
            assert_equal(self.without, tables)

    def _others(self) -> list[Record]:
        return [record for record in self.records if record is not self.records[3]]


class StudyKind(Kind):
    """study.json. It is believed in what it asks, not in what follows from that."""

    name = "study"

    def __init__(self, new_planted: Any) -> None:
        self.manifest, self.records = planted_study(new_planted)
        self.whole = seal("study", self.manifest)

    def read(self, data: bytes) -> Manifest:
        """As every command reads it."""
        return manifest_from_bytes(data)

    def follow(self, found: Manifest) -> None:
        """The cells of records are theirs, with the sizes of their nets."""
        assert study_tables(found, self.records).frames
        cells = {record.key: record.cell for record in self.records}
        for expected in found.expected:
            assert cells.get(expected.key, expected.cell) == expected.cell
            assert FAMILY.sizes(expected.cell) in (None, expected.sizes)


class EntryKind(Kind):
    """An entry. It says who and when."""

    name = "entry"

    def __init__(self) -> None:
        made = Entry(witness="a" * 64, entered_by="Somebody", entered=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
        self.whole = to_bytes(made)

    def read(self, data: bytes) -> Entry:
        """As a folder is read."""
        return from_bytes(data)


class MeasurementKind(Kind):
    """A kept measurement."""

    name = "measurement"

    def __init__(self) -> None:
        made = Measurement(
            code="c", witness="a" * 64, error=0.1, allowed=0.2, absorbed=None, floor=0.05, below_floor=False, disturbed=0.1
        )
        self.whole = seal("measurement", made)

    def read(self, data: bytes) -> Measurement:
        """As it is looked up."""
        return read_sealed("measurement", Measurement, data, schema=MEASUREMENT_SCHEMA)


class CardKind(Kind):
    """report.json."""

    name = "card"

    def __init__(self) -> None:
        self.whole = seal("card", Card(name="fuzzed", question="What?", tasks=("heat",), outcomes={"done": 3}))

    def read(self, data: bytes) -> Card:
        """As the index reads it."""
        return read_sealed("card", Card, data, schema=CARD_SCHEMA)


class EditionKind(Kind):
    """edition.json."""

    name = "edition"

    def __init__(self) -> None:
        counts = {"recipes": {"native/soap": 1}, "versions": {"numpy 2": 3}, "hardware": {"processor x": 3}}
        earlier = Superseded(edition=1, published=DATE, trained="a" * 40, records=2, tables={"scaling.csv": "b" * 64})
        made = Edition(
            study="fuzzed",
            edition=2,
            published=DATE,
            trained="a" * 40,
            lock="b" * 64,
            command="python -m tox -e bench -- fuzzed",
            records=3,
            cpu_hours=0.5,
            **counts,
            superseded=(earlier,),
        )
        self.whole = seal("edition", made)

    def read(self, data: bytes) -> Edition:
        """As a published study is read."""
        return edition_from_bytes(data)


class ContradictionKind(Kind):
    """contradictions/<address>.json."""

    name = "contradiction"

    def __init__(self) -> None:
        made = Contradiction(
            witness="a" * 64,
            questions=("B-0001",),
            bound="eckart-young",
            quantity="q",
            certified=9.0,
            measured=3.0,
            independent=0.01,
            found=DATE,
        )
        self.whole = seal("contradiction", made)

    def read(self, data: bytes) -> Contradiction:
        """As the reference is read."""
        return read_sealed("contradiction", Contradiction, data, schema=CONTRADICTION_SCHEMA)


class EndsKind(Kind):
    """Kept lower ends of a question."""

    name = "lower-ends"

    def __init__(self) -> None:
        size = {"q_lower": 3, "q_bound": "eckart-young", "q_status": "certified"}
        made = Ends(
            code="c", of="a" * 64, rank=3, branch=2, trunk=2, **size, d_lower=40, d_bound="bit-counting", d_status="certified"
        )
        self.whole = seal("lower-ends", made)

    def read(self, data: bytes) -> Ends:
        """As they are looked up."""
        return read_sealed("lower-ends", Ends, data, schema=KEPT_SCHEMA)


class WitnessKind(Kind):
    """A witness file. Whatever it claims is measured; other content has another address."""

    name = "witness"

    def __init__(self, new_planted: Any, folder: Path) -> None:
        manifest, _ = planted_study(new_planted)
        cell = FAMILY.cell.model_validate(manifest.expected[2].cell)
        settings = cell.architecture.model_copy(update={"schedule": "free"})  # type: ignore[attr-defined]
        net = settings.on(len(TASK.sensors()), TASK.points().shape[1])
        request = Request(TASK, functions=16, points=16, test_functions=1)
        header = Header(
            data=data_of(request),
            sensors=net.sensors,
            coordinates=net.coordinates,
            architecture=settings,
            scaling=Scaling(inputs="standard", coordinates="unit"),
            target=Target(kind="relative", value=0.9),
            origin=Origin(author="Nobody", method="none", created=datetime.date(2026, 1, 1)),
        )
        generator = np.random.default_rng(0)
        weights = Weights({name: 0.1 * generator.normal(size=shape) for name, shape in net.shapes().items()})
        self.witness, self.cache = Witness(header, weights), BlockCache(folder)
        self.whole = encode(self.witness)

    def read(self, data: bytes) -> tuple[str, Witness]:
        """As a file is read; what else it holds follows from the address."""
        found = decode(data)
        return found.sha256, found

    def forge(self, chance: random.Random) -> bytes:
        """Another header, or another array."""
        arrays: dict[str, Any] = dict(self.witness.weights.named)
        header = self.witness.header.text()
        if chance.random() < 0.7:
            header = json.dumps(forged(json.loads(header), chance)).encode()
        else:
            name = chance.choice(list(arrays))
            arrays[name] = chance.choice(
                (arrays[name] * 0, arrays[name] * 1e300, arrays[name].T, arrays[name].astype("f4"), arrays[name] > 0, np.zeros(3))
            )
        content = io.BytesIO()
        np.savez(content, header=np.frombuffer(header, dtype=np.uint8), **arrays)
        return content.getvalue()

    def follow(self, found: tuple[str, Witness]) -> None:
        """A witness on these data is measured; its facts are those of its arrays."""
        address, witness = found
        net = witness.header.net()
        assert net.parameter_count() == sum(array.size for array in witness.weights.arrays())
        if witness.header.data != self.witness.header.data:
            request_of(witness.header)
        elif address != self.witness.sha256:
            verdict = verify(witness, self.cache)
            assert verdict.reason
            assert not verdict.passed or (verdict.measured is not None and verdict.measured.error <= verdict.measured.allowed)


class BlockKind(Kind):
    """A block of generated functions in the cache: its manifest and two arrays, here as one run of bytes."""

    name = "block"

    def __init__(self, folder: Path) -> None:
        self.cache = BlockCache(folder / "blocks")
        self._functions()
        self.files = sorted(path for path in (folder / "blocks").rglob("*") if path.is_file())
        contents = [path.read_bytes() for path in self.files]
        self.lengths = [len(content) for content in contents]
        self.whole = b"".join(contents)

    def _functions(self) -> tuple[bytes, bytes]:
        inputs, outputs = functions(TASK, "inputs", replicate=0, count=BLOCK, cache=self.cache)
        return inputs.tobytes(), outputs.tobytes()

    def read(self, data: bytes) -> tuple[bytes, bytes]:
        """The functions, whatever the cache holds: generated again where it is damaged."""
        for path, length in zip(self.files, self.lengths, strict=True):
            path.write_bytes(data[:length])
            data = data[length:]
        return self._functions()

    def forge(self, chance: random.Random) -> bytes:
        """Another manifest, of the same length where it is no longer."""
        place = next(number for number, path in enumerate(self.files) if path.suffix == ".json")
        start, length = sum(self.lengths[:place]), self.lengths[place]
        stated = json.loads(self.whole[start : start + length])
        manifest = json.dumps(forged(stated, chance)).encode("utf-8", "surrogatepass").ljust(length)[:length]
        return self.whole[:start] + manifest + self.whole[start + length :]


def kinds(new_planted: Any, folder: Path) -> dict[str, Kind]:
    """One of each."""
    shutil.rmtree(folder / "blocks", ignore_errors=True)
    found: tuple[Kind, ...] = (
        *(RecordKind(new_planted), StudyKind(new_planted), EntryKind(), MeasurementKind(), CardKind()),
        *(EditionKind(), ContradictionKind(), EndsKind()),
        *(WitnessKind(new_planted, folder), BlockKind(folder)),
    )
    return {kind.name: kind for kind in found}
