"""Which processor a record is of, and what two records of one cell must share on it."""

from typing import Any

import pytest

from bench import processor
from bench.drivers.reproduction import agreement
from bench.execution.runner import host

HERE = {"processor": "one", "instructions": "avx avx2 fma"}


def test_the_machine_is_stated_with_its_instruction_sets() -> None:
    stated = host()
    assert set(stated) == {"machine", "processor", "instructions", "cores"}
    assert stated["instructions"].split() == sorted(processor.CHOSEN_BY & processor.flags())


@pytest.mark.parametrize(
    ("old", "new", "holds"),
    [
        (HERE, HERE, False),
        (HERE, {**HERE, "instructions": "avx avx2 avx512f fma"}, True),
        (HERE, {**HERE, "processor": "other"}, True),
        ({"processor": "one"}, HERE, True),
        ({"processor": "one"}, {"processor": "one"}, True),
    ],
)
def test_other_bits_with_a_close_error_hold_on_another_kind_or_an_unstated_one_alone(
    planted: Any, old: dict[str, str], new: dict[str, str], holds: bool
) -> None:
    planted.add(q=2, relative=0.5)
    (record,) = planted.records
    first = record.model_copy(update={"host": old})
    close = record.model_copy(update={"host": new, "weights_sha256": "0" * 64})
    found = agreement([(first, close)])
    assert found.holds is holds
    assert ("not these" in found.text) is not holds


def test_same_bits_hold_whatever_the_machine(planted: Any) -> None:
    planted.add(q=2, relative=0.5)
    (record,) = planted.records
    found = agreement([(record.model_copy(update={"host": {"processor": "one"}}), record.model_copy(update={"host": HERE}))])
    assert found.holds
    assert found.text.startswith("1 of 1 records trained again on the recorded kind of processor")


def test_an_error_that_is_far_off_never_holds(planted: Any) -> None:
    for relative in (0.5, 0.6):
        planted.add(q=2, relative=relative)
    old, new = planted.records
    old, new = (
        old.model_copy(update={"host": {"processor": "one"}}),
        new.model_copy(update={"host": HERE, "weights_sha256": "0" * 64}),
    )
    assert not agreement([(old, new)]).holds


@pytest.mark.parametrize(("far", "holds"), [(1, True), (2, False)])
def test_three_in_four_must_be_close_on_another_kind_and_the_others_are_named(planted: Any, far: int, holds: bool) -> None:
    for q in (2, 3, 4, 5):
        planted.add(q=q, relative=0.5)
        planted.add(q=q, relative=0.6 if q < 2 + far else 0.51)
    pairs = list(zip(planted.records[::2], planted.records[1::2], strict=True))
    there = [(old, new.model_copy(update={"host": HERE, "weights_sha256": "0" * 64})) for old, new in pairs]
    found = agreement(there)
    assert found.holds is holds
    assert f"{4 - far} of 4 on another kind" in found.text
    assert "not these" in found.text
