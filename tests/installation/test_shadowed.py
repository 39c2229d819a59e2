"""Another package called `bench`, `operators` or `results` is named by `bench doctor`, and by whatever fails for its sake."""

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest
from repository import REPOSITORY

from bench.cli.doctor import packages
from bench.shadowed import NAMES, Standing, sentence, standings

OURS = str(REPOSITORY)


def planted(folder: Path, name: str, kind: str) -> Path:
    """Something of this name in a folder: a package, a plain folder, or a module."""
    if kind == "module":
        (folder / f"{name}.py").write_text("")
        return folder / f"{name}.py"
    (folder / name).mkdir()
    if kind == "package":
        (folder / name / "__init__.py").write_text("")
    return folder / name


def bad(path: list[str], home: Path = REPOSITORY) -> dict[str, str]:
    """What is found of the names that do not lead to ours."""
    return {finding.check: finding.found for finding in packages(path, home) if not finding.ok}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["package", "module"])
def test_what_lies_earlier_on_the_path_shadows_ours_and_what_lies_later_does_not(tmp_path: Path, name: str, kind: str) -> None:
    place = planted(tmp_path, name, kind)
    assert bad([str(tmp_path), OURS]) == {f"package {name}": f"shadowed by {place}"}
    assert f"{name} shadowed by {place}; run from another folder" in sentence([str(tmp_path), OURS], REPOSITORY)
    assert bad([OURS, str(tmp_path)]) == {}
    assert [f.found for f in packages([OURS, str(tmp_path)], REPOSITORY) if f.check == f"package {name}"] == [
        f"{REPOSITORY / name}, hides {place}"
    ]


class Editable:
    """Finds our modules, as the finder of an editable installation does: asked last, and whatever the package leads to."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec:
        return spec_from_file_location(name, REPOSITORY / f"{name.replace('.', '/')}.py")


def test_a_plain_folder_shadows_ours_where_ours_is_neither_on_the_path_nor_known_to_a_finder(tmp_path: Path) -> None:
    place = planted(tmp_path, "results", "folder")
    assert bad([str(tmp_path), OURS]) == {}
    found = {
        finders: [one for one in standings([str(tmp_path)], REPOSITORY, finders) if not one.ours] for finders in ((), (Editable,))
    }
    assert found == {(): [Standing("results", False, f"shadowed by {place}")], (Editable,): []}


def test_a_package_shadows_ours_whatever_a_finder_knows(tmp_path: Path) -> None:
    planted(tmp_path, "results", "package")
    assert [one.ours for one in standings([str(tmp_path)], REPOSITORY, (Editable,)) if one.name == "results"] == [False]


def test_a_distribution_that_installs_into_our_folder_overwrites_ours(tmp_path: Path) -> None:
    for name in NAMES:
        planted(tmp_path, name, "package")
    for distribution, names in (("deeponet-size-bounds", NAMES), ("operators", ("operators",)), ("else", ("else_",))):
        folder = tmp_path / f"{distribution.replace('-', '_')}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        (folder / "RECORD").write_text("".join(f"{name}/__init__.py,,\n" for name in names))
    assert bad([str(tmp_path)], tmp_path) == {
        "package operators": f"overwritten by distribution operators in {tmp_path / 'operators'}"
    }


def test_nothing_shadows_ours_here() -> None:
    assert sentence() == ""
    assert bad(list(sys.path)) == {}


@pytest.mark.parametrize(("name", "module", "code"), [("operators", "public_names", 1), ("results", "programme", 2)])
def test_a_command_that_finds_the_others_package_says_which_in_one_sentence(
    tmp_path: Path, name: str, module: str, code: int
) -> None:
    """`operators` is missed as soon as `bench` is imported, `results` by the command that needs it."""
    place = planted(tmp_path, name, "package")
    (place / f"{module}.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), OURS])}
    command = [sys.executable, "-m", "bench", "list"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == code
    assert f"{name} shadowed by {place}; run from another folder" in run.stderr.splitlines()[-1]
