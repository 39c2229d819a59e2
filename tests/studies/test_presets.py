"""Presets: parts of a study whose cells keep their keys; the folder knows which part it holds."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.catalogue import STUDIES
from bench.cell import Cell
from bench.cli.app import app
from bench.drivers.options import Options
from bench.drivers.study_run import at_preset, open_course
from bench.preset import THINNED, Preset
from bench.study import Study, load_study
from operators import UserError
from results.exchange.merge import merge
from results.records.manifest import PAPER, load_manifest, manifest_from_bytes, save_manifest
from results.schema.sealed import seal

CELLS = [Cell(task="antiderivative", functions=8, points=8, replicate=replicate) for replicate in range(6)]
STUDY = Study(
    name="mine",
    question="Which part is it?",
    cells=CELLS,
    presets={
        "standard": Preset("three replicates", lambda cell: cell.replicate < 3),
        "smoke": Preset("one replicate", lambda cell: cell.replicate == 0),
    },
)


def keys(study: Study) -> set[object]:
    asked = (question.template.model_dump_json() for question in study.brackets)
    return {*study.keyed, *asked, *map(repr, study.thresholds)}


@pytest.mark.parametrize("name", STUDIES)
def test_a_larger_preset_goes_on_where_a_smaller_one_ended(name: str) -> None:
    study = load_study(name)
    parts = [study.at(preset) for preset in study.sizes]
    assert STUDIES[name].presets | {PAPER: STUDIES[name].cells} == study.sizes
    assert [*study.sizes][-1] == PAPER
    for part, larger in pairwise(parts):
        assert keys(part) < keys(larger)
        assert part.thinned
    assert (parts[-1], study.thinned) == (study, "")


def test_sizes_stand_from_small_to_large_and_a_part_has_no_other_parts() -> None:
    assert list(STUDY.sizes.items()) == [("smoke", 1), ("standard", 3), ("paper", 6)]
    part = STUDY.at("standard")
    assert (part.sizes, part.thinned, part.at("standard")) == ({"standard": 3}, "three replicates", part)
    assert [cell.replicate for cell in part.cells] == [0, 1, 2]
    assert set(part.keyed) < set(STUDY.keyed)
    with pytest.raises(UserError, match=r"expected --preset among \['standard'\], got 'paper'"):
        part.at("paper")


@pytest.mark.parametrize("presets", [{"tiny": Preset("x", bool)}, {"paper": Preset("x", bool)}, {"smoke": 3}, ["smoke"]])
def test_presets_of_other_names_and_types_are_refused(presets: object) -> None:
    with pytest.raises(UserError, match="presets: expected"):
        Study(name="mine", question="?", cells=CELLS, presets=presets)  # type: ignore[arg-type]


def test_the_whole_is_written_as_it_was_before_there_were_presets() -> None:
    whole, part = STUDY.manifest(), STUDY.at("smoke").manifest()
    assert b'"preset"' not in seal("study", whole)
    assert manifest_from_bytes(seal("study", part)) == part
    assert (part.preset, part.thinned, part.arguments) == ("smoke", "one replicate", "mine --preset smoke")
    assert whole.arguments == "mine"


def test_a_folder_goes_on_at_the_preset_that_it_was_run_with(tmp_path: Path) -> None:
    options = Options(tmp_path)
    assert at_preset(STUDY, options, None).preset == PAPER
    for name in THINNED:
        course = open_course(at_preset(STUDY, options, name), options)
        assert course.asks_anew()
        save_manifest(course.folder, course.manifest())
        again = open_course(at_preset(STUDY, options, None), options)
        assert (again.study.preset, again.asks_anew()) == (name, False)
        assert load_manifest(again.folder).thinned == STUDY.presets[name].thinned
    with pytest.raises(UserError, match="expected --preset among"):
        at_preset(STUDY, options, "medium")


def folder(root: Path, preset: str) -> Path:
    save_manifest(root / preset, STUDY.at(preset).manifest())
    return root / preset


def test_a_smaller_preset_merges_into_a_larger_one_and_not_the_other_way(tmp_path: Path) -> None:
    small, large = folder(tmp_path, "smoke"), folder(tmp_path, "standard")
    before = (large / "study.json").read_bytes()
    merged = merge([small], large)
    assert (merged.conflicts, merged.unchanged["study"]) == ((), 1)
    assert (large / "study.json").read_bytes() == before
    (refused,) = merge([large], small).conflicts
    assert refused.reason == "expected the target's study at preset smoke, got preset standard"


def test_another_study_is_no_preset_of_this_one(tmp_path: Path) -> None:
    other = STUDY.at("smoke").manifest().model_copy(update={"question": "Another?"})
    save_manifest(tmp_path / "other", other)
    (refused,) = merge([tmp_path / "other"], folder(tmp_path, "standard")).conflicts
    assert "got another one" in refused.reason


def bench(*arguments: object) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_a_run_states_its_preset_goes_on_with_it_and_a_larger_one_runs_the_rest(tmp_path: Path) -> None:
    quiet = ("--out", tmp_path, "--executor", "inline", "--quiet")
    dry = bench("run", "sci", "--out", tmp_path, "--dry-run")
    assert "study sci: 84 cells" in dry
    assert "preset smoke: 6 cells, z = 0 at n = 20, 40, 80 preset standard: 72 cells" in dry
    assert "6 to run" in bench("run", "sci", "--preset", "smoke", *quiet)
    assert "nothing to do" in bench("run", "sci", *quiet)
    assert "Preset smoke: z = 0 at n = 20, 40, 80." in (tmp_path / "sci" / "report.md").read_text()
    assert "python -m bench run sci --preset smoke" in (tmp_path / "sci" / "report.html").read_text()
    bench("report", "sci", "--out", tmp_path)
    assert load_manifest(tmp_path / "sci").preset == "smoke"
    assert "72 cells, 6 finished, 66 to run" in bench("run", "sci", "--preset", "standard", "--out", tmp_path, "--dry-run")
    facts = json.loads(CliRunner().invoke(app, ["run", "sci", "--out", str(tmp_path), "--dry-run", "--json"]).stdout)
    assert (facts["preset"], facts["cells"], facts["presets"]["paper"]) == ("smoke", 6, 84)
    assert json.loads(CliRunner().invoke(app, ["status", "--out", str(tmp_path), "--json"]).stdout)[0]["preset"] == "smoke"
