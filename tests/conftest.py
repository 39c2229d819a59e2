"""Planted studies: cells and records whose outcome is chosen by the test, shaped as real ones are."""

import copy
import gc
import importlib.util
import itertools
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pytest
from hypothesis import settings as hypothesis_settings
from repository import REPOSITORY

from bench.engines.descent.program_cache import keep_compiled_programs
from results.families import baselines
from results.families.baselines import DataSet, Line
from results.families.deeponet import Bounds, Errors, Measured, Sizes
from results.records.manifest import ExpectedCell, Manifest, Target, save_manifest
from results.records.record import Cost, Record, Versions, record_key, to_line
from results.tables.frame import build_frame

CELL: dict[str, Any] = {
    "task": "planted",
    "parameters": {},
    "design": "grid",
    "functions": 16,
    "points": 16,
    "test_functions": 64,
    "noise": {"law": "none", "sigma": 0.0},
    "architecture": {
        "name": "deeponet",
        "branch_widths": [8, 8],
        "trunk_widths": [8, 8],
        "q": 4,
        "activation": "tanh",
        "ends": "activated-trunk",
        "schedule": "free",
    },
    "training": {
        "engine": "deepxde",
        "recipe": "adam",
        "steps": 1000,
        "epochs": None,
        "batch": None,
        "learning_rate": 0.001,
        "decay": "constant",
        "decay_rate": 0.5,
        "decay_steps": 1000,
        "l2": 0.0,
        "input_scaling": "standard",
        "coordinate_scaling": "unit",
        "output_scaling": "task",
        "initialisation": "glorot",
    },
    "replicate": 0,
    "restart": 0,
}
for name, examples in (("suite", 20), ("long", 500)):  # no clocks outside tests/speed
    hypothesis_settings.register_profile(name, deadline=None, max_examples=examples)
hypothesis_settings.load_profile("suite")


GARBAGE = (50_000, 50, 1000)
"""Allocations and collections before the next: with TensorFlow loaded each goes through a million objects that stay."""


def pytest_configure(config: pytest.Config) -> None:
    """Programs are compiled once, also those of workers that tests start; garbage in circles is looked for seldom."""
    gc.set_threshold(*GARBAGE)
    if importlib.util.find_spec("tensorflow") is not None:
        keep_compiled_programs(Path(config.cache.mkdir("compiled")))


PLANTED = {"class": "Planted", "version": 1}
TARGETS = (Target(kind="relative", value=0.1), Target(kind="absorb", value=0.5))


@dataclass
class Planted:
    """A study under construction. The task `planted` is in no registry, so the identity of its data is whatever the line says."""

    expected: list[ExpectedCell] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    baselines: list[ExpectedCell] = field(default_factory=list)

    def add(
        self,
        *,
        relative: float = 0.5,
        absorbed: float | None = None,
        floor: float | None = None,
        status: str = "done",
        d: int | None = None,
        energy: float = 1.0,
        bits: int = 32,
        outcome: dict[str, Any] | None = None,
        **settings: Any,
    ) -> str:
        """Add a cell and its record and return the key.

        `absorbed` makes the cell noisy (V = 0.25 energy); status `missing` leaves the record out. Settings named in architecture
        or training go there. Other fields of the record are given by `outcome`.
        """
        cell = copy.deepcopy(CELL)
        if absorbed is not None:
            cell["noise"] = {"law": "rademacher", "sigma": 0.5}
        for name, value in settings.items():
            part = next((cell[inner] for inner in ("architecture", "training") if name in cell[inner]), cell)
            part[name] = value
        q = cell["architecture"]["q"]
        sizes = {
            "d": d if d is not None else 100 * q,
            "q_eff": min(q, cell["architecture"]["branch_widths"][-1] + 1),
            "d_eff": 90 * q,
        }
        key = record_key("deeponet", cell, PLANTED, 1)
        self.expected.append(ExpectedCell(key=key, cell=cell, sizes=sizes))
        if status == "missing":
            return key
        noise_energy = 0.25 * energy if absorbed is not None else 0.0
        mse = noise_energy * (1.0 - absorbed) if absorbed is not None else energy * relative**2
        errors = Errors(
            training_mse=mse,
            noise_energy=noise_energy,
            absorbed=absorbed,
            relative=(mse / energy) ** 0.5,
            relative_mean=(mse / energy) ** 0.5,
            relative_rms=(mse / energy) ** 0.5,
            clean_mse=mse,
            test_relative=2.0 * (mse / energy) ** 0.5,
            test_relative_mean=2.0 * (mse / energy) ** 0.5,
        )
        bounds = Bounds(
            floor=floor,
            optimality=mse / floor if floor else None,
            unit=energy**0.5,
            resolved=None if floor is None else floor > 1e-7,
            trivial=False,
            absorbable_bits=1.0 if absorbed is not None else None,
        )
        measured = status in ("done", "timeout")
        stored = Sizes(n=cell["functions"] * cell["points"], sensors=10, stored_bits=bits, **sizes)
        fields = {
            "key": key,
            "status": status,
            "cell": cell,
            "recipe": cell["training"]["recipe"],
            "family": "deeponet",
            "task": PLANTED,
            "versions": Versions(method=1, packages={"numpy": "2.4.6"}),
            "measured": Measured(sizes=stored, errors=errors, bounds=bounds) if measured else None,
            "cost": Cost(steps=1000, seconds=1.0, cpu_seconds=0.5, compile_seconds=0.1, flops=1e9),
            "curve": [(0, 1.0), (1000, mse)],
            "weights_sha256": key if measured else None,
            "host": {"machine": "x86_64"},
            "finished": "2026-01-01T00:00:00+00:00",
        }
        self.records.append(Record(**{**fields, **(outcome or {})}))
        return key

    def regress(self, lines: dict[str, Line] | None, *, sensor_floor: float | None = None, **settings: Any) -> str:
        """Add a data set, by default that of `add`, and the record of its reference lines; None leaves the record out."""
        stated = {"task": "planted", "functions": 16, "points": 16, **settings}
        cell = DataSet(**stated).model_dump(mode="json")
        key = record_key("baselines", cell, PLANTED, 1)
        self.baselines.append(ExpectedCell(key=key, cell=cell, sizes={}))
        if lines is not None:
            fields = {"key": key, "status": "done", "cell": cell, "family": "baselines", "task": PLANTED}
            measured = baselines.Measured(lines=lines, sensor_floor=sensor_floor)
            self.records.append(Record(**fields, versions=Versions(method=1, packages={}), measured=measured))
        return key

    @staticmethod
    def line(train: float, test: float) -> Line:
        """Errors of a method without ranks; means over functions are a tenth larger."""
        return Line(relative=(train,), relative_mean=(1.1 * train,), test_relative=(test,), test_relative_mean=(1.1 * test,))

    @staticmethod
    def ranked(train: Sequence[float], test: Sequence[float]) -> Line:
        """Errors of a method for q = 1, 2, ...; means over functions are a tenth larger."""
        means = tuple(tuple(1.1 * error for error in errors) for errors in (train, test))
        q = tuple(range(1, len(train) + 1))
        return Line(relative=train, relative_mean=means[0], test_relative=test, test_relative_mean=means[1], q=q)

    def name(self, place: int, values: dict[str, float | None]) -> None:
        """Give a record named bound values."""
        record = self.records[place]
        bounds = record.measured.bounds.model_copy(update={"values": values})
        measured = record.measured.model_copy(update={"bounds": bounds})
        self.records[place] = record.model_copy(update={"measured": measured})

    def manifest(self, targets: tuple[Target, ...] = TARGETS, rays: tuple[float, ...] = ()) -> Manifest:
        """The manifest of what was added."""
        return Manifest(
            name="planted",
            question="What was planted?",
            targets=targets,
            expected=tuple(self.expected),
            rays=rays,
            baselines=tuple(self.baselines),
        )

    def save(self, folder: Path, manifest: Manifest | None = None, *, extra: bytes = b"") -> Path:
        """Write a study folder: its manifest, and one file of records followed by `extra`."""
        save_manifest(folder, manifest or self.manifest())
        (folder / "records").mkdir(exist_ok=True)
        (folder / "records" / "a.jsonl").write_bytes("".join(map(to_line, self.records)).encode() + extra)
        return folder

    def fill(self, message: str) -> Self:
        """Noisy tied cells, noise-free fixed-width ones, a width grid, a fixed budget; one cell failed, one is missing."""
        for q, size, replicate in itertools.product((1, 2, 4, 8), (8, 16, 32), (0, 1)):
            absorbed = 0.5 * min(1.9, q / (0.2 * size * 1.05**replicate))
            tied = {"branch_widths": [q, q], "trunk_widths": [q, q], "schedule": "tied"}
            shape = {"q": q, "functions": size, "points": size, "replicate": replicate}
            self.add(**shape, **tied, absorbed=absorbed, floor=0.2 * (1 - absorbed), d=50 * q * q)
            self.add(**shape, relative=0.3 / q, floor=0.05 / q**2, schedule="fixed-width")
            self.add(**{**shape, "points": 16}, relative=0.4 / q, schedule="fixed-budget", d=3000)
        for q, branch, trunk in itertools.product((2, 4), (4, 16), (4, 16)):
            self.add(q=q, branch_widths=[branch], trunk_widths=[trunk], relative=0.5 / q, floor=0.2 / q**2)
        self.add(q=6, status="failed", outcome={"message": message})
        self.add(q=7, status="missing")
        return self

    def frame(self, targets: tuple[Target, ...] = TARGETS) -> pd.DataFrame:
        """The tidy frame of what was added."""
        return build_frame(self.manifest(targets), self.records)


@pytest.fixture
def planted() -> Planted:
    """An empty planted study."""
    return Planted()


@pytest.fixture(scope="session")
def new_planted() -> Callable[[], Planted]:
    """Makes empty planted studies, for tests that need several or run many examples."""
    return Planted


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line called in this process: its exit code and what it printed."""
    from bench.cli.app import main

    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("COLUMNS", "200")

    def called(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return subprocess.CompletedProcess(sys.argv, ended.value.code, printed.out, printed.err)

    return called
