"""leaderboard.csv: the smallest q and the smallest d that reach each target, for each problem, and who did it.

A problem is a task, design, N, M and noise. The entry is the smallest configuration of which at least one done run reaches the
target; among equals the one with the smaller other size, then the better error, then the smaller key. What is not settled
is said: cells without an outcome that are smaller than the entry could still take its place. The smallest q is that of classes
whose outputs have rank q at most: floors certify of no other that a q is needed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from results.families.deeponet import parameters_text
from results.records.manifest import Manifest, Target
from results.tables.brackets import MADE, WITNESS, as_strict, provenance, q_of, training_costs
from results.tables.frame import ASKED, OF_FLOOR, PROBLEM, applies, excluded, reached, status_counts
from results.tables.scaling import COUNTS, certified_q
from results.witnesses.submissions import Held

WHO = (
    *("schedule", "ends", "activation", "branch_widths", "trunk_widths", "q", "d", "q_eff", "d_eff"),
    *("engine", "recipe", "budget", "replicate", "key"),
)
COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in (*PROBLEM[:3], "n", *PROBLEM[3:])},
    "target": "what a fit must reach",
    "smallest": "what is made smallest: q, of classes whose rank is at most q, or d",
    "standing": "reached; not reached; certified impossible (at every size tried, by the floor); no outcome (no done run)",
    **{name: f"of the entry: {ASKED[name]}" for name in WHO},
    "error": "of the entry: absorbed fraction (target absorb) or relative error",
    "entry_reached": "runs of the entry's configuration that reach the target",
    "entry_expected": "cells of the entry's configuration",
    "ties": "other configurations of the same smallest size that reach the target",
    "unsettled": "failed or missing cells smaller than the entry (all of them without an entry): they could take its place",
    "q_certified": "certified: any q below this misses the target on every replicate's data (from the floors of this study's q)",
    "witness_size": "smallest q or d of a verified witness of this problem and target (or a stricter one), whoever made it",
    **{f"witness_{name}" if name != "witness" else name: f"of that witness: {what}" for name, what in WITNESS.items()},
    **{f"witness_{made}": f"smallest q or d of a verified witness that is {made}" for made in MADE},
    **{f"{made}_witness": f"address of that witness: {made}" for made in MADE},
    "excluded": "done runs of this problem whose floor certifies the target impossible",
    **{name: f"of all cells of this problem: {name}" for name in COUNTS},
}
READ = (
    *("problem", "configuration", "status", "output_scaling", *PROBLEM, "n", *WHO),
    *("absorbed", *OF_FLOOR),
)
"""Columns of the frame that the table is made of."""
RANKED = ("problem", "configuration", "q", "d", "_key")
"""Numbers, by which the entries are found; rows of these alone are moved about, and text is taken for what is left."""


def leaderboard(frame: pd.DataFrame, manifest: Manifest, entries: Sequence[Held] = ()) -> pd.DataFrame:
    """Build the table from the tidy frame and the verified witnesses; sorted by problem, target and what is made smallest."""
    costs = training_costs(frame) if entries else {}
    frame = frame[list(dict.fromkeys(READ))].assign(_key=frame["key"].rank())
    parts = [
        _witnessed(_entries(frame[applies(frame, target)], target, size), target, size, entries=entries, costs=costs).assign(
            _order=order
        )
        for order, target in enumerate(sorted(set(manifest.targets), key=lambda t: (t.kind, t.value)))
        for size in ("q", "d")
        if len(frame) and applies(frame, target).any()
    ]
    if not parts:
        return pd.DataFrame({name: pd.array([], dtype="str") for name in COLUMNS})
    table = pd.concat(parts)
    keys = [*PROBLEM[:3], "n", *PROBLEM[3:], "_order"]
    return table.sort_values([*keys, "smallest"], ascending=[True] * len(keys) + [False], kind="stable", ignore_index=True)[
        list(COLUMNS)
    ]


def _entries(frame: pd.DataFrame, target: Target, size: str) -> pd.DataFrame:
    """One row per problem: its entry for one target and one notion of small."""
    other, quality, sign = "d" if size == "q" else "q", "absorbed", -1.0
    if target.kind == "relative":
        quality, sign = "relative", 1.0
    cells = frame[list(RANKED)].assign(
        _hit=reached(frame, target),
        _sized=(frame["q_eff"] > 0) & (frame["q_eff"] <= frame["q"]) if size == "q" else True,
        _worse=sign * frame[quality],
        _out=excluded(frame, target),
        _done=frame["status"] == "done",
        _open=frame["status"].isin(["failed", "missing"]),
    )
    hits = cells[cells["_hit"] & cells["_sized"]].sort_values(["problem", size, other, "_worse", "_key"], kind="stable")
    best = hits[~hits["problem"].duplicated()]
    entries = frame.loc[best.index, [*WHO, quality]].set_axis(best["problem"]).rename(columns={quality: "error"})
    table = frame.loc[~frame["problem"].duplicated(), ["problem", *PROBLEM, "n"]].set_index("problem")
    table = table.assign(target=target.label, smallest=size).join(entries)
    counts = status_counts(frame, "problem").reindex(table.index)
    done = cells[cells["_done"]].groupby("problem")["_out"]
    table["excluded"] = done.sum().reindex(table.index, fill_value=0)
    impossible = done.all().reindex(table.index, fill_value=False).to_numpy(bool)
    words = [table["key"].notna().to_numpy(bool), (counts["done"] == 0).to_numpy(bool), impossible]
    table["standing"] = pd.array(np.select(words, ["reached", "no outcome", "certified impossible"], "not reached"), dtype="str")
    table = table.join(_rivals(cells, hits, best.set_index("problem"), size)).join(counts[list(COUNTS)])
    of_configuration = frame.loc[~frame["configuration"].duplicated(), "problem"]
    table["q_certified"] = certified_q(frame, target).groupby(of_configuration.to_numpy()).min()
    for name in ("q", "d", "q_eff", "d_eff", "replicate", "q_certified", "entry_reached", "entry_expected"):
        table[name] = table[name].astype("Int64")
    return table


def _witnessed(
    table: pd.DataFrame, target: Target, size: str, *, entries: Sequence[Held], costs: Mapping[str, float]
) -> pd.DataFrame:
    """Add the smallest verified witness of each problem."""
    other = "d" if size == "q" else "q"
    best: dict[tuple[object, ...], Held] = {}
    of_each: dict[tuple[object, ...], Held] = {}
    ranked = [entry for entry in entries if _size(entry, size) is not None]
    for entry in sorted(ranked, key=lambda entry: (_size(entry, size), _size(entry, other) or 0, entry.witness)):
        if as_strict(entry.header.target, target):
            best.setdefault(_problem_of(entry), entry)
            of_each.setdefault((entry.header.origin.kind, *_problem_of(entry)), entry)
    problems = [tuple(row) for row in table[list(PROBLEM)].itertuples(index=False)]
    found = [best.get(problem) for problem in problems]
    sizes = [None if entry is None else _size(entry, size) for entry in found]
    told = pd.DataFrame(
        [{} if entry is None else provenance(entry, costs) for entry in found], columns=list(WITNESS), index=table.index
    )
    told = told.astype({"cpu_seconds": "float"}).rename(
        columns={name: f"witness_{name}" for name in WITNESS if name != "witness"}
    )
    table = table.join(told).assign(witness_size=pd.array(sizes, dtype="Int64"))
    for made in MADE:
        kind = [of_each.get((made, *problem)) for problem in problems]
        table[f"witness_{made}"] = pd.array([None if one is None else _size(one, size) for one in kind], dtype="Int64")
        table[f"{made}_witness"] = pd.array([None if one is None else one.witness for one in kind], dtype="str")
    return table


def _size(entry: Held, size: str) -> int | None:
    return q_of(entry) if size == "q" else entry.d


def _problem_of(entry: Held) -> tuple[object, ...]:
    """The values of PROBLEM for the data of a witness; no witness is made for a control."""
    data = entry.header.data
    parameters = parameters_text(data.parameters)
    return (data.task, parameters, data.design, data.functions, data.points, data.noise_law, data.sigma, "none")


def _rivals(cells: pd.DataFrame, hits: pd.DataFrame, best: pd.DataFrame, size: str) -> pd.DataFrame:
    """What stands beside the entries: runs of the same configuration, ties, and smaller cells that have no outcome."""
    problems = pd.Index(cells["problem"].unique(), name="problem")
    entry = best["configuration"]
    own = cells[cells["configuration"].isin(entry)]
    tied = hits[hits[size] == hits["problem"].map(best[size])]
    open_cells = cells[cells["_open"] & cells["_sized"]]
    bound = open_cells["problem"].map(best[size]).fillna(np.inf)
    table = pd.DataFrame(index=problems)
    table["entry_reached"] = own.groupby("problem")["_hit"].sum()
    table["entry_expected"] = own.groupby("problem").size()
    table["ties"] = tied.groupby("problem")["configuration"].nunique() - 1
    table["unsettled"] = open_cells[open_cells[size] < bound].groupby("problem").size()
    return table.assign(**{name: table[name].fillna(0).astype(np.int64) for name in ("ties", "unsettled")})
