"""Theory beside measurement: what each bound demands of q at the n of a series.

Every bound of `operators.bounds.BOUNDS` that speaks of absorbed noise is asked for its necessary q, for nets sized as the series
sizes them. Units: the RMS of the clean outputs is 1. Bounds that need norms get the default norms of `operators.bounds.Norms`,
which no run is held to, and a label bound B equal to that RMS, which flatters them; their curves say "norms assumed".

Bounds that need data get them from the records. `eckart-young` (clean) and `noisy-grid` (noisy) are decided by the recorded
floors, which exist at the ranks of the study: the demand is 1 + the largest rank tried that is excluded. `grid-in-probability`
and `marchenko-pastur` need how near the clean outputs are to low rank: the recorded signal tails, the largest over replicates.

Status: `certified` is said of these very data, `certified, probability 0.95` over the draw of the noise.
"""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from operators import find_task
from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Setting
from operators.errors import UserError
from results.records.manifest import Manifest

NORMS_ASSUMED = ("paper-shaped", "localised", "localised-iid", "pseudo-dimension")
FROM_FLOORS = {"absorb": "noisy-grid", "relative": "eckart-young"}
TAIL = "bound_signal_tail_"
COLUMNS = ("series", "target", "N", "M", "n", "bound", "q", "status")
SAID_OF_Q = tuple(
    name for name, bound in BOUNDS.items() if bound.target == "absorb" and name not in ("noisy-grid", "rademacher-capacity")
)
DEMANDED: dict[str, str] = {
    f"q_{name.replace('-', '_')}": f"least q that `{name}` does not exclude from the target; blank where it excludes none"
    f" ({BOUNDS[name].status}{', norms assumed' if name in NORMS_ASSUMED else ''})"
    for name in SAID_OF_Q
}


def demanded_q(frame: pd.DataFrame, manifest: Manifest, scaling: pd.DataFrame) -> pd.DataFrame:
    """What q the bounds demand at every shape of every series and target; columns COLUMNS.

    The certified floors of the data themselves (`q_certified` of scaling.csv), and for noisy series every bound of the
    registry.

    Args:
        frame: the tidy frame with series.
        manifest: the study's targets.
        scaling: scaling.csv with `series` as in the frame.
    """
    floors = scaling[scaling["q_certified"].notna()].groupby(["series", "target", "N", "M", "n"])["q_certified"].min()
    table = floors.rename("q").reset_index()
    table["bound"] = table["target"].map({target.label: FROM_FLOORS[target.kind] for target in manifest.targets}).astype("str")
    table["status"] = pd.array(np.where(table["q"] > 1, "certified", "vacuous here"), dtype="str")
    parts = [part for part in (table[list(COLUMNS)], _registry(frame, manifest)) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else table[list(COLUMNS)]


def _registry(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Necessary q of every bound for every noisy series, shape and target; series of unknown tasks are left out."""
    noisy = frame[frame["sigma"] > 0].drop_duplicates(["series", "N", "M"]).sort_values(["series", "n", "N"])
    tails = signal_tails(frame)
    targets = sorted({target.value: target for target in manifest.targets if target.kind == "absorb"}.items())
    rows: list[tuple[object, ...]] = []
    for number, shapes in noisy.groupby("series"):
        size = size_of_q(frame[frame["series"] == number])
        if size is None:
            continue
        for shape in shapes.to_dict("records"):
            setting = Setting(
                n=shape["n"],
                size=size[0],
                shape=(shape["N"], shape["M"]) if shape["design"] == "grid" else None,
                law=shape["noise_law"],
                sigma=shape["sigma"],
                signal=tails.get(shape["problem"], ()),
                q_values=size[1],
            )
            for value, target in targets:
                where = (number, target.label, shape["N"], shape["M"], shape["n"])
                rows += [(*where, *said) for said in _ask(setting, value)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"q": float, "bound": "str", "status": "str", "target": "str"})


def signal_tails(frame: pd.DataFrame) -> dict[int, tuple[tuple[int, float], ...]]:
    """How near the clean outputs of each problem are to low rank: pairs (g, e) with the offset of the net in g.

    e is the largest over replicates, so that what follows holds for each; no entry where no record tells.
    """
    names = {name: int(name.removeprefix(TAIL)) + 1 for name in map(str, frame.columns) if name.startswith(TAIL)}
    if not names:
        return {}
    largest = frame.groupby("problem")[list(names)].max()
    return {
        int(str(problem)): tuple((names[str(name)], float(e)) for name, e in row.dropna().items())
        for problem, row in largest.iterrows()
    }


def _ask(setting: Setting, rho: float) -> Iterator[tuple[str, float, str]]:
    for name in SAID_OF_Q:
        statement = BOUNDS[name].necessary(setting, rho)
        status = {"vacuous": "vacuous here", "certified": "certified, probability 0.95"}.get(statement.status, statement.status)
        yield name, statement.value, f"{status}, norms assumed" if name in NORMS_ASSUMED else status


def with_demands(scaling: pd.DataFrame, demanded: pd.DataFrame) -> pd.DataFrame:
    """scaling.csv with a column DEMANDED for each bound: what it demands of q at the row's data, sizes and target."""
    keys = ["series", "target", "N", "M"]
    said = demanded[demanded["bound"].isin(SAID_OF_Q) & ~demanded["status"].str.startswith("vacuous")]
    wide = said.pivot(index=keys, columns="bound", values="q")
    wide = wide.rename(columns={name: f"q_{name.replace('-', '_')}" for name in SAID_OF_Q}).reindex(columns=list(DEMANDED))
    return scaling.drop(columns=list(DEMANDED), errors="ignore").join(wide.astype(float), on=keys)


def size_of_q(cells: pd.DataFrame) -> tuple[Callable[[int], DeepONet], tuple[int, ...] | None] | None:
    """The net of each q in a series, and the q for which it is declared (None: all); None for an unknown task or another architecture."""
    first = cells.iloc[0]
    if first["architecture"] != DeepONet.name:
        return None
    try:
        task = find_task(str(first["task"]), json.loads(str(first["parameters"]) or "{}"))
        sensors, coordinates = len(task.sensors()), task.points().shape[1]
    except UserError:
        return None
    widths = {
        row["q"]: (_widths(row["branch_widths"]), _widths(row["trunk_widths"]))
        for row in cells.drop_duplicates("q").to_dict("records")
    }
    depths = tuple(len(part) for part in next(iter(widths.values())))

    def size(q: int) -> DeepONet:
        if first["schedule"] == "tied":
            branch, trunk = (q,) * depths[0], (q,) * depths[1]
        else:
            branch, trunk = widths.get(q, next(iter(widths.values())))
        return DeepONet(sensors, coordinates, branch, trunk, q, activation=first["activation"], ends=first["ends"])

    return size, tuple(sorted(widths)) if first["schedule"] == "fixed-budget" else None


def _widths(text: str) -> tuple[int, ...]:
    return tuple(int(width) for width in text.split("x"))
