"""The shape of the code: operators <- results <- bench, and which room may import which.

A room is a folder of one of the three packages, or a module that stands beside them (of `operators`, those are the ground:
`arrays`, `errors`, `seeds`, ... and the names that the package offers).
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from repository import REPOSITORY, imported, tree

PACKAGES = ("operators", "results", "bench")
MODULES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py") if "out" not in path.parts)


MAY_IMPORT: dict[str, str] = {
    "operators": "",
    "operators.numerics": "operators",
    "operators.tasks": "operators operators.numerics",
    "operators.external": "operators operators.numerics operators.tasks",
    "operators.catalogue": "operators operators.tasks operators.external",
    "operators.architectures": "operators",
    "operators.baselines": "operators",
    "operators.data": "operators operators.tasks operators.architectures",
    "operators.bounds": "operators operators.architectures",
    "operators.diagnostics": "operators operators.architectures operators.data operators.bounds",
    "operators.constructions": "operators operators.architectures operators.data operators.bounds",
    "operators.sizing": "operators operators.architectures operators.bounds",
    "operators.companions": "operators",
    "results": "",
    "results.schema": "operators operators.architectures operators.data",
    "results.families": "operators operators.external operators.architectures operators.baselines operators.data results.schema",
    "results.records": "operators operators.architectures operators.data results.schema results.families",
    "results.statistics": "operators",
    "results.witnesses": "operators operators.tasks operators.architectures operators.data operators.bounds"
    " operators.diagnostics operators.constructions results.schema results.records",
    "results.tables": "operators operators.architectures operators.baselines operators.bounds operators.diagnostics results"
    " results.schema results.families results.records results.statistics results.witnesses",
    "results.programme": "",
    "results.answers": "operators.bounds results.records results.tables results.programme",
    "results.exchange": "operators results.schema results.families results.records results.witnesses",
    "results.partitions": "operators results.schema results.families results.records results.tables",
    "results.charts": "operators results.schema results.records results.statistics results.tables",
    "results.sizing": "operators operators.external operators.bounds operators.sizing results.records results.tables",
    "results.models": "operators operators.external operators.architectures operators.bounds results.schema results.witnesses",
    "results.page": "operators results.schema results.records results.tables results.programme results.answers results.charts",
    "results.figures": "operators operators.tasks operators.architectures operators.data operators.bounds operators.sizing"
    " results.charts results.sizing",
    "results.report": "operators operators.data results.records results.witnesses results.tables results.programme"
    " results.answers results.charts results.page results.figures",
    "results.editions": "operators operators.data operators.bounds results.schema results.families results.records"
    " results.statistics results.witnesses results.tables results.answers results.exchange results.charts results.page"
    " results.figures results.report",
    "bench.shadowed": "",
    "bench": "operators bench.shadowed",
    "bench.catalogue": "operators",
    "bench.extras": "operators",
    "bench.platforms": "operators",
    "bench.processor": "",
    "bench.preset": "",
    "bench.processes": "",
    "bench.cell": "operators operators.architectures operators.data results.schema results.families",
    "bench.data_sets": "operators operators.data results.families bench.cell",
    "bench.size_schedules": "results.schema",
    "bench.question": "operators operators.architectures operators.bounds results.schema results.records results.witnesses"
    " bench.cell",
    "bench.threshold_series": "operators results.schema results.records bench.cell bench.question",
    "bench.engines": "operators operators.architectures operators.data operators.companions results.schema results.families"
    " results.records bench.processor bench.cell",
    "bench.families": "operators operators.tasks operators.architectures operators.baselines operators.data operators.bounds"
    " operators.diagnostics operators.companions results.schema results.families results.records results.witnesses bench.cell"
    " bench.data_sets bench.engines",
    "bench.search": "operators.architectures operators.tasks operators.data operators.bounds operators.constructions"
    " results.records results.witnesses bench.cell bench.question bench.threshold_series bench.families",
    "bench.fit": "operators operators.numerics operators.external operators.architectures operators.baselines operators.data"
    " operators.bounds operators.sizing results.schema results.witnesses results.sizing results.models results.figures"
    " bench.extras bench.engines",
    "bench.study": "operators results.schema results.records bench.catalogue bench.preset bench.cell bench.question"
    " bench.threshold_series bench.families",
    "bench.execution": "operators operators.architectures results.schema results.records bench.extras bench.processor"
    " bench.engines bench.families",
    "bench.studies": "operators results.families results.records bench.preset bench.cell bench.data_sets bench.size_schedules"
    " bench.question bench.threshold_series bench.study",
    "bench.drivers": "operators operators.tasks operators.architectures operators.data results.families results.records"
    " results.witnesses results.exchange results.report results.editions bench.cell bench.question bench.threshold_series"
    " bench.families bench.search bench.study bench.execution bench.platforms bench.processes",
    "bench.cli": "operators operators.external operators.architectures operators.data operators.bounds results.records"
    " results.witnesses results.programme results.exchange results.partitions results.sizing results.models results.figures"
    " results.report results.editions bench.shadowed bench.catalogue bench.extras bench.platforms bench.engines bench.fit"
    " bench.processes bench.study bench.execution bench.drivers",
    "bench.__main__": "bench.cli",
}


def dotted(path: Path) -> str:
    """The name of a module."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


NAMES = {dotted(path) for path in MODULES}


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    room = ".".join(module.split(".")[:2])
    return room if room in MAY_IMPORT else module.split(".")[0]


def own_imports(path: Path) -> set[str]:
    """The modules of this project that a file imports when it runs, also inside functions."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (whole & NAMES) | ({node.module} if whole - NAMES else set())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return {name for name in found if name.split(".")[0] in PACKAGES}


def test_the_table_has_every_room_and_no_circle() -> None:
    assert {room_of(name) for name in NAMES} == set(MAY_IMPORT)
    below: set[str] = set()
    for room, allowed in MAY_IMPORT.items():
        assert set(allowed.split()) <= below, f"{room} stands before what it may import"
        below.add(room)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_what_the_table_allows_and_no_more_is_allowed_than_is_used(room: str) -> None:
    used = {
        room_of(name) for path in MODULES if room_of(dotted(path)) == room for name in own_imports(path) if room_of(name) != room
    }
    assert used == set(MAY_IMPORT[room].split())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_heavy_packages_stay_in_their_place(path: Path) -> None:
    relative = path.relative_to(REPOSITORY)
    names = imported(path)
    if not str(relative).startswith("bench/engines/"):
        assert not names & {"tensorflow", "keras"}
    if str(relative) != "bench/engines/deepxde/engine.py":
        assert "deepxde" not in names
    if not str(relative).startswith("operators/external/hdf5/"):
        assert "h5py" not in names
    if not str(relative).startswith("results/figures/"):
        assert not names & {"matplotlib", "seaborn", "plotly"}
    if relative.parts[0] == "operators":
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
        body = tree(path).body
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
