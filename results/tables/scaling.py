"""scaling.csv: what every configuration reached, against what theory allows it.

One row for each configuration (all settings but replicate and restart) and each target that is meant for it. Errors are those of
runs that ended as `done`; the other outcomes stay in the counts. No column depends on the clock or the machine, so that the
file is the same however often the study was interrupted.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators.bounds.bound import CONFIDENCE, probability_text
from results.records.manifest import Manifest, Target
from results.tables.frame import ASKED, OF_FLOOR, applies, excluded, reached, status_counts

SETTINGS = (
    *("task", "parameters", "design", "architecture", "schedule", "ends", "activation", "branch_widths", "trunk_widths"),
    *("engine", "recipe", "budget", "training", "n", "N", "M", "noise_law", "sigma", "control"),
)
SIZES = ("q", "d", "q_eff", "d_eff")
COUNTS = ("runs", "expected", "done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")
OF_DATA = ("problem", "output_scaling", "replicate", "q_eff", *OF_FLOOR)
SPREAD = {
    "relative": "relative error |y - h| / |y| over all training labels",
    "absorbed": "absorbed fraction 1 - R/V of the noise",
    "training_mse": "training error R",
}
OF_RUNS = ("test_relative", "optimality", "floor", "noise_energy", "absorbable_bits", "flops", "resolved", "trivial")
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in SETTINGS},
    "target": "what a fit must reach; `none` where no target of the study is meant for these cells",
    **{name: ASKED[name] for name in SIZES},
    "runs": "cells that ended: done, diverged, timeout, oom or data_invalid",
    "expected": "cells the study asks for: runs + failed + missing",
    "done": "runs that returned a fit",
    "diverged": "runs whose loss was not finite or grew beyond bounds",
    "timeout": "runs over their time limit",
    "oom": "runs over their memory",
    "data_invalid": "runs whose data broke the task's contract",
    "failed": "cells whose only record is a crash; run again",
    "missing": "cells without a record",
    "reached": "done runs that reach the target",
    **{f"{name}_{how}": f"{how} over done runs: {what}" for name, what in SPREAD.items() for how in ("best", "median", "worst")},
    "test_relative_median": "median over done runs: relative error on held-out functions against clean outputs",
    "optimality_best": "smallest R / floor over done runs with a resolved floor",
    "optimality_median": "median R / floor over done runs with a resolved floor",
    "floor": "smallest certified floor of the training error over the replicates' data",
    "floor_status": "certified; unresolved (below 1e-7 of the variance); none (no rank floor in this design); blank: no run",
    "noise_energy": "median realised noise energy V",
    "trivial": "yes: random features and solved heads reach the floor untrained",
    "excluded": "done runs whose floor certifies the target impossible at this rank on their data",
    "q_certified": "certified: any q below this misses the target on every replicate's data (from the floors of this study's q)",
    "absorbable_bits": "largest absorbed fraction that counting its stored bits does not exclude"
    f" (probability {probability_text(CONFIDENCE)})",
    "bits_status": "certified, or vacuous here (nothing excluded); blank without noise",
    "flops": "median floating-point work of a done run",
}


def scaling_table(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Build the table from the tidy frame; rows sorted by settings, target and size."""
    base = _configurations(frame)
    parts = []
    covered = np.zeros(len(base), dtype=bool)
    for order, target in enumerate(sorted(set(manifest.targets), key=lambda t: (t.kind, t.value))):
        meant = _any(applies(frame, target), frame, len(base))
        covered |= meant
        part = base.assign(
            target=target.label,
            reached=_count(reached(frame, target), frame, len(base)),
            excluded=_count(excluded(frame, target) & _done(frame), frame, len(base)),
            q_certified=certified_q(frame, target),
            _order=order,
        )
        parts.append(part[meant])
    parts.append(base.assign(target="none", reached=0, excluded=0, q_certified=np.nan, _order=-1)[~covered])
    table = pd.concat(parts) if len(base) else base.assign(target="", reached=0, excluded=0, q_certified=np.nan, _order=0)
    keys = [name for name in SETTINGS if name not in ("branch_widths", "trunk_widths")]
    table = table.sort_values([*keys, "_order", *SIZES, "branch_widths", "trunk_widths"], kind="stable", ignore_index=True)
    return table[list(COLUMNS)]


def _done(frame: pd.DataFrame) -> NDArray[np.bool_]:
    return (frame["status"] == "done").to_numpy(bool)


def _count(rows: NDArray[np.bool_], frame: pd.DataFrame, size: int) -> NDArray[np.int64]:
    """Count marked rows a configuration."""
    return np.bincount(frame["configuration"].to_numpy()[rows], minlength=size)


def _any(rows: NDArray[np.bool_], frame: pd.DataFrame, size: int) -> NDArray[np.bool_]:
    return _count(rows, frame, size) > 0


def _configurations(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per configuration: settings, sizes, counts and statistics of its done runs."""
    first = frame[["configuration", *SETTINGS, *SIZES]].drop_duplicates("configuration").set_index("configuration")
    table = pd.concat([first, status_counts(frame, "configuration")], axis=1)
    done = frame.loc[_done(frame), ["configuration", *SPREAD, *OF_RUNS]].groupby("configuration")
    for name in SPREAD:
        best, worst = ("max", "min") if name == "absorbed" else ("min", "max")
        table[f"{name}_best"] = done[name].agg(best)
        table[f"{name}_median"] = done[name].median()
        table[f"{name}_worst"] = done[name].agg(worst)
    table["test_relative_median"] = done["test_relative"].median()
    table["optimality_best"] = done["optimality"].min()
    table["optimality_median"] = done["optimality"].median()
    table["floor"] = done["floor"].min()
    table["noise_energy"] = done["noise_energy"].median()
    table["absorbable_bits"] = done["absorbable_bits"].min()
    table["flops"] = done["flops"].median()
    resolved, trivial, ended = done["resolved"].max(), done["trivial"].max(), table["done"] > 0
    resolved, trivial = resolved.reindex(table.index), trivial.reindex(table.index)
    words = np.select([~ended, table["floor"].isna(), resolved > 0], ["", "none", "certified"], "unresolved")
    table["floor_status"] = pd.array(words, dtype="str")
    table["trivial"] = pd.array(np.select([~ended, trivial > 0], ["", "yes"], "no"), dtype="str")
    bits = table["absorbable_bits"]
    table["bits_status"] = pd.array(np.select([bits.isna(), bits < 1.0], ["", "certified"], "vacuous here"), dtype="str")
    return table


def certified_q(frame: pd.DataFrame, target: Target) -> pd.Series:
    """Certified smallest q of each configuration's data for a target, as far as the floors of this study tell.

    On each replicate's data: 1 + the largest q_eff whose floor excludes the target, since floors fall with rank; then the
    smallest over replicates. NaN where no record has a floor. Output scaling changes what a floor is of, so it is kept apart.
    """
    floors = frame.loc[_done(frame) & frame["floor"].notna() & applies(frame, target), list(OF_DATA)]
    rank = floors["q_eff"].where(excluded(floors, target), 0) + 1
    data = [floors["problem"], floors["output_scaling"], floors["replicate"]]
    of_data = rank.groupby(data).max().groupby(level=[0, 1]).min()
    first = frame[["configuration", "problem", "output_scaling"]].drop_duplicates("configuration").set_index("configuration")
    keys = pd.MultiIndex.from_frame(first)
    return pd.Series(of_data.reindex(keys).to_numpy(float), index=first.index)
