"""The shape of the code: operators <- results <- bench, and who may import what."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from repository import REPOSITORY

PACKAGES = ("operators", "results", "bench")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py") if "out" not in path.parts)


def imported(path: Path) -> set[str]:
    """Top-level names of all modules a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_imports_go_one_way_and_heavy_packages_stay_in_their_place(path: Path) -> None:
    relative = path.relative_to(REPOSITORY)
    names = imported(path)
    package = relative.parts[0]
    assert not names & set(PACKAGES[PACKAGES.index(package) + 1 :])
    if not str(relative).startswith("bench/engines/"):
        assert not names & {"tensorflow", "keras"}
    if str(relative) != "bench/engines/deepxde/engine.py":
        assert "deepxde" not in names
    if str(relative) != "operators/external/hdf5.py":
        assert "h5py" not in names
    if not str(relative).startswith("results/figures/"):
        assert not names & {"matplotlib", "seaborn", "plotly"}
    if package == "operators":
        assert not names & {"pandas", "pydantic"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_global_generator_no_pickle_and_no_catch_all_modules(path: Path) -> None:
    text = path.read_text()
    assert "np.random.seed" not in text
    assert "allow_pickle=True" not in text
    assert not imported(path) & {"pickle", "joblib", "dill", "shelve"}
    assert path.stem not in ("utils", "helpers", "util", "misc", "common")


def test_import_graph_has_no_cycles() -> None:
    names = {".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): path for path in MODULES}
    edges: dict[str, set[str]] = {}
    for name, path in names.items():
        body = ast.parse(path.read_text()).body
        targets = set()
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module:
                targets |= {
                    f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in names else node.module
                    for alias in node.names
                }
        edges[name] = {target for target in targets if target in names and target != name}
    while True:
        leaves = {name for name, targets in edges.items() if not targets}
        if not leaves:
            break
        edges = {name: targets - leaves for name, targets in edges.items() if name not in leaves}
    assert not edges, f"cycle among {sorted(edges)}"


def test_mathematics_and_evidence_load_without_tensorflow() -> None:
    program = (
        "import sys, operators, operators.bounds, results.report.write, bench.cli.app; sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0


def test_public_names_exist() -> None:
    for package in PACKAGES:
        module = __import__(package)
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name)
