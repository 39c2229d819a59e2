"""What a page is made of, and the record table that its charts and tables point into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from results.records.store import Quarantined
from results.tables.frame import ASKED
from results.tables.study_tables import StudyTables, kinds

KEY_DIGITS = 16
AUDITS: dict[str, str] = {
    "bound_nats_per_parameter": "information about the noise per parameter, n R(rho) / d, in nats",
    "bound_nats_per_effective_parameter": "information about the noise per effective parameter, n R(rho) / d_eff, in nats",
    "bound_fresh_noise_score": "score of noise drawn after training, in standard deviations",
}
RECORDS: dict[str, str] = {
    "key": f"first {KEY_DIGITS} digits of the key of the cell and its record",
    "status": "how the cell ended",
    **{name: ASKED[name] for name in ("task", "parameters", "design", "architecture", "N", "M", "n")},
    **{name: ASKED[name] for name in ("noise_law", "sigma", "control")},
    **{name: ASKED[name] for name in ("schedule", "branch_widths", "trunk_widths", "q", "q_eff", "d", "d_eff")},
    **{name: ASKED[name] for name in ("ends", "activation", "engine", "recipe", "budget", "replicate", "restart")},
    "relative": "relative training error |y - h| / |y| over all labels",
    "training_mse": "training error R",
    "absorbed": "absorbed fraction 1 - R/V of the noise",
    "floor": "certified floor of the training error R",
    "optimality": "R / floor, where the floor is resolved",
    "test_relative": "relative error on held-out functions",
    "relative_mean": "mean over functions of the relative training error of each",
    "test_relative_mean": "mean over held-out functions of the relative error of each",
    **AUDITS,
    "absorbable_bits": "largest absorbed fraction that counting its stored bits does not exclude",
    "cpu_seconds": "CPU seconds of the training",
    "flops": "floating-point work",
    "message": "why it did not end as done",
}


@dataclass(frozen=True)
class Evidence:
    """Everything a page shows.

    Attributes:
        tables: the tables of the study.
        quarantined: refused lines.
        disagreeing: keys with records of different weights.
        digests: SHA-256 of input files and tables, by name.
        computed: when the tables were computed, by which version (`results.tables.version`).
    """

    tables: StudyTables
    quarantined: tuple[Quarantined, ...] = ()
    disagreeing: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    computed: str = ""

    @property
    def record_columns(self) -> Mapping[str, str]:
        """Columns of the record table, with their meanings: RECORDS, or those of `cells` where a study has that table."""
        cells = kinds(self.tables.family).get("cells")
        return RECORDS if cells is None else cells.columns(self.tables.family)

    @cached_property
    def records(self) -> pd.DataFrame:
        """The record table: a row for each expected cell, in the order of the manifest; of its columns those that there are."""
        frame = self.tables.frame
        names = [name for name in self.record_columns if name in frame]
        table = frame[names].assign(key=frame["key"].str[:KEY_DIGITS])
        if "optimality" in table:
            table["optimality"] = table["optimality"].where(frame["resolved"].to_numpy(float) > 0.0)
        return table

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
