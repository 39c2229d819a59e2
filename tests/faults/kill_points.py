"""kill -9 at points drawn from a seed of run, merge, compact, report and submit; then the same command again, undisturbed.

    python tests/faults/kill_points.py --points 100 --seed 1

A point is a moment at which a command touches the file system below the results folder to write: before it opens, flushes,
renames, removes or makes something. How many there are is counted in an undisturbed run; all are equally likely. A command runs
in a process of its own, forked from this one, which kills itself there. Asked afterwards of what the second call has left:

    run, report    all tables, without CPU seconds, those of an undisturbed run
    merge          the whole folder byte for byte that of an undisturbed merge, and so all tables made of it
    compact        the file, byte for byte
    submit         the witness, byte for byte, entered once
    all            no temporary file below the results folder

Printed are counts, as JSON; exit code 1 if anything differs. No training here takes longer than some milliseconds. What becomes
the command is an argument, so that a command with a planted defect can be handed in: `test_kill_points` asks that it is found.
"""

import argparse
import importlib
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Main = Callable[[list[str]], int]
"""What a forked process becomes: it takes arguments and returns an exit code."""
WRONG = ("failed_again", "differing", "leftovers")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
COMMANDS = ("run", "merge", "compact", "report", "submit")
SECTIONS = """
from bench.study import Study
from results.families.sci import Cell

STUDY = Study(name="endures", question="What survives?", cells=[Cell(n=n, re=n / 10) for n in range(20, 44, 2)])
"""
NETS = """
from bench.cell import Cell, Net, Training
from bench.study import Study
from results.records.manifest import Target

STUDY = Study(
    name="nets",
    question="What survives?",
    cells=[
        Cell(
            task="antiderivative", functions=12, points=12, architecture=Net(branch_widths=(4,), trunk_widths=(4,), q=q),
            training=Training(recipe="variable-projection", steps=3, learning_rate=1e-2),
        )
        for q in (1, 2, 3)
    ],
    targets=(Target(kind="relative", value=0.3),),
)
"""


def suite(arguments: list[str]) -> int:
    """The command line of the suite."""
    sys.argv = ["bench", *arguments]
    from bench.cli.app import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def bench(*arguments: object, below: Path, kill_at: int | None = None, main: Main = suite) -> tuple[int, int]:
    """Run a command in a forked process, killed before its `kill_at`-th touch of a file below a folder.

    Returns:
        Its exit code, negative if killed, and the touches of one that was not.
    """
    report = below.with_name(f"{below.name}-touches")
    child = os.fork()
    if child == 0:
        _become(lambda: main([str(argument) for argument in arguments]), report, below, kill_at)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, int(report.read_text()) if code >= 0 else 0


def _become(command: Callable[[], int], report: Path, below: Path, kill_at: int | None) -> None:
    """Be the command; does not return."""
    touches, root, flush = itertools.count(1), str(below.resolve()), os.fsync
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)

    def touch() -> None:
        if next(touches) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        writes = event in ("os.rename", "os.remove", "os.mkdir") or (event == "open" and given[2] & WRITING)
        if writes and isinstance(given[0], (str, os.PathLike)) and str(Path(given[0]).absolute()).startswith(root):
            touch()

    def counted(descriptor: int) -> None:
        touch()
        flush(descriptor)

    code = 70
    try:
        sys.addaudithook(hook)
        os.fsync = counted
        code = command()
    finally:
        report.write_text(str(next(touches) - 1))
        os._exit(code)


def tables(folder: Path) -> dict[str, str]:
    """The tables of a study, as text."""
    read = {path.name: pd.read_csv(path, dtype=str) for path in sorted(folder.glob("*.csv"))}
    return {name: table.drop(columns="cpu_seconds", errors="ignore").to_csv() for name, table in read.items()}


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Case:
    """A command, the state it starts from, and what of the folder must come out the same.

    Attributes:
        before: folder with the state before; it is copied to the folder `out`.
        command: arguments, given `out`.
        facts: what must be the same, given `out`.
        again: exit codes that a second call may have.
    """

    before: Path
    command: Callable[[Path], list[object]]
    facts: Callable[[Path], Any]
    again: tuple[int, ...] = (0,)


def made(root: Path) -> dict[str, list[Case]]:
    """The cases of every command."""
    sections, nets, empty = root / "sections", root / "nets", root / "empty"
    empty.mkdir()
    again = {folder: _command(folder, text) for folder, text in ((sections, SECTIONS), (nets, NETS))}
    for folder, command in again.items():
        require(bench(*command, folder, below=folder)[0] == 0, "an undisturbed run succeeds")
    outdated, fewer = (_with_fewer_records(folder, root) for folder in (sections, nets))
    require(bench("report", "endures", "--out", outdated, below=outdated)[0] == 0, "a report on fewer records succeeds")
    shutil.copytree(sections / "endures" / "records", outdated / "endures" / "records", dirs_exist_ok=True)
    halves, witness = _halves(nets, root), _witness(root)
    return {
        "run": [
            Case(empty, lambda out: [*again[sections], out], lambda out: tables(out / "endures")),
            Case(fewer, lambda out: [*again[nets], out], lambda out: tables(out / "nets")),
        ],
        "merge": [
            Case(
                halves,
                lambda out: ["merge", out / "part-0", out / "part-1", "--into", out / "nets"],
                lambda out: everything(out / "nets"),
            )
        ],
        "compact": [Case(nets, lambda out: ["compact", out], lambda out: (out / "records.parquet").read_bytes())],
        "report": [Case(outdated, lambda out: ["report", "endures", "--out", out], lambda out: tables(out / "endures"))],
        "submit": [
            Case(
                nets,
                lambda out: ["submit", witness, "--study", "nets", "--out", out],
                lambda out: (everything(out / "nets" / "witnesses"), _entered(out / "nets")),
                again=(0, 2),
            )
        ],
    }


def _command(folder: Path, text: str) -> list[object]:
    """How a study is run, but for the results folder."""
    path = folder.with_suffix(".py")
    path.write_text(text)
    return ["run", path, "--executor", "inline", "--quiet", "--no-figures", "--out"]


def _with_fewer_records(folder: Path, root: Path) -> Path:
    """A copy of a results folder whose study lacks its last two records."""
    copy = root / f"{folder.name}-with-fewer-records"
    shutil.copytree(folder, copy)
    (records,) = copy.glob("*/records/*.jsonl")
    records.write_bytes(b"".join(records.read_bytes().splitlines(True)[:-2]))
    return copy


def _halves(folder: Path, root: Path) -> Path:
    """The records of the study `nets` in two folders of their own, instead of one."""
    halves = root / "halves"
    shutil.copytree(folder, halves)
    (records,) = (folder / "nets" / "records").glob("*.jsonl")
    lines = records.read_bytes().splitlines(True)
    for number in (0, 1):
        part = halves / f"part-{number}" / "records"
        part.mkdir(parents=True)
        (part / f"host-{number}.jsonl").write_bytes(b"".join(lines[number::2]))
        shutil.copy(folder / "nets" / "study.json", part.parent)
    shutil.rmtree(halves / "nets")
    return halves


def _witness(root: Path) -> Path:
    """A net that fits nothing and whose target asks for nothing."""
    from operators import find_task
    from operators.architectures import DeepONet, Weights
    from operators.data.dataset import Request
    from results.records.manifest import Target
    from results.schema.cells import Net
    from results.witnesses.file import Witness, save_witness
    from results.witnesses.header import Header, Origin, Scaling, data_of

    request, net = (
        Request(find_task("antiderivative"), functions=12, points=12),
        DeepONet(100, 1, (4,), (4,), 2, "tanh", "linear"),
    )
    header = Header(
        data=data_of(request),
        sensors=100,
        coordinates=1,
        architecture=Net(branch_widths=(4,), trunk_widths=(4,), q=2, activation="tanh", ends="linear"),
        scaling=Scaling(inputs="standard", coordinates="unit"),
        target=Target(kind="relative", value=0.9999),
        origin=Origin(author="Planted", method="zeros", created="2026-01-01"),
    )
    labels = _labels(request)
    weights = {name: np.zeros(shape) for name, shape in net.shapes().items()} | {"bias": np.array([labels])}
    save_witness(root / "planted.npz", Witness(header, Weights(weights)))
    return root / "planted.npz"


def _labels(request: Any) -> float:
    """The constant that is closest to all labels, in the units of the net."""
    from operators.data.dataset import build

    data = build(request)
    return float((data.labels.mean() - data.constants.output_mean) / data.constants.output_std)


def _entered(folder: Path) -> list[str]:
    """Addresses of the witnesses that were entered and are whole."""
    from results.witnesses.submissions import entries

    found = entries(folder)
    return [held.witness for held in found.accepted] + [refusal.reason for refusal in found.refused]


def require(holds: bool, what: str) -> None:
    """End here unless something holds.

    Raises:
        SystemExit: it does not.
    """
    if not holds:
        raise SystemExit(f"expected that {what}; it does not")


def survey(cases: dict[str, list[Case]], points: int, seed: int, out: Path, *, main: Main = suite) -> dict[str, Counter[str]]:
    """Kill at so many points, dealt among the commands in turn, and count what came of it.

    Args:
        cases: of every command, by its name.
        points: how many.
        seed: of the draw.
        out: the folder that commands work on.
        main: what they are.
    """
    generator, names = np.random.default_rng(seed), list(cases)
    known: dict[tuple[str, int], tuple[int, Any]] = {}
    counts = {name: Counter[str]() for name in names}
    for number in range(points):
        name = names[number % len(names)]
        which = number // len(names) % len(cases[name])
        case = cases[name][which]
        if (name, which) not in known:
            _reset(case, out)
            code, touches = bench(*case.command(out), below=out, main=main)
            require(code == 0, f"an undisturbed {name} succeeds")
            known[name, which] = touches, case.facts(out)
        touches, expected = known[name, which]
        _reset(case, out)
        code, _ = bench(*case.command(out), below=out, kill_at=int(generator.integers(1, touches + 1)), main=main)
        again, _ = bench(*case.command(out), below=out, main=main)
        left = [path for path in out.rglob("*.tmp") if path.is_file()]
        counts[name].update(
            points=1,
            killed=code == -signal.SIGKILL,
            failed_again=again not in case.again,
            differing=case.facts(out) != expected,
            leftovers=len(left),
        )
    return counts


def _load() -> None:
    """Import what commands need, so that no forked process pays for it."""
    for name in (
        "bench.cli.app",
        "bench.drivers.study_run",
        "results.report.write",
        "results.exchange.merge",
        "results.exchange.parquet",
    ):
        importlib.import_module(name)


def _reset(case: Case, out: Path) -> None:
    """The state before, with the times of its files."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(case.before, out)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    _load()
    with tempfile.TemporaryDirectory() as folder:
        counts = survey(made(Path(folder)), asked.points, asked.seed, Path(folder) / "out")
    print(json.dumps(counts))
    sys.exit(int(any(count[what] for count in counts.values() for what in WRONG)))


if __name__ == "__main__":
    main()
