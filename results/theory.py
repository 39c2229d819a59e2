"""Theory beside measurement: what each bound demands of q at the n of a series.

Every bound of `operators.bounds.BOUNDS` that speaks of absorbed noise is asked for its necessary q, for nets sized as the series
sizes them. Units: the RMS of the clean outputs is 1. Bounds that need norms get the default norms of `operators.bounds.Norms`,
which no run is held to, and a label bound B equal to that RMS, which flatters them; their curves say "norms assumed".
"""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from operators import find_task
from operators.bounds import BOUNDS, Setting
from operators.deeponet import DeepONet
from operators.errors import UserError
from results.study import Manifest

NORMS_ASSUMED = ("paper-shaped", "localised", "localised-iid", "pseudo-dimension")
COLUMNS = ("series", "target", "N", "M", "n", "bound", "q", "status")


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
    table = floors.rename("q").reset_index().assign(bound="floor of these data")
    table["status"] = pd.array(np.where(table["q"] > 1, "certified", "vacuous here"), dtype="str")
    parts = [part for part in (table[list(COLUMNS)], _registry(frame, manifest)) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else table[list(COLUMNS)]


def _registry(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Necessary q of every bound for every noisy series, shape and target; series of unknown tasks are left out."""
    noisy = frame[frame["sigma"] > 0].drop_duplicates(["series", "N", "M"]).sort_values(["series", "n", "N"])
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
                q_values=size[1],
            )
            for value, target in targets:
                where = (number, target.label, shape["N"], shape["M"], shape["n"])
                rows += [(*where, *said) for said in _ask(setting, value)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"q": float, "bound": "str", "status": "str", "target": "str"})


def _ask(setting: Setting, rho: float) -> Iterator[tuple[str, float, str]]:
    for name, bound in BOUNDS.items():
        if bound.target == "absorb":
            statement = bound.necessary(setting, rho)
            if statement.quantity == "q":
                status = "vacuous here" if statement.status == "vacuous" else str(statement.status)
                yield name, statement.value, f"{status}, norms assumed" if name in NORMS_ASSUMED else status


def size_of_q(cells: pd.DataFrame) -> tuple[Callable[[int], DeepONet], tuple[int, ...] | None] | None:
    """The net of each q in a series, and the q for which it is declared (None: all); None for an unknown task."""
    first = cells.iloc[0]
    try:
        task = find_task(str(first["task"]), json.loads(str(first["parameters"]) or "{}"))
    except UserError:
        return None
    widths = {
        row["q"]: (_widths(row["branch_widths"]), _widths(row["trunk_widths"]))
        for row in cells.drop_duplicates("q").to_dict("records")
    }
    sensors, coordinates = len(task.sensors()), task.points().shape[1]
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
