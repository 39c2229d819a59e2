"""Wheel and source archive hold the code and the published tables, and the wheel answers from them outside a checkout."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from repository import REPOSITORY

pytestmark = pytest.mark.system

PACKAGES = ("operators", "results", "bench")
PROGRAM = """
import contextlib, io, json, os, runpy, sys, zipfile
from setuptools import build_meta

with contextlib.redirect_stdout(io.StringIO()):
    wheel, archive = build_meta.build_wheel(".."), build_meta.build_sdist("..")
os.chdir("..")
zipfile.ZipFile(wheel).extractall("site")
os.mkdir("elsewhere")
os.chdir("elsewhere")
sys.path[:] = [os.path.abspath("../site"), *(place for place in sys.path if place not in ("", os.getcwd()))]
import numpy as np
np.save("mine.npy", np.outer(np.arange(1.0, 21.0), np.arange(1.0, 11.0)))

def told(*arguments):
    sys.argv, printed = ["bench", *arguments, "--json"], io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        runpy.run_module("bench", run_name="__main__", alter_sys=True)
    return json.loads(printed.getvalue())

print(json.dumps({
    "wheel": wheel,
    "archive": archive,
    "published": told("list", "--published"),
    "list": told("list"),
    "size": told("size", "--data", "mine.npy", "--target", "0.1", "--noise", "0.5", "--study", "widths"),
}))
"""


@dataclass(frozen=True)
class Built:
    """Names in the wheel and in the source archive, where the wheel was unpacked, and what its commands print."""

    wheel: frozenset[str]
    archive: frozenset[str]
    site: Path
    answers: dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both archives of a tree of links to the files of the repository, so that nothing is written here."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        left_out = shutil.ignore_patterns("__pycache__", "out")
        shutil.copytree(REPOSITORY / name, folder / "tree" / name, copy_function=os.symlink, ignore=left_out)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(REPOSITORY / name, folder / "tree" / name)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder / "tree", env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    answers = json.loads(run.stdout.splitlines()[-1])
    with contextlib.ExitStack() as stack:
        wheel = stack.enter_context(zipfile.ZipFile(folder / answers["wheel"])).namelist()
        archive = stack.enter_context(tarfile.open(folder / answers["archive"])).getnames()
    return Built(frozenset(wheel), frozenset(name.partition("/")[2] for name in archive), folder / "site", answers)


def test_both_archives_hold_every_module_and_every_published_table_but_no_record_and_no_witness(built: Built) -> None:
    tables = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "results" / "reference").glob("**/*.csv")}
    modules = {
        path.relative_to(REPOSITORY).as_posix()
        for name in PACKAGES
        for path in (REPOSITORY / name).rglob("*.py")
        if "out" not in path.parts
    }
    assert tables > {"results/reference/standings.csv"}
    for names in (built.wheel, built.archive):
        assert tables | modules <= names
        assert not [name for name in names if name.endswith((".parquet", ".npz", ".jsonl"))]


def test_the_wheel_tells_what_is_published_from_any_folder(built: Built) -> None:
    found = built.answers["published"]
    assert all(Path(row["file"]).is_relative_to(built.site) and Path(row["file"]).is_file() for row in found)
    assert {row["table"] for row in found} > {"standings.csv", "scaling.csv", "brackets.csv"}
    verdicts = {strand["strand"]: strand["verdict"] for strand in built.answers["list"]["programme"]}
    assert any(verdict != "not published yet" for verdict in verdicts.values())


def test_the_wheel_sizes_beside_the_law_of_a_published_study(built: Built) -> None:
    found = built.answers["size"]
    assert found["q_certified"] == 1  # the matrix has rank one
    assert found["predictions"]


def test_the_version_is_stated_once_and_the_same_everywhere(built: Built) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert built.answers["wheel"].startswith(f"deeponet_size_bounds-{version}-")
    assert f"\nversion: {version}\n" in (REPOSITORY / "CITATION.cff").read_text()
    assert re.findall(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == version
