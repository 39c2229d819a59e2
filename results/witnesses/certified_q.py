"""What is certified of a threshold before anything is trained: the largest q that cannot reach the target, and by which bound.

    eckart-young     on a grid, q whose nets have a rank whose floor exceeds what the target allows on these very labels
    bounds on noise  every certified bound of `operators.bounds.BOUNDS` that assumes nothing, at 64 bits a parameter

Every smaller q is excluded too: at a fixed budget, where the rank is no monotone function of q, the count ends at the first q
that is not. Nothing here is taken from a file but what is asked.
"""

from typing import Any

import numpy as np

from operators.architectures import DeepONet
from operators.bounds import BOUNDS, Setting, eckart_young
from operators.bounds.bound import on_q
from operators.bounds.lemmas.signal import signal_tails
from operators.data.dataset import BlockCache, Dataset, Request, build
from operators.data.normalisation import scaled
from operators.diagnostics.floor import floors_of, least_rank
from results.records.manifest import NetsByQ, SoughtThreshold
from results.schema.size_schedules import resized
from results.witnesses.cost import Limits
from results.witnesses.error import allowed_error
from results.witnesses.kept import Finding, kept
from results.witnesses.lower_ends import EVALUATED_BITS, within
from results.witnesses.stated_data import request_of_data

NOTHING = "none"
KIND = "certified-q"
WITHOUT = ("nets", "tolerance", "restarts", "trainings", "q_certified", "certified_by", "tried", "finished")


class Largest(Finding):
    """What was found of a threshold; fields as in `SoughtThreshold`."""

    q_certified: int
    certified_by: str


def certified_q(sought: SoughtThreshold, nets: NetsByQ, cache: BlockCache, limits: Limits | None = None) -> tuple[int, str]:
    """The largest q that is certified not to reach the target, 0 if none is, and the bound that says so.

    Args:
        sought: the data and the target.
        nets: the nets of its series.
        cache: where generated functions and findings are kept.
        limits: as for `results.witnesses.lower_ends.certified`.

    Raises:
        UserError: its task is unknown here, its data cannot be had, or it takes more than the limits.
        DataInvalid: the data break the task's contract.
    """
    request = request_of_data(sought, control=sought.control)
    asked = sought.model_dump(mode="json", exclude={*WITHOUT})
    stated = {**asked, "nets": nets.model_dump(mode="json"), "identity": request.task.identity()}
    found = kept(KIND, Largest, stated, cache, lambda: _largest(sought, nets, within(limits, request), cache))
    return found.q_certified, found.certified_by


def _largest(sought: SoughtThreshold, nets: NetsByQ, request: Request, cache: BlockCache) -> dict[str, Any]:
    dataset = build(request, cache)
    found = {eckart_young.BOUND.name: _by_rank(sought, nets, dataset)}
    if sought.target.kind == "absorb":
        found |= _by_bounds(sought, nets, dataset)
    largest = max(found.values())
    by = min(name for name, q in found.items() if q == largest) if largest else NOTHING
    return {"q_certified": largest, "certified_by": by}


def _net(nets: NetsByQ, q: int, dataset: Dataset) -> DeepONet:
    """The net of one q."""
    sizes = {"sensors": dataset.inputs.shape[1], "coordinates": dataset.points.shape[1]}
    net = resized(nets.like, q, budget=nets.budget, **sizes).on(**sizes)
    assert isinstance(net, DeepONet)
    return net


def _by_rank(sought: SoughtThreshold, nets: NetsByQ, dataset: Dataset) -> int:
    problem = scaled(dataset, "standard", "unit", nets.output_scaling)
    floors = floors_of(problem)
    if floors is None:
        return 0
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(sought.target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    rank, q = least_rank(allowed, problem, floors), 1
    while q <= nets.largest_q and (_net(nets, q, dataset).output_rank() or rank) < rank:
        q += 1
    return q - 1


def _by_bounds(sought: SoughtThreshold, nets: NetsByQ, dataset: Dataset) -> dict[str, int]:
    tails = dict[int, float]()
    if sought.noise_law == "none":
        return {}
    if sought.design == "grid":
        tails = signal_tails((dataset.clean - dataset.constants.output_mean) / dataset.constants.output_rms)
    setting = Setting(
        n=sought.functions * sought.points,
        size=lambda q: _net(nets, q, dataset),
        shape=(sought.functions, sought.points) if tails else None,
        law=sought.noise_law,
        sigma=sought.sigma,
        bits=EVALUATED_BITS,
        signal=tuple((g + 1, tail) for g, tail in tails.items()),
        q_values=tuple(range(1, nets.largest_q + 1)) if nets.budget is not None else None,
    )
    said = {
        name: bound.necessary(setting, sought.target.value)
        for name, bound in on_q(BOUNDS, "absorb", of_labels=False).items()
        if bound.status == "certified" and not bound.assumptions
    }
    return {name: int(min(one.value - 1, nets.largest_q)) for name, one in said.items() if not one.vacuous}
