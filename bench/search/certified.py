"""What is certified of a threshold before anything is trained: the largest q that cannot reach the target, and by which bound.

    eckart-young     on a grid, q whose nets have a rank whose floor exceeds what the target allows on these very labels
    bounds on noise  every certified bound of `operators.bounds.BOUNDS` that assumes nothing, at 64 bits a parameter

Every smaller q is excluded too: at a fixed budget, where the rank is no monotone function of q, the count ends at the first q
that is not.
"""

import numpy as np

from bench.families.deeponet.trial import problem_of
from bench.search.lower_ends import EVALUATED_BITS
from bench.threshold_series import Shape, ThresholdSeries
from operators.bounds import BOUNDS, Setting, eckart_young
from operators.bounds.bound import on_q
from operators.bounds.lemmas.signal import signal_tails
from operators.data.dataset import BlockCache, Dataset, build
from operators.diagnostics.floor import floors_of, least_rank
from results.witnesses.error import allowed_error

NOTHING = "none"


def certified_q(series: ThresholdSeries, shape: Shape, cache: BlockCache) -> tuple[int, str]:
    """The largest q that is certified not to reach the target, 0 if none is, and the bound that says so."""
    dataset = build(series.cell(shape, 1, 0).request(), cache)
    found = {eckart_young.BOUND.name: _by_rank(series, shape, dataset)}
    if series.target.kind == "absorb":
        found |= _by_bounds(series, shape, dataset)
    largest = max(found.values())
    return (largest, min(name for name, q in found.items() if q == largest)) if largest else (0, NOTHING)


def _by_rank(series: ThresholdSeries, shape: Shape, dataset: Dataset) -> int:
    cell, target = series.cell(shape, 1, 0), series.target
    problem = problem_of(cell, dataset)
    floors = floors_of(problem)
    if floors is None:
        return 0
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    rank, q = least_rank(allowed, problem, floors), 1
    while q <= series.largest_q and (series.cell(shape, q, 0).net().output_rank() or rank) < rank:
        q += 1
    return q - 1


def _by_bounds(series: ThresholdSeries, shape: Shape, dataset: Dataset) -> dict[str, int]:
    cell, tails = series.cell(shape, 1, 0), dict[int, float]()
    if cell.noise.law == "none":
        return {}
    if cell.design == "grid":
        tails = signal_tails((dataset.clean - dataset.constants.output_mean) / dataset.constants.output_rms)
    setting = Setting(
        n=cell.n,
        size=lambda q: series.cell(shape, q, 0).deeponet(),
        shape=shape if tails else None,
        law=cell.noise.law,
        sigma=cell.noise.sigma,
        bits=EVALUATED_BITS,
        signal=tuple((g + 1, tail) for g, tail in tails.items()),
        q_values=tuple(range(1, series.largest_q + 1)) if series.budget is not None else None,
    )
    said = {
        name: bound.necessary(setting, series.target.value)
        for name, bound in on_q(BOUNDS, "absorb", of_labels=False).items()
        if bound.status == "certified" and not bound.assumptions
    }
    return {name: int(min(one.value - 1, series.largest_q)) for name, one in said.items() if not one.vacuous}
