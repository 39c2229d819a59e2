"""What a page is made of, and the record table that its charts and tables point into."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from results.page.written import read_table
from results.records.manifest import Manifest
from results.records.store import Quarantined, Store
from results.tables.frame import ASKED
from results.tables.study_tables import Tables

KEY_DIGITS = 16
AUDITS: dict[str, str] = {
    "bound_nats_per_parameter": "information about the noise per parameter, n R(rho) / d, in nats",
    "bound_nats_per_effective_parameter": "information about the noise per effective parameter, n R(rho) / d_eff, in nats",
    "bound_fresh_noise_score": "score of noise drawn after training, in standard deviations",
}
RECORDS: dict[str, str] = {
    "key": f"first {KEY_DIGITS} digits of the key of the cell and its record",
    "status": "how the cell ended",
    **{name: ASKED[name] for name in ("task", "parameters", "design", "N", "M", "n", "noise_law", "sigma", "control")},
    **{name: ASKED[name] for name in ("schedule", "branch_widths", "trunk_widths", "q", "q_eff", "d", "d_eff")},
    **{name: ASKED[name] for name in ("ends", "activation", "engine", "recipe", "budget", "replicate", "restart")},
    "relative": "relative training error |y - h| / |y| over all labels",
    "training_mse": "training error R",
    "absorbed": "absorbed fraction 1 - R/V of the noise",
    "floor": "certified floor of the training error R",
    "optimality": "R / floor, where the floor is resolved",
    "test_relative": "relative error on held-out functions",
    **AUDITS,
    "absorbable_bits": "largest absorbed fraction that 32-bit counting does not exclude",
    "cpu_seconds": "CPU seconds of the training",
    "flops": "floating-point work",
    "message": "why it did not end as done",
}


@dataclass(frozen=True)
class Evidence:
    """Everything a page shows.

    Attributes:
        manifest: what was asked.
        tables: what the figures draw.
        written: rows of each CSV file, by its name (`results.page.written`).
        columns: meanings of the columns of each CSV file, by its name.
        quarantined: refused lines.
        disagreeing: keys with records of different weights.
        digests: SHA-256 of input files and tables, by name.
    """

    manifest: Manifest
    tables: Tables
    written: Mapping[str, pd.DataFrame]
    columns: Mapping[str, Mapping[str, str]]
    quarantined: tuple[Quarantined, ...] = ()
    disagreeing: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def records(self) -> pd.DataFrame:
        """The record table: a row each expected cell, in the order of the manifest; columns of RECORDS that there are."""
        frame = self.tables.frame
        names = [name for name in RECORDS if name in frame]
        table = frame[names].assign(key=frame["key"].str[:KEY_DIGITS])
        return table.assign(optimality=table["optimality"].where(frame["resolved"].to_numpy(float) > 0.0))

    @cached_property
    def best_rows(self) -> dict[tuple[int, int, int, int, int], int]:
        """Row of the best done run of each (series, N, M, replicate, q)."""
        return self._best(["series", "N", "M", "replicate", "q"])

    @cached_property
    def best_sizes(self) -> dict[tuple[int, int, int, int, int], int]:
        """Row of the best done run of each (series, N, M, q, d)."""
        return self._best(["series", "N", "M", "q", "d"])

    def _best(self, names: list[str]) -> dict[tuple[int, int, int, int, int], int]:
        frame = self.tables.frame.reset_index(drop=True)
        done = frame[frame["status"] == "done"].sort_values("training_mse", kind="stable").drop_duplicates(names)
        return dict(zip(zip(*(done[name].astype(int).tolist() for name in names), strict=True), done.index.tolist(), strict=True))

    @staticmethod
    def gathered(
        folder: Path, manifest: Manifest, *, tables: Tables, store: Store, columns: Mapping[str, Mapping[str, str]]
    ) -> "Evidence":
        """The evidence of a study folder whose CSV files are written.

        Args:
            folder: the study folder.
            manifest: what was asked.
            tables: what the figures draw.
            store: its records.
            columns: the CSV files and the meanings of their columns; those that are not there are left out.
        """
        paths = [folder / name for name in columns if (folder / name).is_file()]
        hashed = [path for path in (folder / "study.json", *paths) if path.is_file()]
        return Evidence(
            manifest,
            tables,
            {path.name: read_table(path) for path in paths},
            columns,
            store.quarantined(),
            store.disagreeing(),
            {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in hashed},
        )


def task_label(task: object, parameters: object) -> str:
    """A task with its constants, if it has any."""
    return f"{task} {parameters}" if parameters else str(task)
