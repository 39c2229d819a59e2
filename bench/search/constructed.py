"""Witnesses of a question that no search made: explicit nets, what pruning leaves of them, free factors, and spectral nets.

On a grid the explicit net of q = q_lower reaches the target wherever the attained floor of that rank lies below it, so that a
bracket of q closes without training (`operators.constructions.explicit`). Pruning goes on from there
(`operators.constructions.pruning`). With sigmoid ends the factors lie in (0, 1) and are sought by descent
(`operators.constructions.free_factors`). About new functions of a linear operator the spectral net is asked
(`operators.constructions.spectral_net`); its trunk is fitted to modes that the law gives, so it sees no function at all.
"""

import dataclasses
import datetime
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import scipy

from bench.cell import Cell, Net
from bench.families.deeponet.trial import problem_of
from bench.question import Question, claim_of
from operators.architectures import DeepONet, Weights
from operators.constructions.explicit import explicit_sizes, explicit_weights
from operators.constructions.free_factors import sigmoid_net
from operators.constructions.pruning import prunable, pruned
from operators.constructions.spectral_net import LinearMap, spectral_net
from operators.data.dataset import BlockCache, Dataset, build
from operators.data.normalisation import Problem, predict
from operators.tasks.task import Task
from results.witnesses.error import allowed_error
from results.witnesses.file import Witness
from results.witnesses.header import Header, Made, Origin

MARGIN = 1e-5  # as a training needs
STATISTICAL_MARGIN = 0.012  # of the error over new functions: what a confidence bound lies above the error itself
FURTHER = 2  # ranks above q_lower that are tried
WIDER = 3  # times q_lower: ranks that are tried for factors in (0, 1)


def constructed_witness(question: Question, least_q: int, cache: BlockCache) -> Witness | None:
    """The net constructed for a question: explicit, of free factors, or spectral for new functions; None where there is none.

    Args:
        question: what is asked.
        least_q: certified: no smaller q can reach the target.
        cache: where generated functions are kept.
    """
    if question.target.kind == "population":
        return spectral_witness(question, least_q, cache)
    if question.net.ends == "sigmoid":
        return sigmoid_witness(question, least_q, cache)
    return explicit_witness(question, least_q, cache)


def spectral_witness(question: Question, least_q: int, cache: BlockCache) -> Witness | None:
    """The spectral net of the least q for new functions; None of a task whose spectrum is unknown, and where none was found."""
    cell = question.template
    task = cell.request().task
    if task.output_spectrum() is None or (question.q is not None and question.q != least_q):
        return None
    linear = linear_map(task, build(cell.request(), cache), cell)
    try:
        found = spectral_net(cell.deeponet(), linear, least_q, question.target.value * (1.0 - STATISTICAL_MARGIN))
    except ValueError:
        return None
    return None if found is None else _witness(question, *found, "trained", "linear branch, trunk fitted to the leading modes")


def linear_map(task: Task, dataset: Dataset, cell: Cell) -> LinearMap:
    """The operator of a linear task whose coefficients are i.i.d. N(0, 1), as the net of a cell sees it."""
    count = task.draw(np.random.default_rng(0), 1).shape[1]
    coefficients = np.vstack([np.zeros((1, count)), np.eye(count)])
    problem = problem_of(cell, dataclasses.replace(dataset, test_inputs=task.inputs(coefficients)))
    origin, units = problem.test_inputs[0], problem.test_inputs[1:]
    return LinearMap(
        inputs=units - origin,
        origin=origin,
        outputs=task.outputs(coefficients[1:])[:, problem.index],
        points=problem.points[problem.index],
        mean=float(problem.mean),
        scale=float(problem.scale),
    )


def explicit_witness(question: Question, least_q: int, cache: BlockCache) -> Witness | None:
    """The explicit net of the least q that reaches the target; None off the grid, and where Theorem U says nothing.

    Args:
        question: what is asked.
        least_q: certified: no smaller q can reach the target.
        cache: where generated functions are kept.
    """

    def constructed(problem: Problem, q: int) -> tuple[DeepONet, Weights]:
        cell = question.template
        net = explicit_sizes(cell.deeponet(), cell.functions, cell.points, q)
        return net, explicit_weights(net, problem)

    ranks = range(least_q, least_q + FURTHER + 1)
    return _first_reaching(question, least_q, cache, ranks, constructed, "explicit", "Theorem U of docs/theory.md")


def sigmoid_witness(question: Question, least_q: int, cache: BlockCache) -> Witness | None:
    """The net of free factors in (0, 1) of the first q from `least_q` on that reaches the target; None if none does."""

    def constructed(problem: Problem, q: int) -> tuple[DeepONet, Weights]:
        return sigmoid_net(question.template.deeponet(), problem, q)

    ranks = range(least_q, WIDER * least_q + FURTHER + 1)
    method = "factors in (0, 1) by L-BFGS on the steps of Theorem U"
    return _first_reaching(question, least_q, cache, ranks, constructed, "trained", method)


def _first_reaching(
    question: Question,
    least_q: int,
    cache: BlockCache,
    ranks: Iterable[int],
    constructed: Callable[[Problem, int], tuple[DeepONet, Weights]],
    made: Made,
    method: str,
) -> Witness | None:
    """The witness of the first of these q, or of the one that is asked about, whose net reaches the target on the grid."""
    cell = question.template
    if cell.design != "grid" or (question.q is not None and question.q < least_q):
        return None
    dataset = build(cell.request(), cache)
    problem, allowed = problem_of(cell, dataset), _allowed(question, dataset)
    for q in ranks if question.q is None else (question.q,):
        try:
            net, weights = constructed(problem, q)
        except ValueError:
            return None
        if _mean_square(net, weights, problem) <= allowed * (1.0 - MARGIN) ** 2:
            return _witness(question, net, weights, made, method)
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
    unfit = (
        question.net_class not in ("free", "free-depth") or not prunable(cell.deeponet()) or question.target.kind == "population"
    )
    if cpu_seconds == 0.0 or cell.design != "grid" or unfit:
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
