"""Theory beside measurement: what each bound demands of q at the n of a series.

Every bound of `operators.bounds.BOUNDS` that speaks of q is asked for its necessary q. Units: the RMS of the clean outputs is 1.

A bound that needs the labels is asked once per replicate, with the recorded floors (where a rank was not tried, that of the next
one tried), for nets of any widths; the least demand counts, so that what follows holds for each replicate. All others are asked
for nets sized as the series sizes them, stored in as many bits as its records are (the most, where they differ). How near the
clean outputs are to low rank is recorded: the largest signal tails over replicates. Bounds that assume norms get the default
norms of `operators.bounds.Norms`, which no run is held to, and those that assume a bound B of the labels get that RMS, which
flatters them; `assumptions` says so.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from operators import find_task
from operators.architectures.deeponet import DeepONet
from operators.arrays import Array
from operators.bounds import BOUNDS, Bound, Setting, Statement
from operators.bounds.bound import assumed, claim, on_q
from operators.bounds.setting import STORED_BITS
from operators.errors import UserError
from results.records.manifest import Manifest, Target
from results.tables.frame import applies, label_energy, lowered_floors

TAIL = "bound_signal_tail_"
COLUMNS = ("series", "target", "N", "M", "n", "bound", "q", "status", "vacuous", "assumptions", "probability")
OF_SHAPE = ("n", "N", "M", "design", "noise_law", "sigma")
OF_SIZE = (
    *("task", "parameters", "architecture", "schedule", "ends", "activation", "q"),
    *("branch_widths", "trunk_widths", "stored_bits"),
)
WHOLE = ("series", "N", "M", "n")
TEXT = ("target", "bound", "status", "assumptions")
Bounds = Mapping[str, Bound]
Widths = tuple[tuple[int, ...], tuple[int, ...]]
Sizes = tuple[Callable[[int], DeepONet], tuple[int, ...] | None]


def demand_column(bound: str) -> str:
    """The column of scaling.csv for what a bound demands."""
    return f"q_{bound.replace('-', '_')}"


def demand_columns(bounds: Bounds = BOUNDS) -> dict[str, str]:
    """Columns of scaling.csv with what each bound of absorbed noise demands, and their meanings."""
    return {
        demand_column(name): f"least q that `{name}` does not exclude from the target; blank where it excludes none"
        f" ({claim(bound.status, probability=bound.probability, assumptions=assumed(bound.assumptions))})"
        for name, bound in on_q(bounds, "absorb", of_labels=False).items()
    }


def demanded_q(frame: pd.DataFrame, manifest: Manifest, bounds: Bounds = BOUNDS) -> pd.DataFrame:
    """What q the bounds demand at every shape of every series and target; columns COLUMNS.

    Args:
        frame: the tidy frame with series.
        manifest: the study's targets.
        bounds: the bounds to ask.
    """
    rows = [*_of_labels(frame, manifest, bounds), *_of_series(frame, manifest, bounds)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(
        {**dict.fromkeys(WHOLE, "int64"), "q": float, "vacuous": bool, "probability": float, **dict.fromkeys(TEXT, "str")}
    )


def _row(where: tuple[Any, ...], said: Statement) -> tuple[Any, ...]:
    return (*where, said.bound, said.value, said.status, said.vacuous, assumed(said.assumptions), said.probability)


def _asked(
    frame: pd.DataFrame, manifest: Manifest, bounds: Bounds, *, of_labels: bool
) -> Iterator[tuple[Mapping[Any, Any], Target, tuple[Bound, ...]]]:
    """Each data shape of each series with each target that is meant for it, and the bounds to ask."""
    shapes = frame.drop_duplicates(["series", "N", "M"]).sort_values(["series", "n", "N"])
    for target in sorted(set(manifest.targets), key=lambda target: (target.kind, target.value)):
        asked = tuple(on_q(bounds, target.kind, of_labels=of_labels).values())
        for shape in shapes[applies(shapes, target)].to_dict("records") if asked else ():
            yield shape, target, asked


def _where(shape: Mapping[Any, Any], target: Target) -> tuple[Any, ...]:
    return (shape["series"], target.label, shape["N"], shape["M"], shape["n"])


def _of_labels(frame: pd.DataFrame, manifest: Manifest, bounds: Bounds) -> Iterator[tuple[Any, ...]]:
    """The least demand over replicates of every bound that needs the labels, where records tell their floors."""
    settings = label_settings(frame)
    for shape, target, asked in _asked(frame, manifest, bounds, of_labels=True):
        of_data = settings.get((shape["problem"], shape["output_scaling"]), [])
        for bound in asked if of_data else ():
            said = [bound.necessary(setting, target.value) for setting in of_data]
            yield _row(_where(shape, target), min(said, key=lambda one: one.value))


def label_settings(frame: pd.DataFrame) -> dict[tuple[int, str], list[Setting]]:
    """For each problem and scaling of the outputs, which changes what a floor is of: a setting per replicate with floors."""
    known = frame[(frame["status"] == "done") & frame["floor"].notna()].reset_index(drop=True)
    ranks, lowered, energies = known["q_eff"].to_numpy(), lowered_floors(known), label_energy(known)
    of_data = ["problem", "output_scaling", "replicate"]
    firsts = known.drop_duplicates(of_data).sort_values(of_data)[[*of_data, *OF_SHAPE, "noise_energy"]].to_dict("records")
    tails, stored = signal_tails(frame), known[["stored_bits"]]
    found: dict[tuple[int, str], list[Setting]] = {}
    for first, rows in zip(firsts, known.groupby(of_data, sort=True).indices.values(), strict=True):
        setting = _setting(
            first,
            size=_of_any_width,
            signal=tails.get(first["problem"], ()),
            bits=stored_bits(stored.iloc[rows]),
            floors=_at_every_rank(ranks[rows], lowered[rows]),
            label_energy=float(energies[rows].max()),
            noise_energy=float(first["noise_energy"]),
        )
        found.setdefault((first["problem"], first["output_scaling"]), []).append(setting)
    return found


def _of_any_width(q: int) -> DeepONet:
    """A net whose widths do not limit its rank."""
    return DeepONet(1, 1, (q,), (q,), q)


def _at_every_rank(ranks: NDArray[np.int64], floors: Array) -> Array:
    """Floors of rank 0, 1, ..., the largest tried, and then 0: what holds for a rank holds for every lower one."""
    table = np.zeros(int(ranks.max()) + 2)
    np.maximum.at(table, ranks, floors)
    return np.maximum.accumulate(table[::-1])[::-1]


def _of_series(frame: pd.DataFrame, manifest: Manifest, bounds: Bounds) -> Iterator[tuple[Any, ...]]:
    """The demand of every bound that needs no labels; series of unknown tasks are left out."""
    tails, sizes, bits = signal_tails(frame), dict[int, Sizes | None](), dict[int, int]()
    sized = dict(list(frame[["series", *OF_SIZE]].groupby("series")))
    for shape, target, asked in _asked(frame, manifest, bounds, of_labels=False):
        number = int(shape["series"])
        if number not in sizes:
            cells = sized[number]
            sizes[number], bits[number] = size_of_q(cells), stored_bits(cells)
        declared = sizes[number]
        if declared is not None:
            signal = tails.get(shape["problem"], ())
            setting = _setting(shape, size=declared[0], bits=bits[number], signal=signal, q_values=declared[1])
            yield from (_row(_where(shape, target), bound.necessary(setting, target.value)) for bound in asked)


def _setting(shape: Mapping[Any, Any], **known: Any) -> Setting:
    """What the frame tells of a data shape of a series: n, the grid and the noise."""
    noise = {"law": shape["noise_law"], "sigma": float(shape["sigma"])} if shape["sigma"] > 0 else {}
    grid = (int(shape["N"]), int(shape["M"])) if shape["design"] == "grid" else None
    return Setting(n=int(shape["n"]), shape=grid, **noise, **known)


def stored_bits(cells: pd.DataFrame) -> int:
    """Bits of a parameter: the most in which any record stores one; STORED_BITS where there is no record."""
    most = cells["stored_bits"].max()
    return STORED_BITS if pd.isna(most) else int(most)


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


def claims(demanded: pd.DataFrame) -> list[str]:
    """What some demands are worth, each claim once, in words."""
    told = demanded[["status", "vacuous", "probability", "assumptions"]].drop_duplicates().sort_values("status")
    return [
        claim(status, vacuous=vacuous, probability=probability, assumptions=assumptions)
        for status, vacuous, probability, assumptions in told.itertuples(index=False)
    ]


def with_demands(scaling: pd.DataFrame, demanded: pd.DataFrame, bounds: Bounds = BOUNDS) -> pd.DataFrame:
    """scaling.csv with a column for each bound of `demand_columns`: what it demands of q at the row's data, sizes and target."""
    keys, asked = ["series", "target", "N", "M"], on_q(bounds, "absorb", of_labels=False)
    said = demanded[demanded["bound"].isin(asked) & ~demanded["vacuous"]]
    wide = said.pivot(index=keys, columns="bound", values="q")
    wide = wide.rename(columns={name: demand_column(name) for name in asked}).reindex(columns=list(demand_columns(bounds)))
    return scaling.drop(columns=list(wide), errors="ignore").join(wide.astype(float), on=keys)


def size_of_q(cells: pd.DataFrame) -> Sizes | None:
    """The net of each q in a series, and the q for which it is declared (None: all).

    None for an unknown task and for another architecture than the DeepONet.
    """
    first = cells.iloc[0]
    if first["architecture"] != DeepONet.name:
        return None
    try:
        task = find_task(str(first["task"]), json.loads(str(first["parameters"]) or "{}"))
        sensors, coordinates = len(task.sensors()), task.points().shape[1]
    except UserError:
        return None
    columns = (cells[name].tolist() for name in ("q", "branch_widths", "trunk_widths"))
    widths: dict[int, Widths] = {}
    for q, branch_widths, trunk_widths in zip(*columns, strict=True):
        widths.setdefault(q, (branch_widths.layers, trunk_widths.layers))
    depths = tuple(len(part) for part in next(iter(widths.values())))

    def size(q: int) -> DeepONet:
        if first["schedule"] == "tied":
            branch, trunk = (q,) * depths[0], (q,) * depths[1]
        else:
            branch, trunk = widths.get(q, next(iter(widths.values())))
        return DeepONet(sensors, coordinates, branch, trunk, q, activation=first["activation"], ends=first["ends"])

    return size, tuple(sorted(widths)) if first["schedule"] == "fixed-budget" else None
