"""What study.json says is certified is computed again: forged ends change no table; what cannot be computed certifies nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bench.cell import Cell, Noise, Training
from bench.question import Question
from bench.search.lower_ends import lower_ends
from bench.size_schedules import fixed_budget, tied
from bench.study import cell_key, expected_cell
from bench.threshold_series import ThresholdSeries
from operators.data.function_cache import BlockCache
from results.records.manifest import Bracket, Manifest, SoughtThreshold, Target, load_manifest, manifest_from_bytes, save_manifest
from results.report.write import write_tables
from results.schema.sealed import Damaged, seal
from results.witnesses.certified_q import KIND as CERTIFIED_Q
from results.witnesses.lower_ends import KIND as LOWER_ENDS
from results.witnesses.recomputed import NOT_HERE, misstated, not_computed, recomputed

CELL = Cell(
    task="antiderivative",
    parameters={"sensor_count": 8, "point_count": 40},
    functions=8,
    points=8,
    noise=Noise(law="rademacher", sigma=0.5),
    architecture=tied(2),
    training=Training(steps=3),
)
TARGET = Target(kind="absorb", value=0.3)
ASKED = Question(template=CELL, target=TARGET)
SERIES = ThresholdSeries(template=CELL, shapes=((8, 8), (16, 16)), target=TARGET)
KEY = cell_key(CELL)


def study(*brackets: Bracket, thresholds: tuple[SoughtThreshold, ...] = ()) -> Manifest:
    return Manifest(
        name="searched",
        question="What?",
        targets=(TARGET,),
        expected=(expected_cell(KEY, CELL),),
        brackets=brackets,
        thresholds=thresholds,
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> BlockCache:
    return BlockCache(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def honest(cache: BlockCache) -> Manifest:
    """A question and a threshold with what is certified of them, and one training tried."""
    sought = SERIES.sought((8, 8)).model_copy(update={"tried": (KEY,)})
    stated = study(lower_ends(ASKED, cache).model_copy(update={"tried": (KEY,)}), thresholds=(sought,))
    return recomputed(stated, cache)


FORGED = {"q_lower": 97, "d_lower": 98765, "q_bound": "eckart-young", "q_status": "certified"}


def forged(honest: Manifest) -> Manifest:
    brackets = tuple(one.model_copy(update=FORGED) for one in honest.brackets)
    thresholds = tuple(one.model_copy(update={"q_certified": 97, "certified_by": "eckart-young"}) for one in honest.thresholds)
    return honest.model_copy(update={"brackets": brackets, "thresholds": thresholds})


def test_certified_ends_are_those_of_the_data_whatever_the_file_states(honest: Manifest, cache: BlockCache) -> None:
    assert honest.brackets[0].q_lower > 1
    assert honest.brackets[0].q_status == honest.brackets[0].d_status == "certified"
    assert honest.thresholds[0].q_certified > 0
    lied = forged(honest)
    assert recomputed(lied, cache) == honest
    assert recomputed(lied, None) == honest
    assert (misstated(lied, honest), misstated(honest, honest), not_computed(honest)) == (2, 0, 0)


def test_a_report_shows_none_of_the_forged_ends_and_says_that_the_file_states_others(
    honest: Manifest, cache: BlockCache, tmp_path: Path
) -> None:
    told = {}
    for name, manifest in (("honest", honest), ("forged", forged(honest))):
        folder = tmp_path / name
        save_manifest(folder, manifest)
        write_tables(folder, figures=False, cache=cache)
        told[name] = (folder / "brackets.csv").read_bytes(), (folder / "searches.csv").read_bytes()
        said = (folder / "report.md").read_text()
        assert ("states another certified end of 2 questions" in said) == (name == "forged")
        assert "98765" not in said
    assert told["honest"] == told["forged"]


def test_of_a_task_that_is_not_here_nothing_is_certified(honest: Manifest, cache: BlockCache) -> None:
    elsewhere = {"task": "planted-elsewhere"}
    brackets = tuple(one.model_copy(update={**FORGED, **elsewhere}) for one in honest.brackets)
    thresholds = tuple(one.model_copy(update={"q_certified": 97, **elsewhere}) for one in honest.thresholds)
    found = recomputed(honest.model_copy(update={"brackets": brackets, "thresholds": thresholds}), cache)
    (bracket,), (sought,) = found.brackets, found.thresholds
    assert (bracket.q_lower, bracket.q_status, bracket.d_lower, bracket.d_status) == (1, "vacuous", 1, "vacuous")
    assert (sought.q_certified, sought.certified_by, bracket.q_bound) == (0, NOT_HERE, NOT_HERE)
    assert not_computed(found) == 2


def test_a_file_that_asks_for_more_than_verifying_may_take_certifies_nothing_and_generates_nothing(
    honest: Manifest, tmp_path: Path
) -> None:
    greedy = {"parameters": {"sensor_count": 8.0, "point_count": 4096.0}, "functions": 2**20, "points": 4096}
    brackets = tuple(one.model_copy(update={**FORGED, **greedy}) for one in honest.brackets)
    found = recomputed(honest.model_copy(update={"brackets": brackets, "thresholds": ()}), BlockCache(tmp_path))
    assert found.brackets[0].q_bound == NOT_HERE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [LOWER_ENDS, CERTIFIED_Q])
def test_findings_are_kept_for_this_code_alone_and_found_again_where_they_are_damaged(
    honest: Manifest, cache: BlockCache, tmp_path: Path, kind: str
) -> None:
    assert cache.root is not None
    again = shutil.copytree(cache.root, tmp_path / "data")
    paths = sorted((again / kind).glob("*.json"))
    before = [path.read_bytes() for path in paths]
    assert before
    for change in (b'"code":"0', b'"code":"f', b'"checksum":"0'):
        for path, data in zip(paths, before, strict=True):
            start = data.index(change[:-1])
            path.write_bytes(data[:start] + change + data[start + len(change) :])
        assert recomputed(forged(honest), BlockCache(again)) == honest
        assert [path.read_bytes() for path in paths] == before


def test_at_a_fixed_budget_the_nets_of_every_q_are_those_of_the_series(cache: BlockCache) -> None:
    like = fixed_budget(2, budget=300, sensors=8, coordinates=1)
    series = ThresholdSeries(
        template=CELL.model_copy(update={"architecture": like}), shapes=((8, 8),), target=TARGET, budget=300, largest_q=4
    )
    sought = series.sought((8, 8))
    cell = series.cell((8, 8), 2, 0)
    stated = study(thresholds=(sought.model_copy(update={"tried": (cell_key(cell),)}),))
    stated = stated.model_copy(update={"expected": (expected_cell(cell_key(cell), cell),)})
    assert manifest_from_bytes(seal("study", stated)) == stated
    assert recomputed(stated, cache).thresholds[0].certified_by != NOT_HERE


WRONG: dict[str, dict[str, Any]] = {
    "a key twice": {"tried": (KEY, KEY)},
    "expected keys of cells of the study": {"tried": ("a" * 64,)},
    "expected cells of its own data": {"functions": 16},
}


@pytest.mark.parametrize("reason", WRONG)
@pytest.mark.parametrize("field", ["brackets", "thresholds"])
def test_a_search_tried_trainings_of_the_study_on_its_own_data(honest: Manifest, field: str, reason: str, tmp_path: Path) -> None:
    wrong = tuple(one.model_copy(update=WRONG[reason]) for one in getattr(honest, field))
    with pytest.raises(Damaged, match=rf"{field}\.0\.tried: {reason}"):
        manifest_from_bytes(seal("study", honest.model_copy(update={field: wrong})))


def test_the_nets_that_were_tried_are_those_of_the_series(honest: Manifest, tmp_path: Path) -> None:
    nets = honest.thresholds[0].nets
    assert nets is not None
    narrow = nets.model_copy(update={"like": nets.like.model_copy(update={"ends": "linear"})})
    other = tuple(one.model_copy(update={"nets": narrow}) for one in honest.thresholds)
    with pytest.raises(Damaged, match=r"thresholds\.0\.tried: expected cells of its own data and nets"):
        manifest_from_bytes(seal("study", honest.model_copy(update={"thresholds": other})))
    save_manifest(tmp_path, honest)
    assert load_manifest(tmp_path) == honest
