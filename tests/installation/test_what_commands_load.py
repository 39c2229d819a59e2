"""Starting a command costs nothing: the packages that each loads. CPU seconds are printed by tests/speed/test_commands.py."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from repository import REPOSITORY

import bench
import operators
from bench.cli.app import COMMANDS
from bench.extras import EXTRAS

pytestmark = pytest.mark.system

SCIPY = ("special", "linalg", "fft", "sparse", "optimize", "stats", "io", "spatial", "integrate", "interpolate")
WATCHED = {  # not pydantic, which Typer itself may load
    *("numpy", "scipy", "pandas", "h5py", "threadpoolctl", "keras", "tf_keras", "dask"),
    *(package for packages in EXTRAS.values() for package in packages),
    *(f"scipy.{part}" for part in SCIPY),
}
PROGRAM = """
import atexit, json, runpy, sys
from pathlib import Path
written = sys.argv.pop(1)
atexit.register(lambda: Path(written).write_text(json.dumps(sorted(sys.modules))))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
ARRAYS = {"numpy", "scipy"}
CELLS = ARRAYS | {"threadpoolctl"}


def loaded(*arguments: object, folder: Path, code: int = 0, module: str = "bench") -> set[str]:
    """The modules that a command has loaded when it ends with this exit code, run in a folder."""
    command = [sys.executable, "-c", PROGRAM, str(folder / "loaded.json"), module, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert run.returncode == code, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    return set(json.loads((folder / "loaded.json").read_text()))


# Help and mistakes


def test_help_loads_no_command(tmp_path: Path) -> None:
    found = loaded("--help", folder=tmp_path)
    assert "typer" in found
    assert not found & WATCHED
    assert {name for name in found if name.partition(".")[0] in ("operators", "results", "bench")} == {
        *("bench", "bench.cli", "bench.cli.app", "bench.cli.deferred", "bench.cli.streams"),
        *("operators", "operators.errors", "operators.public_names"),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_loads_that_command_alone(name: str, tmp_path: Path) -> None:
    found = loaded(name, "--help", folder=tmp_path)
    modules = {place.partition(":")[0] for place, _ in COMMANDS.values()}
    assert found & modules == {COMMANDS[name][0].partition(":")[0]}
    assert not found & WATCHED


@pytest.mark.parametrize(
    "mistake",
    [
        ("paint",),
        ("run", "nosuchstudy"),
        ("run", "nowhere.py"),
        ("run", "smoke", "--wrokers", "2"),
        ("run", "smoke", "--workers", "two"),
        ("run", "smoke", "--workers", "-1"),
        ("run", "smoke", "--executor", "cloud"),
        ("run", "smoke", "--shard", "3/2"),
        ("report", "nowhere"),
        ("export", "nowhere"),
        ("compact", "nowhere"),
        ("verify", "nowhere"),
        ("submit", "nothing.npz", "--study", "nowhere"),
        ("show",),
        ("size", "--data", "mine.npz"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_found_before_anything_is_loaded(mistake: tuple[str, ...], tmp_path: Path) -> None:
    assert not loaded(*mistake, folder=tmp_path, code=2) & WATCHED


def test_packages_and_their_public_names_load_when_they_are_used() -> None:
    program = (
        f"import sys, bench, operators; assert not set(sys.modules) & {WATCHED!r};"
        "from bench import Study; from operators import find_task; assert 'numpy' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0


@pytest.mark.parametrize("package", [bench, operators], ids=lambda package: package.__name__)
def test_public_names_are_those_of_their_modules(package: Any) -> None:
    for name in package.__all__:
        value = getattr(package, name)
        home = getattr(value, "__module__", None)
        assert home is None or getattr(importlib.import_module(home), name) is value
    with pytest.raises(AttributeError, match="has no attribute 'Stduy'"):
        _ = package.Stduy


# Work


@pytest.fixture
def results(tmp_path: Path, planted: Any) -> Path:
    """A folder with a matrix, and with a study of which some is done, some failed and some is missing."""
    for q, status in enumerate(("done", "failed", "missing"), start=1):
        planted.add(q=q, status=status)
    planted.save(tmp_path / "results" / "out" / "planted")
    np.savez(tmp_path / "mine.npz", outputs=np.random.default_rng(0).normal(size=(20, 10)))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("list",), ARRAYS),
        (("bounds",), ARRAYS),
        (("status",), CELLS),
        (("size", "--data", "mine.npz", "--target", "0.1"), CELLS | {"scipy.linalg"}),
        (("verify", "nothing.npz"), CELLS),
        (("run", "outside-run", "--dry-run"), CELLS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_what_it_uses(command: tuple[str, ...], expected: set[str], results: Path) -> None:
    (results / "nothing.npz").write_bytes(b"no archive")
    assert loaded(*command, folder=results, code=int(command[0] == "verify")) & WATCHED == expected


def test_a_report_without_figures_loads_no_plotting_library(results: Path) -> None:
    found = loaded("report", "planted", "--no-figures", folder=results)
    assert "jinja2" in found
    assert not found & {"matplotlib", "seaborn", "tensorflow"}


def test_a_training_process_starts_without_tables_plots_and_commands() -> None:
    place = "bench.execution.executors.worker_process"
    program = f"import {place}, json, sys; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    found = set(json.loads(run.stdout))
    assert found & WATCHED == CELLS
    rooms = {".".join(name.split(".")[:2]) for name in found if name.startswith(("results.", "bench."))}
    assert {room for room in rooms if room.startswith("results.")} == {"results.families", "results.records", "results.schema"}
    assert not rooms & {"bench.cli", "bench.drivers"}
    assert not found & {"typer", "rich"}


# What is registered


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_list_is_the_first_line_of_the_commands_help(name: str) -> None:
    place, summary = COMMANDS[name]
    module, _, function = place.partition(":")
    assert getattr(importlib.import_module(module), function).__doc__.splitlines()[0] == summary
