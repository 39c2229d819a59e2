"""mechanism.csv: how noise was absorbed, read off the proof-term audit of every noisy record (docs/theory.md, section B).

B.1  capacity      no run absorbs more than bit counting allows its d parameters
B.2  plateau       n R(rho) / d_eff tends to a plateau as n grows, rho ~ n^slope: -1 for a plateau, -1/2 for the paper's shape
B.3  fresh noise   noise drawn after training is not absorbed: its score, in standard deviations, stays below
                   (2 ln(2 K / DELTA))^(1/2), which K runs all do with probability 1 - DELTA (sub-Gaussian tails, union bound)
"""

import math

import numpy as np
import pandas as pd

from results.frame import COUNTS, counted

FEWEST_N = 3
DELTA = 1e-3
GROUP = ("task", "design", "schedule", "ends", "noise_law", "sigma", "q", "d")
COLUMNS: dict[str, str] = {
    "task": "operator",
    "design": "grid, scattered or triples",
    "schedule": "rule that chose the widths",
    "ends": "what ends branch and trunk",
    "noise_law": "law of the label noise",
    "sigma": "standard deviation of the noise over the RMS of clean outputs",
    "q": "common output dimension",
    "d": "trainable scalars",
    "n_least": "smallest n",
    "n_greatest": "largest n",
    **COUNTS,
    "over_capacity": "B.1: runs that absorb more than bit counting allows; must be 0",
    "rho_slope": f"B.2: slope of ln rho against ln n (medians over replicates); needs {FEWEST_N} n with rho > 0",
    "nats_per_parameter": "median of n R(rho) / d at the largest n",
    "nats_per_effective_parameter": "median of n R(rho) / d_eff at the largest n",
    "fresh_noise": "B.3: largest |score| of noise drawn after training",
    "fresh_noise_passes": "yes: as low as noise that was never seen must be over all runs of the study",
}


def mechanism(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a size over all n, from the tidy frame; no rows without noise or without audits."""
    if "bound_nats_per_parameter" not in frame:
        return pd.DataFrame({name: pd.array([], dtype="str") for name in COLUMNS})
    noisy = frame[frame["sigma"] > 0]
    most = math.sqrt(2.0 * math.log(2.0 * max(int((noisy["status"] == "done").sum()), 1) / DELTA))
    rows = [
        _row(dict(zip(GROUP, key, strict=True)), part, most_fresh=most) for key, part in noisy.groupby(list(GROUP), sort=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(group: dict[str, object], cells: pd.DataFrame, *, most_fresh: float) -> dict[str, object]:
    part = cells[cells["status"] == "done"]
    last = part[part["n"] == part["n"].max()]
    fresh = part["bound_fresh_noise_score"].abs().max()
    return {
        **group,
        "n_least": int(cells["n"].min()),
        "n_greatest": int(cells["n"].max()),
        **counted(cells["status"]),
        "over_capacity": int((part["absorbed"] > part["absorbable_bits"] + 1e-12).sum()),
        "rho_slope": _slope(part.groupby("n")["absorbed"].median()),
        "nats_per_parameter": last["bound_nats_per_parameter"].median(),
        "nats_per_effective_parameter": last["bound_nats_per_effective_parameter"].median(),
        "fresh_noise": fresh,
        "fresh_noise_passes": "" if np.isnan(fresh) else "yes" if fresh <= most_fresh else "no",
    }


def _slope(absorbed: "pd.Series[float]") -> float | None:
    """Least-squares slope of ln rho against ln n over the n with rho > 0."""
    positive = absorbed[absorbed > 0.0]
    if len(positive) < FEWEST_N:
        return None
    return float(np.polyfit(np.log(positive.index.to_numpy(float)), np.log(positive.to_numpy(float)), 1)[0])
