"""bounds.csv: what every bound demands of q at each n, beside the q* that was measured.

One row per series, data shape, target and bound. Every bound speaks of any net of the series' sizes, and a certified one of every
replicate: it is contradicted if it exceeds the q* of any replicate, also where another one misses the target. `agrees` says "no"
only there.
"""

import pandas as pd

from operators.bounds.bound import probability_text
from results.tables import series
from results.tables.frame import COUNTS, status_counts
from results.tables.thresholds import COLUMNS as THRESHOLDS

COLUMNS: dict[str, str] = {
    **series.COLUMNS,
    "target": "what a fit must reach",
    "n": THRESHOLDS["n"],
    "N": THRESHOLDS["N"],
    "M": THRESHOLDS["M"],
    "bound": "name in `python -m bench bounds`; one that needs the labels is asked with the floors of these data at the q tried",
    "status": "what the bound is: certified, asymptotic or heuristic",
    "vacuous": "yes: it excludes nothing here",
    "assumptions": "what must be assumed beyond what is recorded: norms, labels (a bound of them); empty: nothing",
    "probability": "of each row over the draw of the noise: a million rows hold together with 1 - 1e-6; empty: nothing is random",
    "q_demanded": "least q the bound does not exclude; empty where it is vacuous, inf where it excludes every declared q",
    "q_low": "measured: q* exceeds this on every replicate",
    "q_high": "measured: the largest q* over the replicates is at most this; empty if a replicate never reaches the target",
    "agrees": "no: a certified demand that assumes nothing exceeds the q* measured on some replicate (its q_high); else yes",
    **{name: f"over all q of this shape: {text}" for name, text in COUNTS.items()},
}


def against_theory(frame: pd.DataFrame, located: pd.DataFrame, demanded: pd.DataFrame) -> pd.DataFrame:
    """Join thresholds.csv over replicates with the demands of all bounds.

    Args:
        frame: the tidy frame with `series`, for the counts.
        located: thresholds.csv with `series`.
        demanded: `results.tables.demands.demanded_q`.
    """
    if located.empty or demanded.empty:
        return pd.DataFrame({name: pd.array([], dtype="bool" if name == "vacuous" else "str") for name in COLUMNS})
    keys = ["series", "target", "N", "M", "n"]
    groups = located.groupby(keys, sort=True)
    measured = groups[list(series.COLUMNS)].first()
    measured["q_low"] = groups["q_low"].min()
    measured["q_high"] = groups["q_high"].max().where(groups["q_high"].count() == groups.size())
    measured["least_high"] = groups["q_high"].min()
    table = demanded.rename(columns={"q": "q_demanded"}).merge(measured.reset_index(), on=keys, how="inner")
    shapes = frame[["series", "N", "M", "status"]]
    shapes = shapes.assign(_shape=shapes.groupby(["series", "N", "M"]).ngroup())
    counts = shapes.drop_duplicates("_shape").join(status_counts(shapes, "_shape")[list(COUNTS)], on="_shape")
    table = table.merge(counts.drop(columns=["status", "_shape"]), on=["series", "N", "M"], how="left")
    certain = (table["status"] == "certified") & ~table["vacuous"] & (table["assumptions"] == "")
    contradicted = certain & (table["q_demanded"] > table["least_high"].astype("float"))
    table["q_demanded"] = table["q_demanded"].where(~table["vacuous"])
    table["probability"] = pd.array([probability_text(chance) for chance in table["probability"]], dtype="str")
    table["agrees"] = contradicted.map({True: "no", False: "yes"})
    return table.sort_values([*keys, "bound"], kind="stable", ignore_index=True)[list(COLUMNS)]
