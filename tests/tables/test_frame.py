"""The tidy frame: every expected cell once, outcomes from records alone, and nothing below its floor."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators import TASKS, UserError
from results.families import FAMILIES
from results.records.manifest import (
    ExpectedCell,
    Manifest,
    Target,
    load_manifest,
    manifest_from_bytes,
    save_manifest,
    stated_manifest,
)
from results.records.record import Record
from results.schema.model import canonical
from results.schema.sealed import Damaged, seal, seal_text
from results.schema.widths import Widths
from results.tables.csv_files import csv_bytes, safe_text
from results.tables.frame import (
    ASKED,
    FloorViolation,
    build_frame,
    check_floors,
    excluded,
    label_energy,
    reached,
    status_counts,
)
from results.tables.frame_columns import outcome_columns


def test_one_row_an_expected_cell_in_the_order_of_the_study(planted: Any) -> None:
    keys = [planted.add(q=q, status=status) for q, status in ((1, "done"), (2, "missing"), (3, "failed"), (4, "diverged"))]
    frame = planted.frame()
    assert frame["key"].tolist() == keys
    assert frame["status"].tolist() == ["done", "missing", "failed", "diverged"]
    assert set(ASKED) | set(outcome_columns(FAMILIES["deeponet"])) <= set(frame.columns)
    assert frame["training_mse"].isna().tolist() == [False, True, True, True]


def test_values_are_those_of_cell_sizes_and_record(planted: Any) -> None:
    planted.add(
        q=6,
        functions=12,
        points=5,
        absorbed=0.25,
        floor=0.1,
        branch_widths=[3, 4],
        trunk_widths=[5],
        batch=4,
        replicate=2,
        restart=1,
        d=321,
        ends="linear",
        parameters={"nu": 0.1},
        epochs=7,
        steps=None,
    )
    row = planted.frame().iloc[0]
    expected = {
        "N": 12,
        "M": 5,
        "n": 60,
        "architecture": "deeponet",
        "schedule": "free",
        "q": 6,
        "q_eff": 5,
        "d": 321,
        "d_eff": 540,
        "branch_widths": Widths((3, 4)),
        "trunk_widths": Widths((5,)),
        "ends": "linear",
        "noise_law": "rademacher",
        "sigma": 0.5,
        "parameters": '{"nu":0.1}',
        "budget": "7 epochs",
        "replicate": 2,
        "restart": 1,
        "training_mse": 0.1875,
        "noise_energy": 0.25,
        "absorbed": 0.25,
        "floor": 0.1,
        "unit": 1.0,
        "optimality": 1.875,
        "resolved": 1.0,
        "trivial": 0.0,
        "cpu_seconds": 0.5,
        "versions": "numpy 2.4.6",
        "hardware": "machine x86_64",
    }
    assert {name: row[name] for name in expected} == expected
    assert "batch=4" in row["training"]


def test_records_the_study_does_not_expect_are_left_out(planted: Any, new_planted: Callable[[], Any]) -> None:
    planted.add(q=1)
    other = new_planted()
    other.add(q=2)
    frame = build_frame(planted.manifest(), [*planted.records, *other.records])
    assert len(frame) == 1


def test_configurations_join_replicates_and_restarts_and_problems_join_nets(planted: Any) -> None:
    for q, functions in ((1, 16), (2, 16), (2, 32)):
        for replicate, restart in ((0, 0), (0, 1), (1, 0)):
            planted.add(q=q, functions=functions, replicate=replicate, restart=restart)
    planted.add(q=2, functions=32, learning_rate=0.01)
    frame = planted.frame()
    assert frame["configuration"].tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3]
    assert frame["problem"].tolist() == [0] * 6 + [1] * 4


def with_values(record: Record, values: dict[str, float]) -> Record:
    """The record with these named bound values."""
    assert record.measured is not None
    bounds = record.measured.bounds.model_copy(update={"values": values})
    return record.model_copy(update={"measured": record.measured.model_copy(update={"bounds": bounds})})


def test_named_bound_values_become_columns(planted: Any) -> None:
    for q in (1, 2):
        planted.add(q=q)
    planted.records[1] = with_values(planted.records[1], {"cover": 0.25})
    assert np.array_equal(planted.frame()["bound_cover"], [np.nan, 0.25], equal_nan=True)


def test_of_several_records_of_a_key_the_last_counts_and_leaves_nothing_of_the_others(planted: Any) -> None:
    planted.add(q=1, relative=0.5)
    first = planted.records[0]
    earlier = with_values(first, {"cover": 0.25}).model_copy(update={"message": "earlier"})
    frame = build_frame(planted.manifest(), [earlier, first])
    assert frame["bound_cover"].isna().all()
    pd.testing.assert_frame_equal(frame.drop(columns="bound_cover"), planted.frame())


def test_a_record_below_its_floor_stops_every_table(planted: Any) -> None:
    planted.add(q=1, relative=0.1, floor=0.0099)
    key = planted.add(q=2, relative=0.1, floor=0.0101)
    with pytest.raises(FloorViolation, match=key) as caught:
        planted.frame()
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize(("excess", "passes"), [(0.0, True), (5e-7, True), (2e-6, False)])
def test_the_floor_holds_to_a_millionth(planted: Any, excess: float, passes: bool) -> None:
    planted.add(relative=0.5, floor=0.25 * (1 + excess))
    if passes:
        assert check_floors(planted.frame()) == 1
    else:
        with pytest.raises(FloorViolation):
            planted.frame()


def test_rounding_of_the_singular_values_is_allowed_where_the_fit_is_exact(planted: Any) -> None:
    planted.add(relative=0.0, floor=0.0)
    planted.add(q=2, relative=1e-7, floor=4e-14 + 3.9e-12, energy=4.0)
    planted.add(q=3, relative=0.0, floor=1e-20)
    assert check_floors(planted.frame()) == 3


def test_more_than_a_trillionth_of_the_squared_unit_is_not_rounding(planted: Any) -> None:
    planted.add(relative=1e-7, floor=4e-14 + 4.1e-12, energy=4.0)
    with pytest.raises(FloorViolation):
        planted.frame()


def test_cells_without_a_rank_limit_have_no_floor_and_are_excluded_from_nothing(planted: Any) -> None:
    planted.add(q=1, relative=0.0)
    planted.add(q=2, absorbed=0.9)
    frame = planted.frame()
    assert check_floors(frame) == 0
    assert not excluded(frame, RELATIVE).any()
    assert not excluded(frame, ABSORB).any()


def test_an_error_of_exactly_zero_does_not_slip_below_a_resolved_floor(planted: Any) -> None:
    planted.add(relative=0.0, floor=1e-3)
    with pytest.raises(FloorViolation):
        planted.frame()


def test_label_energy_is_recovered(planted: Any) -> None:
    planted.add(relative=0.3, energy=7.0)
    planted.add(q=2, absorbed=0.3, energy=7.0)
    planted.add(q=3, status="missing")
    assert label_energy(planted.frame())[:2] == pytest.approx([7.0, 7.0])
    assert np.isnan(label_energy(planted.frame())[2])


ABSORB, RELATIVE = Target(kind="absorb", value=0.5), Target(kind="relative", value=0.1)


def test_targets_are_met_by_done_runs_of_the_cells_they_are_meant_for(planted: Any) -> None:
    planted.add(q=1, relative=0.1)
    planted.add(q=2, relative=0.100001)
    planted.add(q=3, absorbed=0.5)
    planted.add(q=4, absorbed=0.4999)
    planted.add(q=5, relative=0.01, status="timeout")
    planted.add(q=6, status="missing")
    frame = planted.frame()
    assert reached(frame, RELATIVE).tolist() == [True, False, False, False, False, False]
    assert reached(frame, ABSORB).tolist() == [False, False, True, False, False, False]


def test_exclusion_by_the_floor_is_strict_and_only_where_there_is_one(planted: Any) -> None:
    planted.add(q=1, relative=0.5, floor=0.011)
    planted.add(q=2, relative=0.5, floor=0.01)
    planted.add(q=3, relative=0.5, floor=None)
    planted.add(q=4, absorbed=0.1, floor=0.126)
    planted.add(q=5, absorbed=0.1, floor=0.125)
    frame = planted.frame()
    assert excluded(frame, RELATIVE).tolist() == [True, False, False, False, False]
    assert excluded(frame, ABSORB).tolist() == [False, False, False, True, False]


@settings(max_examples=30, deadline=None)
@given(error=st.floats(1e-6, 1.0), share=st.floats(0.0, 1.0) | st.just(1.0), value=st.floats(0.01, 0.99))
def test_a_run_that_reached_a_target_is_never_excluded_from_it(
    new_planted: Callable[[], Any], error: float, share: float, value: float
) -> None:
    study, share = new_planted(), 0.0 if share < 1e-12 else share
    study.add(relative=error, floor=share * error**2)
    study.add(q=2, absorbed=1.0 - error, floor=share * 0.25 * error)
    frame = study.frame()
    for target in (Target(kind="relative", value=value), Target(kind="absorb", value=value)):
        assert not (reached(frame, target) & excluded(frame, target)).any()


STATUSES = ("done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")


@settings(max_examples=30, deadline=None)
@given(statuses=st.lists(st.sampled_from(STATUSES), max_size=20))
def test_every_cell_is_counted_exactly_once(new_planted: Callable[[], Any], statuses: list[str]) -> None:
    study = new_planted()
    for replicate, status in enumerate(statuses):
        study.add(q=1 + replicate % 2, replicate=replicate, status=status)
    counts = status_counts(study.frame(), "configuration")
    assert counts["expected"].sum() == len(statuses)
    assert (counts["expected"] == counts["runs"] + counts["failed"] + counts["missing"]).all()
    for status in STATUSES:
        assert counts[status].sum() == statuses.count(status)


def test_an_empty_study_gives_an_empty_frame(planted: Any) -> None:
    assert planted.frame().empty


def test_the_manifest_survives_the_disk(tmp_path: Any, planted: Any) -> None:
    planted.add(q=3, parameters={"nu": 0.1})
    manifest = planted.manifest(rays=(1.0, 2.0))
    save_manifest(tmp_path, manifest)
    assert load_manifest(tmp_path) == manifest
    first = (tmp_path / "study.json").read_bytes()
    save_manifest(tmp_path, load_manifest(tmp_path))
    assert (tmp_path / "study.json").read_bytes() == first


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b"7", b'{"schema": 2}', b'{"schema": 2, "name": "../../x"}', b"\xff", b"[" * 10**5]
)
def test_a_missing_or_broken_manifest_is_one_sentence_and_a_run_writes_it_anew(
    tmp_path: Any, planted: Any, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "study.json").write_bytes(content)
    with pytest.raises(UserError, match=r"expected .*study\.json"):
        load_manifest(tmp_path)
    assert stated_manifest(tmp_path) is None


def of_burgers(planted: Any) -> ExpectedCell:
    """A cell of a known task, with the sizes of its net."""
    planted.add(task="burgers")
    cell = {**planted.expected[0].cell, "architecture": {**planted.expected[0].cell["architecture"], "branch_widths": [8]}}
    sizes = FAMILIES["deeponet"].sizes(cell)
    assert sizes is not None
    sensors, coordinates = len(TASKS["burgers"].sensors()), TASKS["burgers"].points().shape[1]
    assert sizes["d"] == (sensors + 1) * 8 + 9 * 4 + (coordinates + 1) * 8 + 9 * 8 + 9 * 4 + 1
    return ExpectedCell(key=planted.expected[0].key, cell=cell, sizes=sizes)


def without_width(cell: dict[str, Any]) -> dict[str, Any]:
    return {**cell, "architecture": {**cell["architecture"], "trunk_widths": [0]}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda study, cell: study | {"family": "planted"}, "family: .*expected a family among .*, got 'planted'"),
        (lambda study, cell: study | {"name": "../../x"}, "name: "),
        (lambda study, cell: study | {"rays": [0.0]}, "rays.0: .*greater than 0"),
        (lambda study, cell: study | {"rays": ["1"]}, "rays.0: "),
        (lambda study, cell: study | {"targets": [{"kind": "absorb", "value": 0.0}]}, "targets.0.value: "),
        (lambda study, cell: study | {"colour": "red"}, "colour: Extra"),
        (lambda study, cell: study | {"expected": [cell, cell]}, "expected: a key twice"),
        (lambda study, cell: study | {"expected": [cell | {"key": "short"}]}, "expected.0.key: "),
        (lambda study, cell: study | {"expected": [cell | {"cell": {}}]}, "expected.0.task: Field required"),
        (
            lambda study, cell: study | {"expected": [cell | {"cell": cell["cell"] | {"functions": "8"}}]},
            "as its model writes it",
        ),
        (lambda study, cell: study | {"expected": [cell | {"cell": without_width(cell["cell"])}]}, "expected trunk widths >= 1"),
        (lambda study, cell: study | {"expected": [cell | {"sizes": {}}]}, "expected.0.sizes: expected .'d', 'q_eff', 'd_eff'"),
        (lambda study, cell: study | {"expected": [cell | {"sizes": cell["sizes"] | {"d": 108}}]}, "sizes: .*those of its net"),
        (lambda study, cell: study | {"expected": [cell | {"sizes": cell["sizes"] | {"d": 2**63}}]}, "expected.0.sizes.d: "),
        (lambda study, cell: study | {"schema": "2"}, "schema 2 in .*, got schema 2, which another release"),
    ],
)
def test_a_manifest_is_held_to_what_follows_from_it(
    tmp_path: Any, planted: Any, change: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]], reason: str
) -> None:
    """Its checksum mended."""
    cell = of_burgers(planted)
    save_manifest(tmp_path, planted.manifest().model_copy(update={"expected": (cell,)}))
    assert load_manifest(tmp_path).expected == (cell,)
    stated = json.loads((tmp_path / "study.json").read_text())["study"]
    body = canonical(change(stated, cell.model_dump()))
    (tmp_path / "study.json").write_text(seal_text("study", body))
    with pytest.raises(UserError, match=reason) as caught:
        load_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_another_cell_under_the_key_of_a_record_is_refused(planted: Any) -> None:
    """It would lend the sizes that it states to what the record reached."""
    planted.add(q=4)
    smaller = {**planted.expected[0].cell["architecture"], "q": 1}
    planted.expected[0] = planted.expected[0].model_copy(
        update={"cell": {**planted.expected[0].cell, "architecture": smaller}, "sizes": {"d": 100, "q_eff": 1, "d_eff": 90}}
    )
    with pytest.raises(UserError, match=r"expected study\.json to state the cell of each key"):
        planted.frame()


@settings(max_examples=150)
@given(data=st.data())
def test_a_flipped_bit_never_changes_a_manifest_that_is_read(new_planted: Callable[[], Any], data: st.DataObject) -> None:
    study = new_planted()
    study.add(q=3)
    content = bytearray(seal("study", study.manifest()))
    position, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
    content[position] ^= 1 << bit
    with pytest.raises(Damaged):
        manifest_from_bytes(bytes(content))


OLD = {"name": "old", "question": "", "targets": [], "expected": [], "rays": [], "brackets": []}
OLD_CELL = {"key": "0" * 64, "cell": {"task": "heat", "net": {"q": 4}}, "sizes": {"d": 1, "q_eff": 1, "d_eff": 1}}
OLD_BRACKET = {"task": "heat", "tied": True}


@pytest.mark.parametrize(
    "schema", [{}, {"schema": 1}, {"schema": 3}, {"schema": "x" * 99}, {"schema": None}, {"schema": [2]}], ids=str
)
@pytest.mark.parametrize("content", [{}, {"expected": [OLD_CELL]}, {"brackets": [OLD_BRACKET]}, {"name": 7}], ids=str)
def test_a_folder_of_another_schema_is_refused_in_one_sentence(
    tmp_path: Any, schema: dict[str, Any], content: dict[str, Any]
) -> None:
    """What earlier releases wrote had no schema in `study.json`."""
    (tmp_path / "study.json").write_text(json.dumps(OLD | content | schema))
    with pytest.raises(UserError) as caught:
        load_manifest(tmp_path)
    sentence = str(caught.value)
    assert sentence.startswith(f"expected records of schema 2 in {tmp_path}, got schema ")
    assert "move the folder away and run the study again" in sentence
    assert "\n" not in sentence
    assert len(sentence) < len(str(tmp_path)) + 250


@pytest.mark.parametrize("name", ["../x", "/etc/x", "C:\\x", "a\0b", "A", "", "x" * 300, "-x", "a b"])
def test_a_study_name_cannot_leave_the_results_folder(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Manifest(name=name, question="", targets=(), expected=())


def test_csv_is_stable_text_with_formulas_disarmed() -> None:
    table = pd.DataFrame(
        {
            "whole": pd.array([1, None, 12345678], dtype="Int64"),
            "float": [1.0, np.nan, 1234567.8],
            "small": [-0.0, 1e-9, np.inf],
            "flag": [True, False, True],
            "text": ["=1+1", '+x, "y"', None],
        }
    )
    expected = 'whole,float,small,flag,text\n1,1,0,yes,\'=1+1\n,,1e-09,no,"\'+x, ""y"""\n12345678,1.23457e+06,inf,yes,\n'
    assert csv_bytes(table).decode() == expected


@given(st.text())
def test_no_text_cell_begins_as_a_formula_or_breaks_its_line(text: str) -> None:
    safe = safe_text(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not {"\n", "\r"} & set(safe)
