"""What a search may have tried: trainings that the study expects, on the data and with the nets of its question."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from results.schema.size_schedules import BUDGET_TOLERANCE

if TYPE_CHECKING:
    from results.records.manifest import Manifest, NetsByQ

DATA = ("task", "parameters", "design", "functions", "points", "replicate")
DECLARED = ("activation", "ends")


def objections(manifest: "Manifest") -> Iterator[str]:
    """Why a search of a study whose cells are known cannot have tried what it states."""
    cells = {one.key: (one.cell, one.sizes) for one in manifest.expected}
    for field in ("brackets", "thresholds"):
        for place, search in enumerate(getattr(manifest, field)):
            if len({*search.tried}) < len(search.tried):
                yield f"{field}.{place}.tried: a key twice"
            asked, nets = search.model_dump(mode="json"), getattr(search, "nets", None)
            for key in search.tried:
                if key not in cells:
                    yield f"{field}.{place}.tried: expected keys of cells of the study, got {key}"
                elif not _answers(*cells[key], asked, nets):
                    yield f"{field}.{place}.tried: expected cells of its own data and nets, got {key}"


def _answers(cell: Mapping[str, Any], sizes: Mapping[str, int], asked: Mapping[str, Any], nets: "NetsByQ | None") -> bool:
    """Whether a cell is one that this search may ask for."""
    noise, net = cell["noise"], cell["architecture"]
    noises = (noise["law"], noise["sigma"], noise.get("control", "none"))
    same = all(cell[name] == asked[name] for name in DATA)
    if not (same and noises == (asked["noise_law"], asked["sigma"], asked.get("control", "none")) and net["name"] == "deeponet"):
        return False
    if "schedule" not in asked:
        return all(net[name] == asked[name] for name in DECLARED)
    return net["schedule"] == asked["schedule"] and (nets is None or _of_series(net, sizes, nets))


def _of_series(net: Mapping[str, Any], sizes: Mapping[str, int], nets: "NetsByQ") -> bool:
    """Whether a net is that of its q in a series; at a fixed budget, one of the right size, depths and ends."""
    like, sides = nets.like.model_dump(mode="json"), ("branch_widths", "trunk_widths")
    if net["q"] > nets.largest_q or any(net[name] != like[name] for name in DECLARED):
        return False
    if any(len(net[side]) != len(like[side]) for side in sides):
        return False
    if nets.budget is not None:
        return abs(sizes["d"] - nets.budget) <= BUDGET_TOLERANCE * nets.budget
    wanted = {side: [net["q"]] * len(like[side]) if like["schedule"] == "tied" else like[side] for side in sides}
    return all(list(net[side]) == list(wanted[side]) for side in sides)
