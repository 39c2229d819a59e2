"""Aggregation: 10,000 synthetic records from disk to all tables (no figures); 100,000 take ten times as long."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from results import exponents, leaderboard, rays, thresholds
from results.csvs import csv_bytes
from results.frame import build_frame
from results.record import to_line
from results.scaling import scaling_table
from results.series import with_series
from results.store import Store
from results.study import Target, load_manifest, save_manifest

COUNT = 10_000
TARGETS = tuple(
    Target(kind=kind, value=value) for kind, value in (("relative", 0.3), ("relative", 0.1), ("absorb", 0.2), ("absorb", 0.5))
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, new_planted: Any) -> Path:
    """A study folder with COUNT records, each with a learning curve of 50 points."""
    path, study = tmp_path_factory.mktemp("study"), new_planted()
    grid = itertools.product(
        range(10**6), ("grid", "triples"), ("tied", "fixed-width"), (False, True), (1, 2, 4, 8, 16), (16, 32, 64)
    )
    for replicate, design, schedule, noisy, q, size in itertools.islice(grid, COUNT):
        width = q if schedule == "tied" else 32
        error = min(0.9, (1.0 + 0.1 * (replicate % 7)) / q**0.7)
        study.add(
            design=design,
            schedule=schedule,
            q=q,
            functions=size,
            points=size if design == "grid" else 1,
            replicate=replicate,
            branch_widths=[width, width],
            trunk_widths=[width, width],
            relative=error,
            absorbed=min(0.95, q / size) if noisy else None,
            outcome={"curve": [(20 * step, error / (step + 1)) for step in range(50)]},
        )
    (path / "records").mkdir()
    (path / "records" / "a.jsonl").write_text("".join(map(to_line, study.records)))
    save_manifest(path, study.manifest(TARGETS, rays=(1.0, 2.0)))
    return path


def test_reading_and_checking_records(benchmark: Any, folder: Path) -> None:
    keys = [cell.key for cell in load_manifest(folder).expected]
    assert benchmark(lambda: Store(folder).missing(keys)) == set()


def all_tables(folder: Path) -> int:
    manifest = load_manifest(folder)
    frame = with_series(build_frame(manifest, Store(folder).records()))
    located = thresholds.thresholds(frame, manifest)
    built = (
        scaling_table(frame, manifest),
        leaderboard.leaderboard(frame, manifest),
        located,
        exponents.exponent_table(frame, located),
        rays.ray_table(frame, manifest),
    )
    return sum(len(csv_bytes(table)) for table in built)


def test_all_tables(benchmark: Any, folder: Path) -> None:
    assert benchmark.pedantic(all_tables, args=(folder,), rounds=3) > 0
