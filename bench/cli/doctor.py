"""`python -m bench doctor`: self-test of an installation: packages of our names, versions, threads, seeds."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import typer

from bench.cli import terminal
from bench.cli.arguments import Json
from bench.extras import require
from bench.platforms import usable_cores
from bench.shadowed import HOME, standings

SEED_PROGRAM = """
from bench.cell import Cell
from bench.engines import find_engine
from bench.engines.threads import pin_threads
from bench.engines.base import Control
from operators.data.dataset import build
from operators.data.normalisation import scaled
import sys
pin_threads()
for replicate in (0, 1):
    cell = Cell.model_validate({
        "task": "antiderivative", "functions": 8, "points": 8, "test_functions": 1, "replicate": replicate,
        "architecture": {"branch_widths": [8], "trunk_widths": [8], "q": 4}, "training": {"engine": sys.argv[1], "steps": 5},
    })
    problem = scaled(build(cell.request()), "standard", "unit", "task")
    print(find_engine(sys.argv[1]).train([cell], [problem], Control())[0].weights.sha256())
"""


def doctor(as_json: Json = False) -> None:
    """Check this installation: other packages of our names, versions, threads, and that seeds give the same weights.

    Where another package called `bench`, `operators` or `results` shadows ours, nothing else is looked at.
    """
    findings = packages()
    if all(finding.ok for finding in findings):
        require("`bench doctor`", "train")
        findings += examine()
    rows = [asdict(finding) for finding in findings]
    if as_json:
        terminal.print_json(rows)
    else:
        terminal.print_table(rows, "nothing checked")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@dataclass(frozen=True)
class Finding:
    """One thing looked at, what was found, and whether that is as it must be."""

    check: str
    found: str
    ok: bool


def packages(path: Sequence[str] | None = None, home: Path = HOME) -> list[Finding]:
    """Whether each of our names leads to ours; `path` and `home` as in `bench.shadowed.standings`."""
    return [Finding(f"package {one.name}", one.found, one.ours) for one in standings(path, home)]


def examine() -> list[Finding]:
    """Look at versions, threads, and the weights that two processes give for the same cells."""
    from bench.execution.runner import PACKAGES

    findings = [Finding(f"version of {name}", metadata.version(name), True) for name in PACKAGES]
    findings.append(Finding("cores this process may use", str(usable_cores()), True))
    return [*findings, *(_seeds(engine) for engine in ("deepxde", "native"))]


def _seeds(engine: str) -> Finding:
    """Two processes give equal weights for equal cells; two replicates differ."""
    command = [sys.executable, "-c", SEED_PROGRAM, engine]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2)]
    lines = [run.stdout.split() for run in runs]
    if any(run.returncode for run in runs) or any(len(line) != 2 for line in lines):
        return Finding(
            f"seeds of engine {engine}", runs[0].stderr.strip().splitlines()[-1][:200] if runs[0].stderr else "no output", False
        )
    same, differ = lines[0] == lines[1], lines[0][0] != lines[0][1]
    found = f"{'equal' if same else 'DIFFERENT'} in two processes, {'different' if differ else 'EQUAL'} for two replicates"
    return Finding(f"seeds of engine {engine}", found, same and differ)
