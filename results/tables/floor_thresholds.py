"""The thresholds of the floors themselves: from which q on do the certified floors of the data allow a target?

Floors fall with rank and belong to the data (problem, scaling of the outputs, replicate), so those of any record on the same
data count: r_out is the largest rank whose floor excludes the target, r_in the least beyond it whose floor allows it. Among the q
tried for a series, with ranks r(q) (nets without a limit of the rank have no floor, and are left out),

    q_floor_low = largest q with r <= r_out at all q tried up to it        q_floor_high = least q with r(q) >= r_in

and the q from which the floors alone would reach the target lies between: an interval like that of the measured q*, on its q.
"""

import pandas as pd

from results.records.manifest import Target
from results.tables.frame import OF_FLOOR, applies, excluded

COLUMNS: dict[str, str] = {
    "q_floor_low": "the certified floors of these data exclude the target at this q tried and at every smaller one",
    "q_floor_high": "they allow it at this q tried, and at no smaller one that is known",
}
DATA = ["problem", "output_scaling", "replicate"]
PLACE = ["series", "N", "M", "replicate"]
READ = [*dict.fromkeys([*PLACE, *DATA]), "q", "q_eff", *OF_FLOOR]


def floor_thresholds(frame: pd.DataFrame, target: Target) -> pd.DataFrame:
    """COLUMNS for each series, shape and replicate that the target is meant for (index PLACE); missing where no floor tells."""
    cells = frame.loc[applies(frame, target), READ]
    known = cells[cells["floor"].notna() & cells["training_mse"].notna()]
    out = excluded(known, target)
    known = known.join(known["q_eff"].where(out, 0).groupby([known[name] for name in DATA]).max().rename("r_out"), on=DATA)
    allowed = known["q_eff"].where(known["q_eff"] > known["r_out"])
    ranks = known.assign(r_in=allowed).groupby(DATA).agg(r_out=("r_out", "first"), r_in=("r_in", "min"))
    tried = cells[cells["q_eff"] > 0].drop_duplicates([*PLACE, "q"]).sort_values([*PLACE, "q"]).join(ranks, on=DATA)
    place = [tried[name] for name in PLACE]
    all_out = (tried["q_eff"] <= tried["r_out"]).groupby(place).cummin()
    low, high = tried["q"].where(all_out), tried["q"].where(tried["q_eff"] >= tried["r_in"])
    return pd.DataFrame({"q_floor_low": low.groupby(place).max(), "q_floor_high": high.groupby(place).min()})
