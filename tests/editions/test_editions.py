"""Publishing a small bracket study, and what is then noticed: changed tables and witnesses, smaller editions, lost numbers."""

import datetime
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from bench.drivers.reproduction import Sampling, reproduce_study
from operators.errors import UserError
from results.editions.checks import checks
from results.editions.contradictions import Contradiction, contradictions, keep
from results.editions.edition import Edition, load_edition, save_edition
from results.editions.history import load_history
from results.editions.overview import overview_changed
from results.editions.publish import Trained, publish
from results.editions.published import all_published, published
from results.editions.questions import load_questions, number, question_text
from results.editions.standings import standings
from results.exchange.merge import merge
from results.exchange.record_tables import read_records
from results.records.manifest import load_manifest, save_manifest
from results.records.store import Store
from results.tables.csv_files import read_csv
from results.witnesses.file import load_witness

pytestmark = pytest.mark.system

TODAY = datetime.date(2026, 11, 26)
TRAINED = Trained(commit="c" * 40, lock="d" * 64, command="python -m tox -e bench -- small")


def test_what_is_published_gives_its_own_tables_and_loses_no_record(first: Path, source: Path) -> None:
    study = published(first, "small")
    assert study.changed() == []
    assert study.manifest() == load_manifest(source)
    lines = sorted(pq.read_table(study.folder / "records.parquet", columns=["key"])["key"].to_pylist())
    assert lines == sorted(cell.key for cell in study.manifest().expected)
    assert study.edition.records == len(lines) == len(Store(source).statuses())
    assert study.edition.cpu_hours > 0.0
    assert [one.edition.study for one in all_published(first)] == ["small"]


def test_only_witnesses_that_lead_are_kept_and_history_names_the_others_too(first: Path, source: Path) -> None:
    table = read_csv(first / "small" / "brackets.csv")
    leading = {*table["q_witness"].dropna(), *table["d_witness"].dropna()}
    kept = {path.stem for path in (first / "small" / "witnesses").glob("*.npz")}
    assert leading <= kept <= {path.stem for path in (source / "witnesses").glob("*.npz")}
    told = load_history(first / "small")
    assert told is not None
    assert leading <= {*told["witness"]}
    for _, rows in told.groupby(["id", "size"]):
        assert rows["value"].is_monotonic_decreasing
        assert rows["value"].is_unique


def test_questions_are_numbered_in_order_and_a_new_one_comes_last(reference: Path) -> None:
    before = load_questions(reference)
    assert [one.id for one in before] == ["B-0001", "B-0002"]
    bracket = published(reference, "small").manifest().brackets[0]
    other = bracket.model_copy(update={"net_class": "tied"})
    known = number(reference, (other, bracket), today=TODAY)
    assert known[question_text(other)].id == "B-0003"
    assert known[question_text(bracket)] == before[0]
    assert load_questions(reference)[:2] == before


def test_a_registry_with_a_missing_number_is_refused(reference: Path) -> None:
    path = reference / "questions.csv"
    path.write_text(path.read_text().replace("B-0002", "B-0007"))
    with pytest.raises(UserError, match="expected IDs from B-0001"):
        load_questions(reference)


def test_every_question_stands_with_its_checks_and_sources(first: Path) -> None:
    table = standings(first)
    assert overview_changed(first) == []
    assert set(table["status"]) <= {"open", "closed in q", "closed in d"}
    closed = table[table["q_upper"] == table["q_lower"]]
    assert set(closed["status"]) <= {"closed in q", "closed in d"}
    witnessed = table[table["q_witness"].notna()]
    assert len(witnessed) > 0
    assert set(witnessed["q_checks"]) == {"float disturbed ball independent"}
    assert all(table["q_source"].str.len() > 0)


def test_the_independent_evaluation_agrees_to_rounding(first: Path) -> None:
    found = checks(first / "small")
    assert len(found) > 0
    assert (abs(found["independent"] / found["float"] - 1.0) < 1e-9).all()
    assert ((found["ball"] >= found["float"]) & (found["ball"] / found["float"] - 1.0 < 1e-6)).all()


def test_a_changed_number_in_a_table_is_noticed(reference: Path) -> None:
    path = reference / "small" / "brackets.csv"
    path.write_text(path.read_text().replace("closed", "open", 1))
    study = published(reference, "small")
    assert study.changed() == ["brackets.csv"]
    findings = list(reproduce_study(study, Sampling(0, None, 0)))
    assert [finding.holds for finding in findings] == [False, False, True]
    assert "brackets.csv" in findings[0].text
    assert "states other tables" in findings[1].text


def test_an_origin_that_its_records_do_not_have_is_noticed(reference: Path) -> None:
    stated = published(reference, "small").edition
    save_edition(reference / "small", stated.model_copy(update={"records": 10 * stated.records, "cpu_hours": 1e6}))
    assert overview_changed(reference) == []
    (wrong,) = (finding for finding in reproduce_study(published(reference, "small"), Sampling(0, None, 0)) if not finding.holds)
    assert wrong.text == "edition.json states other records, cpu_hours than records and tables have"


def seal_less(edition: Edition | None) -> bytes:
    assert edition is not None
    return edition.model_dump_json(by_alias=True).encode()


def test_a_flipped_byte_never_changes_an_edition_that_is_read(reference: Path) -> None:
    path = reference / "small" / "edition.json"
    whole, stated = path.read_bytes(), load_edition(path.parent)
    for place in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"expected .*edition\.json as publishing writes it"):
            load_edition(path.parent)
    path.write_bytes(seal_less(stated))
    with pytest.raises(UserError, match="no checksum"):
        load_edition(path.parent)


def test_editions_that_were_published_before_they_were_sealed_are_read_and_sealed_by_a_rebuild(reference: Path) -> None:
    path = reference / "small" / "edition.json"
    stated = json.loads(path.read_bytes())["edition"]
    del stated["schema"]
    path.write_text(json.dumps(stated, indent=2))
    assert path.read_bytes() != published(reference, "small").rebuild().folder.joinpath("edition.json").read_bytes()
    assert path.read_bytes().startswith(b'{"checksum":')


def test_one_study_that_cannot_be_read_fails_and_the_others_are_gone_through(reference: Path) -> None:
    shutil.copytree(reference / "small", reference / "other")
    with pytest.raises(UserError, match=r"expected the edition of other in .*, got that of small"):
        published(reference, "other")
    save_edition(reference / "other", published(reference, "small").edition.model_copy(update={"study": "other"}))
    (reference / "other" / "study.json").write_bytes(b"{}")
    ran = CliRunner().invoke(app, ["reproduce", "--reference", str(reference), "--out", str(reference.parent)])
    assert ran.exit_code == 1
    assert "FAIL other: expected" in ran.output
    assert ran.output.count("ok   small: ") == 3
    assert ran.output.splitlines()[-1].startswith("FAIL overview: expected")
    (reference / "other" / "edition.json").write_bytes(b"{}")
    ran = CliRunner().invoke(app, ["reproduce", "--reference", str(reference), "--out", str(reference.parent)])
    assert "FAIL other: expected" in ran.output
    assert ran.output.count("ok   small: ") == 3


def test_a_witness_under_the_address_of_another_is_noticed(reference: Path) -> None:
    one, other = sorted((reference / "small" / "witnesses").glob("*.npz"))[:2]
    shutil.copyfile(one, other)
    assert _witnesses_fail(reference) == other.stem


def test_a_file_that_is_no_witness_is_noticed(reference: Path) -> None:
    one = min((reference / "small" / "witnesses").glob("*.npz"))
    one.write_bytes(b"no witness")
    assert _witnesses_fail(reference) == one.stem


def _witnesses_fail(reference: Path) -> str:
    """The address that the failing finding names; the tables, which no longer list that witness, fail too."""
    tables, _, witnesses = reproduce_study(published(reference, "small"), Sampling(0, None, 0))
    assert not tables.holds
    assert not witnesses.holds
    count = len(list((reference / "small" / "witnesses").glob("*.npz")))
    assert witnesses.text.startswith(f"1 of {count} witnesses do not pass")
    return witnesses.text.rpartition(": ")[2]


def test_a_sample_is_trained_again_to_the_same_weights(first: Path) -> None:
    findings = list(reproduce_study(published(first, "small"), Sampling(4, None, 0)))
    assert all(finding.holds for finding in findings)
    assert "have the same weights" in findings[-1].text


def test_the_drawn_sample_stays_within_its_cpu_seconds(first: Path) -> None:
    records = list(Store(first / "none").records()) or list(_records(first))
    allowed = sum(record.cost.cpu_seconds for record in records if record.cost) / 2
    drawn = Sampling(0, allowed, 1).draw(records)
    assert 0 < len(drawn) < len(records)
    assert sum(record.cost.cpu_seconds for record in drawn if record.cost) <= allowed


def _records(reference: Path) -> object:
    return read_records(reference / "small")


def test_a_published_study_is_gone_on_with_after_a_merge(reference: Path, tmp_path: Path) -> None:
    """Its records and witnesses come into the results folder, once; a damaged file and a link are refused."""
    folder, own = reference / "small", tmp_path / "out" / "small"
    merged = merge([folder], own)
    assert (merged.copied["records"], merged.conflicts, merged.refused) == (1, (), ())
    assert {record.key: record for record in Store(own).records()} == {record.key: record for record in read_records(folder)}
    assert load_manifest(own) == published(reference, "small").manifest()
    assert merge([folder], own).copied == {}
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "records.parquet").symlink_to(folder / "records.parquet")
    data = (folder / "records.parquet").read_bytes()
    (folder / "records.parquet").write_bytes(data[: len(data) // 2])
    for other, reason in ((folder, "expected a published study"), (tmp_path / "linked", "link")):
        (refused,) = merge([other], tmp_path / "new").refused
        assert reason in refused.reason
    assert list((tmp_path / "new" / "records").iterdir()) == []


def test_a_merged_published_study_has_its_cells_and_is_published_again_as_it_was(reference: Path, tmp_path: Path) -> None:
    folder, own = reference / "small", tmp_path / "small"
    merge([folder], own)
    again = publish(own, tmp_path / "reference", TRAINED, number=1, today=TODAY)
    assert again.digests() == published(reference, "small").digests()
    (folder / "cells.parquet").write_bytes(b"no cells")
    (refused,) = merge([folder], tmp_path / "new").refused
    assert "expected a published study with" in refused.reason
    save_manifest(own, load_manifest(own).without_cells())
    with pytest.raises(UserError, match=r"expected the cells of small in .*, got none; run it"):
        publish(own, tmp_path / "reference", TRAINED, number=2, today=TODAY)
    assert published(tmp_path / "reference", "small").edition == again.edition


def test_a_later_edition_names_the_one_before_and_keeps_its_history(reference: Path, source: Path) -> None:
    before = load_history(reference / "small")
    publish(source, reference, TRAINED, number=3, today=TODAY)
    found = load_edition(reference / "small")
    assert found is not None
    assert [(one.edition, one.records) for one in found.superseded] == [(1, found.records)]
    after = load_history(reference / "small")
    assert before is not None
    assert after is not None
    assert before.equals(after)
    with pytest.raises(UserError, match="expected an edition >= 3"):
        publish(source, reference, TRAINED, number=2, today=TODAY)


def test_an_unfinished_study_is_refused(source: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(source, tmp_path / "small")
    for path in (folder / "records").glob("*.jsonl"):
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match="got 1 without one"):
        publish(folder, tmp_path / "reference", TRAINED, number=1, today=TODAY)
    assert not (tmp_path / "reference").exists()


@pytest.fixture
def contradiction(reference: Path) -> Contradiction:
    """Kept of a witness that, by the bounds as they are, contradicts nothing."""
    path = next((reference / "small" / "witnesses").glob("*.npz"))
    found = Contradiction(
        witness=path.stem,
        questions=("B-0001",),
        bound="planted",
        quantity="q",
        certified=99.0,
        measured=3.0,
        independent=0.01,
        found=TODAY,
    )
    keep(reference, load_witness(path), found)
    return found


def test_a_contradiction_is_kept_with_both_sides_and_marks_no_question_that_is_not_contradicted_here(
    reference: Path, contradiction: Contradiction
) -> None:
    """That a witness lies below a certified bound today: `test_entering`."""
    assert contradictions(reference) == (contradiction,)
    assert "q 3, and `planted` certifies at least 99" in contradiction.sentence()
    assert overview_changed(reference) == []
    assert "contradicted" not in set(standings(reference)["status"])


def test_a_contradiction_that_is_damaged_renamed_or_without_its_witness_is_refused(
    reference: Path, contradiction: Contradiction
) -> None:
    path = reference / "contradictions" / f"{contradiction.witness}.json"
    whole, witness = path.read_bytes(), path.with_suffix(".npz")
    for data in (whole.replace(b"99.0", b"98.0"), whole[:-9], contradiction.model_dump_json().encode()):
        path.write_bytes(data)
        with pytest.raises(UserError, match="expected a contradiction in"):
            contradictions(reference)
    path.unlink()
    other = path.with_name("a" * 64 + ".json")
    other.write_bytes(whole)
    with pytest.raises(UserError, match="under another name"):
        contradictions(reference)
    other.rename(path)
    witness.unlink()
    with pytest.raises(UserError, match="expected the witness of a contradiction in"):
        standings(reference)


def test_an_unknown_study_is_refused_with_the_known_ones(first: Path) -> None:
    with pytest.raises(UserError, match="holds small"):
        published(first, "large")
