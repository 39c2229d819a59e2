"""A witness from outside: it moves the table where it leads, trails where it does not, is kept where it contradicts a bound."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli.app import app
from operators.data.function_cache import BlockCache
from operators.errors import UserError
from results.editions.contradictions import below_certified, contradictions
from results.editions.entering import enter_folder, enter_reference
from results.editions.history import load_history
from results.editions.overview import overview_changed
from results.editions.published import published
from results.records.manifest import Bracket, save_manifest
from results.schema.sealed import read_sealed, seal
from results.tables.csv_files import read_csv
from results.witnesses.file import encode, load_witness
from results.witnesses.kept import SCHEMA
from results.witnesses.lower_ends import ENDS, KIND, Ends
from results.witnesses.submissions import enter

pytestmark = pytest.mark.system


@pytest.fixture
def best(reference: Path) -> Path:
    """The witness with the smallest d of the clean question, taken out of the reference: what a stranger brings."""
    table = read_csv(reference / "small" / "brackets.csv").set_index("target")
    return reference / "small" / "witnesses" / f"{table.loc['relative error 0.05', 'd_witness']}.npz"


def without(reference: Path, best: Path, tmp_path: Path) -> Path:
    """The reference as it was before that witness; the witness itself, as a file elsewhere."""
    mine = tmp_path / "mine.npz"
    shutil.move(best, mine)
    (best.parent.parent / "submissions" / f"{best.stem}.json").unlink()
    (best.parent.parent / "history.csv").unlink()
    published(reference, "small").rebuild()
    return mine


def test_a_better_witness_moves_the_table(reference: Path, best: Path, tmp_path: Path) -> None:
    mine = without(reference, best, tmp_path)
    before = read_csv(reference / "small" / "brackets.csv").set_index("target").loc["relative error 0.05"]
    done = enter_reference(mine, reference, "A. Stranger")
    after = read_csv(reference / "small" / "brackets.csv").set_index("target").loc["relative error 0.05"]
    assert done.leads
    assert done.sentences[0].startswith("B-0001: q = ")
    assert best.is_file()
    assert before.fillna(0)["d_upper"] != after["d_upper"]
    assert after["d_witness"] == best.stem
    told = load_history(reference / "small")
    assert told is not None
    assert "A. Stranger" in set(told["entered_by"])
    assert overview_changed(reference) == []
    assert published(reference, "small").changed() == []


def test_what_a_killed_submission_left_undone_is_done_by_the_next(reference: Path, best: Path, tmp_path: Path) -> None:
    """Killed between the entry and the tables: the witness stands in the folder, and so is no news any more."""
    mine = without(reference, best, tmp_path)
    enter(load_witness(mine), reference / "small", "A. Stranger")
    assert published(reference, "small").changed() != []
    assert not enter_reference(mine, reference, "A. Stranger").leads
    assert published(reference, "small").changed() == []
    assert overview_changed(reference) == []
    table = read_csv(reference / "small" / "brackets.csv").set_index("target")
    assert table.loc["relative error 0.05", "d_witness"] == best.stem


def test_a_dry_run_says_the_same_and_writes_nothing(reference: Path, best: Path, tmp_path: Path) -> None:
    mine = without(reference, best, tmp_path)
    before = {path: path.read_bytes() for path in sorted(reference.rglob("*")) if path.is_file()}
    assert enter_reference(mine, reference, dry=True).leads
    assert {path: path.read_bytes() for path in sorted(reference.rglob("*")) if path.is_file()} == before


def test_a_witness_that_does_not_lead_is_not_kept(reference: Path, best: Path) -> None:
    done = enter_reference(best, reference)
    assert not done.leads
    assert all("equals the smallest known" in sentence or "does not lead" in sentence for sentence in done.sentences)


def with_wrong_bounds(reference: Path, root: Path, number: int, **wrong: object) -> BlockCache:
    """A cache in which the bounds of one question were computed wrong; nothing that a study brings along gets there."""
    cache = BlockCache(root)
    manifest = published(reference, "small", cache).asked()
    found = {path: read_sealed(KIND, Ends, path.read_bytes(), schema=SCHEMA) for path in sorted((root / KIND).glob("*.json"))}
    mine = {name: getattr(manifest.brackets[number], name) for name in ENDS}
    (path,) = (path for path, ends in found.items() if {name: getattr(ends, name) for name in ENDS} == mine)
    path.write_bytes(seal(KIND, found[path].model_copy(update=wrong)))
    return cache


def test_a_witness_below_a_wrong_bound_is_kept_as_a_contradiction(reference: Path, best: Path, tmp_path: Path) -> None:
    """The q that is computed as certified is above what the witness has."""
    with_wrong_bounds(reference, tmp_path / ".data", 0, q_lower=50, q_bound="planted")
    asked = ["submit", str(best), "--into", str(reference), "--out", str(tmp_path)]
    ran = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert ran.exit_code == 3
    assert "`planted` certifies at least 50: one of them is wrong" in ran.output
    (kept,) = contradictions(reference)
    assert (kept.bound, kept.certified, kept.questions) == ("planted", 50.0, ("B-0001",))
    assert kept.independent == pytest.approx(0.05, rel=0.9)
    assert (reference / "contradictions" / best.name).is_file()
    table = read_csv(reference / "standings.csv").set_index("id")
    assert table.loc["B-0001", "status"] == "contradicted"


def test_a_bound_that_only_study_json_states_contradicts_no_witness(reference: Path, best: Path) -> None:
    study = published(reference, "small")
    raised = tuple(one.model_copy(update={"q_lower": 50, "d_lower": 10**6}) for one in study.asked().brackets)
    save_manifest(study.folder, study.asked().model_copy(update={"brackets": raised}))
    assert enter_reference(best, reference).contradiction is None
    assert published(reference, "small").changed() == []
    assert overview_changed(reference) == []


def test_weights_that_miss_the_target_are_refused(reference: Path, best: Path, tmp_path: Path) -> None:
    witness = load_witness(best)
    path = tmp_path / "zero.npz"
    path.write_bytes(encode(replace(witness, weights=witness.weights.changed(lambda array: 0.0 * array))))
    with pytest.raises(UserError, match="witness not entered: misses the target"):
        enter_reference(path, reference)


def test_a_target_that_no_question_asks_is_refused_with_where_the_questions_stand(
    reference: Path, best: Path, tmp_path: Path
) -> None:
    witness = load_witness(best)
    looser = witness.header.model_copy(update={"target": witness.header.target.model_copy(update={"value": 0.5})})
    path = tmp_path / "looser.npz"
    path.write_bytes(encode(replace(witness, header=looser)))
    with pytest.raises(UserError, match=r"questions\.csv lists them"):
        enter_reference(path, reference)


def test_submit_wants_a_study_or_the_reference(best: Path) -> None:
    with pytest.raises(UserError, match="expected one of --study and --into"):
        CliRunner().invoke(app, ["submit", str(best)], catch_exceptions=False)


def test_a_folder_is_entered_at_once_with_the_smallest_of_each_making_and_contradicts_nothing(
    reference: Path, source: Path, best: Path, tmp_path: Path
) -> None:
    mine = without(reference, best, tmp_path)
    enter(load_witness(mine), tmp_path / "folder", "A. Stranger")
    before = {path: path.read_bytes() for path in sorted(reference.rglob("*")) if path.is_file()}
    assert enter_folder(tmp_path / "folder", reference, dry=True) == ("1 of 1 witnesses answer questions of small",)
    assert {path: path.read_bytes() for path in sorted(reference.rglob("*")) if path.is_file()} == before
    assert enter_folder(tmp_path / "folder", reference) == ("1 of 1 witnesses stand in the tables of small",)
    table = read_csv(reference / "small" / "brackets.csv").set_index("target")
    assert table.loc["relative error 0.05", "d_witness"] == best.stem
    assert table["d_explicit"].notna().all()
    assert overview_changed(reference) == []
    assert published(reference, "small").changed() == []
    with pytest.raises(UserError, match="found none"):
        enter_folder(tmp_path / "nothing", reference)


def test_a_folder_with_a_witness_below_a_certified_bound_is_refused(reference: Path, source: Path, tmp_path: Path) -> None:
    cache = with_wrong_bounds(reference, tmp_path, 0, q_lower=10**6)
    with pytest.raises(UserError, match="hand it in alone"):
        enter_folder(source, reference, cache=cache)


@pytest.mark.parametrize(
    ("lower", "status", "value", "below"),
    [(100, "certified", 99, True), (100, "certified", 100, False), (100, "vacuous", 99, False), (None, "certified", 99, False)],
)
def test_only_a_certified_number_can_be_undercut(lower: int | None, status: str, value: int, below: bool) -> None:
    """No net of a class may reach a target: its lower end is then certified, and no number."""
    bracket = Bracket.model_construct(d_lower=lower, d_status=status)
    assert below_certified(bracket, "d", value) == below
