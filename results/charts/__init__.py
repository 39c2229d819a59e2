"""Charts as data: what is drawn, before anything draws it. A kind of chart is one entry of CHARTS."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from results.charts.audit import audit_charts
from results.charts.barrier import barrier_charts
from results.charts.baselines import baseline_charts
from results.charts.brackets import bracket_charts
from results.charts.capacity import capacity_charts
from results.charts.data_efficiency import data_efficiency_charts
from results.charts.digits import digit_charts
from results.charts.errors import error_charts
from results.charts.evidence import Evidence
from results.charts.frontier import frontier_charts
from results.charts.koopman import koopman_charts
from results.charts.leaderboard import leader_charts
from results.charts.model import Drawing
from results.charts.optimality import optimality_charts
from results.charts.pinn import pinn_charts
from results.charts.rays import ray_charts
from results.charts.sci import section_charts
from results.charts.surfaces import surfaces
from results.charts.thresholds import threshold_charts
from results.charts.villani import villani_charts


@dataclass(frozen=True)
class Kind:
    """A kind of chart.

    Attributes:
        build: makes those that the evidence has data for.
        needs: the tables it is made of; without one of them there is none.
        family: whose studies it is for.
    """

    build: Callable[[Evidence], Iterable[Drawing]]
    needs: tuple[str, ...] = ()
    family: str = "deeponet"


CHARTS: dict[str, Kind] = {
    "brackets": Kind(bracket_charts, ("brackets",)),
    "frontier": Kind(frontier_charts, ("brackets",)),
    "leaderboard": Kind(leader_charts, ("leaderboard",)),
    "thresholds": Kind(threshold_charts, ("thresholds", "demands")),
    "data-efficiency": Kind(data_efficiency_charts, ("data_efficiency",)),
    "baselines": Kind(baseline_charts, ("baselines",)),
    "errors": Kind(error_charts, ("scaling",)),
    "barrier": Kind(barrier_charts, ("barrier",)),
    "surfaces": Kind(surfaces, ("scaling",)),
    "rays": Kind(ray_charts, ("rays",)),
    "optimality": Kind(optimality_charts),
    "audit": Kind(audit_charts),
    "digits": Kind(digit_charts, ("digits",), "digits"),
    "koopman": Kind(koopman_charts, ("koopman", "pseudospectrum"), "koopman"),
    "capacity": Kind(capacity_charts, ("capacity",), "capacity"),
    "sci": Kind(section_charts, ("sci",), "sci"),
    "villani": Kind(villani_charts, ("villani", "sampling"), "villani"),
    "pinn": Kind(pinn_charts, ("pinn",), "pinn"),
}


def drawings(evidence: Evidence) -> Iterator[Drawing]:
    """Every chart of a study, in the order of CHARTS."""
    for kind in CHARTS.values():
        if kind.family == evidence.tables.family.name and all(name in evidence.tables for name in kind.needs):
            yield from kind.build(evidence)


def chart_of(charts: Sequence[Drawing], section: str, task: str = "", target: str = "") -> int | None:
    """The place of the first chart of a section that is about a task and target, else about the task, if they are named.

    None if there is none.
    """
    mine = [place for place, chart in enumerate(charts) if chart.section == section and task in ("", chart.task)]
    return next((place for place in mine if target in ("", charts[place].target)), next(iter(mine), None))
