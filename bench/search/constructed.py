"""Witnesses of a question that no training made: the explicit net of Theorem U, and what pruning leaves of it.

On a grid the explicit net of q = q_lower reaches the target wherever the attained floor of that rank lies below it, so that a
bracket of q closes without training (`operators.constructions.explicit`). Pruning goes on from there
(`operators.constructions.pruning`).
"""

import dataclasses
import datetime
import math
from collections.abc import Iterator

import numpy as np
import scipy

from bench.cell import Net
from bench.families.deeponet.trial import problem_of
from bench.question import Question, claim_of
from operators.architectures import DeepONet, Weights
from operators.constructions.explicit import explicit_sizes, explicit_weights
from operators.constructions.pruning import prunable, pruned
from operators.data.dataset import BlockCache, Dataset, build
from operators.data.normalisation import Problem, predict
from results.witnesses.error import allowed_error
from results.witnesses.file import Witness
from results.witnesses.header import Header, Made, Origin

MARGIN = 1e-5  # as a training needs
FURTHER = 2  # ranks above q_lower that are tried


def explicit_witness(question: Question, least_q: int, cache: BlockCache) -> Witness | None:
    """The explicit net of the least q that reaches the target; None off the grid, and where Theorem U says nothing.

    Args:
        question: what is asked.
        least_q: certified: no smaller q can reach the target.
        cache: where generated functions are kept.
    """
    cell = question.template
    if cell.design != "grid" or (question.q is not None and question.q < least_q):
        return None
    dataset = build(cell.request(), cache)
    problem, allowed = problem_of(cell, dataset), _allowed(question, dataset)
    for q in (question.q,) if question.q is not None else range(least_q, least_q + FURTHER + 1):
        try:
            net = explicit_sizes(cell.deeponet(), cell.functions, cell.points, q)
            weights = explicit_weights(net, problem)
        except ValueError:
            return None
        if _mean_square(net, weights, problem) <= allowed * (1.0 - MARGIN) ** 2:
            return _witness(question, net, weights, "explicit", "Theorem U of docs/theory.md")
    return None


def pruned_witnesses(question: Question, least_q: int, cache: BlockCache, *, cpu_seconds: float) -> Iterator[Witness]:
    """Witnesses that pruning finds, each smaller than those before, for the least q and some above it.

    Args:
        question: what is asked.
        least_q: certified: no smaller q can reach the target.
        cache: where generated functions are kept.
        cpu_seconds: of all tries together; 0 for none.
    """
    cell = question.template
    if cpu_seconds == 0.0 or cell.design != "grid" or question.net_class not in ("free", "free-depth"):
        return
    if not prunable(cell.deeponet()):
        return
    dataset = build(cell.request(), cache)
    problem, allowed = problem_of(cell, dataset), _allowed(question, dataset)
    tries = [(q, first) for q in _ranks(question, least_q) for first in (1, 2)]
    least = math.inf
    for q, first in tries:
        found = pruned(cell.deeponet(), problem, q, allowed, cpu_seconds=cpu_seconds / len(tries), trunk_first=first)
        if found is None or found.net.parameter_count() >= least:
            continue
        if _mean_square(found.net, found.weights, problem) <= allowed * (1.0 - MARGIN) ** 2:
            least = found.net.parameter_count()
            yield _witness(question, found.net, found.weights, "pruned", "backward elimination and Levenberg-Marquardt")


def _ranks(question: Question, least_q: int) -> tuple[int, ...]:
    """The q to prune at: for noise also two above the least, which may need fewer units."""
    if question.q is not None:
        return (question.q,) if question.q >= least_q else ()
    return tuple(range(least_q, least_q + (FURTHER if question.target.kind == "absorb" else 1) + 1))


def _allowed(question: Question, dataset: Dataset) -> float:
    """The mean squared error that the target allows."""
    energy = float(np.mean(dataset.labels**2))
    return energy * allowed_error(question.target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2


def _mean_square(net: DeepONet, weights: Weights, problem: Problem) -> float:
    return float(np.mean((problem.labels - predict(net, weights, problem)) ** 2))


def _witness(question: Question, net: DeepONet, weights: Weights, made: Made, method: str) -> Witness:
    sizes = {field.name: getattr(net, field.name) for field in dataclasses.fields(net)}
    stated = Net.model_validate({name: value for name, value in sizes.items() if name in Net.model_fields})
    claim = claim_of(question.cell(stated, 0), question.target)
    origin = Origin(
        author="bracket search",
        method=method,
        created=datetime.datetime.now(datetime.UTC).date(),
        versions={"numpy": np.__version__, "scipy": scipy.__version__},
        made=made,
    )
    return Witness(Header(**dict(claim), origin=origin), weights)
