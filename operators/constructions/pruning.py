"""Smaller nets from explicit ones: units in the order of the codes, taken away one after another while the target is kept.

The start is Theorem U with w_1 = v_1 = 1 (`operators.constructions.explicit`), its codes chosen so that neighbours in the code
have near outputs: the functions along a short path through the rows of the best matrix of rank q. Then, in turn,

  1. the unit is removed whose loss, solved heads and all else kept, is least for the parameters it frees (the estimate |A_l|^2 /
     (F^T F)^-1_ll of Hassibi and Stork 1993 orders the candidates);
  2. Levenberg-Marquardt steps (`operators.constructions.coded_net`) until the target is met again, and a few beyond it;
  3. if it is not met, the next candidates of both sides are tried, then the search ends.

What it returns reaches the target and was seen to; that nothing smaller does is not said.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.constructions.coded_net import Fit, Side, solved, weights_of
from operators.constructions.explicit import INVERTIBLE, best_factors
from operators.data.normalisation import Problem

CUTOFF = 1e-5  # of the singular values of the inputs: what a code may use of them
START_SLOPE = 1.0
STEPS, BEYOND = 60, 8
EFFORTS = ((8, 60, 3), (3, 60, 3), (1, 60, 6), (1, 250, 12))  # units at once, steps of a trial, trials
SLOWEST = 2e-3  # decrease per step below which the target counts as out of reach, relative to what is missing
SAFETY = 2e-4  # of the allowed error: what the disturbed evaluation may take


@dataclass(frozen=True, eq=False)
class Pruned:
    """A net that reaches its target, with its weights."""

    net: DeepONet
    weights: Weights


def prunable(net: DeepONet) -> bool:
    """Whether nets of these depths, ends and activation are pruned here: two hidden layers each, tanh, gelu or silu."""
    return len(net.branch_widths) == len(net.trunk_widths) == 2 and net.activation in INVERTIBLE and net.ends != "sigmoid"


def pruned(
    like: DeepONet, problem: Problem, q: int, allowed: float, *, cpu_seconds: float, trunk_first: int = 1
) -> Pruned | None:
    """The smallest net found of this q whose mean squared error, in physical units, is at most `allowed`; None if none was.

    Args:
        like: depths, ends and activation.
        problem: a grid with a scale common to all points.
        q: output dimension.
        allowed: the mean squared error of the target.
        cpu_seconds: after which no further unit is tried.
        trunk_first: v_1, units in the first layer of the trunk.

    Raises:
        ValueError: another design, scale or class of nets than these.
    """
    if problem.design != "grid" or problem.scale.ndim or not prunable(like):
        raise ValueError("expected a grid, one scale and nets of two hidden layers each with an end that can be inverted")
    target = (problem.labels - problem.mean) / float(problem.scale)
    enough = allowed * (1.0 - SAFETY) ** 2 / float(problem.scale) ** 2 * target.size
    b, _, bias = best_factors(problem, q)
    branch, branch_layer = _start(problem.inputs, _along_a_path(b), like.activation)
    trunk, trunk_layer = _start(problem.points[problem.index], None, like.activation, first=trunk_first)
    fit = solved(target, branch, trunk, bias, q)
    if fit.error > enough:
        fit = _descended(target, fit, enough, STEPS)
    if fit.error > enough:
        return None
    fit = _eliminated(target, fit, enough, _clock(cpu_seconds), costs=(q + 2, q + 1 + trunk_first))
    net = replace(like, branch_widths=(1, fit.widths[0]), trunk_widths=(trunk_first, fit.widths[1]), q=q)
    kernels = branch_layer(fit.branch.directions), trunk_layer(fit.trunk.directions)
    return Pruned(net, weights_of(fit, kernels, like.ends))


def _clock(cpu_seconds: float) -> Callable[[], bool]:
    end = time.process_time() + cpu_seconds
    return lambda: time.process_time() < end


def _start(arguments: Array, wanted: Array | None, phi: Activation, *, first: int = 1) -> tuple[Side, Callable[[Array], Layer]]:
    """A side with a unit in every gap of its codes, and the first layer that directions of its basis stand for.

    Args:
        arguments: scaled inputs or points.
        wanted: the codes to come near to; the first principal components, weighted to tell all apart, if None.
        phi: activation.
        first: units of the first layer; all but one begin without influence.
    """
    mean = arguments.mean(axis=0)
    left, singular, right = np.linalg.svd(arguments - mean, full_matrices=False)
    kept = max(1, int(np.sum(singular > CUTOFF * singular[0])))
    spread = np.sqrt(len(arguments))
    basis = np.hstack([left[:, :kept] * spread, np.ones((len(arguments), 1))])
    if wanted is None:
        sums = basis[:, :kept] @ np.sqrt(2.0) ** -np.arange(kept)
        wanted = sums / np.abs(sums).max()
    ridge = np.vstack([basis, 1e-4 * np.eye(kept + 1)])
    directions = np.zeros((kept + 1, first))
    directions[:, 0] = np.linalg.lstsq(ridge, np.concatenate([wanted, np.zeros(kept + 1)]), rcond=None)[0]
    for extra in range(1, first):
        directions[(kept - extra) % kept, extra] = 0.7
        directions[kept, extra] = (extra - 1) * 0.7
    directions *= 0.7 / max(float(np.abs(basis @ directions).max()), 1e-300)

    def layer(found: Array) -> Layer:
        kernel = right[:kept].T @ (found[:kept] * spread / singular[:kept, None])
        return Layer(kernel, found[kept] - mean @ kernel)

    side = Side(basis, directions, np.ones((first, 1)), np.zeros(1), phi)
    codes = np.sort(side.codes()[:, 0])
    gaps = np.diff(codes)
    slopes = np.zeros((first, len(gaps)))
    slopes[0] = START_SLOPE / np.maximum(gaps, 0.25 * np.median(gaps))
    slopes[1:] = 0.3 * np.cos(np.outer(np.arange(1, first), np.arange(len(gaps))))
    return replace(side, slopes=slopes, shifts=-slopes[0] * (codes[:-1] + gaps / 2.0)), layer


def _along_a_path(values: Array) -> Array:
    """Codes -1..1 by position along a short path through the rows: nearest neighbours, then reversals that shorten it."""
    distances = np.linalg.norm(values[:, None] - values[None], axis=2)
    paths = [_improved(_greedy(distances, start), distances) for start in range(min(len(values), 16))]
    path = min(paths, key=lambda order: float(distances[order[:-1], order[1:]].sum()))
    steps = distances[path[:-1], path[1:]]
    steps = steps + 0.5 * steps.mean()
    codes = np.empty(len(values))
    codes[path] = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum() * 2.0 - 1.0
    return codes


def _greedy(distances: Array, start: int) -> list[int]:
    left, path = set(range(len(distances))) - {start}, [start]
    while left:
        path.append(min(left, key=lambda other: distances[path[-1], other]))
        left.remove(path[-1])
    return path


def _improved(path: list[int], distances: Array) -> list[int]:
    """Reverse pieces of the path while that shortens it (2-opt)."""
    count, shorter = len(path), True
    while shorter:
        shorter = False
        for i in range(count - 1):
            for j in range(i + 1, count):
                before = (distances[path[i - 1], path[i]] if i else 0.0) + (
                    distances[path[j], path[j + 1]] if j + 1 < count else 0.0
                )
                after = (distances[path[i - 1], path[j]] if i else 0.0) + (
                    distances[path[i], path[j + 1]] if j + 1 < count else 0.0
                )
                if after < before - 1e-12:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    shorter = True
    return path


def _descended(target: Array, fit: Fit, enough: float, steps: int, beyond: int = BEYOND) -> Fit:
    """Levenberg-Marquardt until the error is enough and some steps beyond it, or progress is too slow."""
    damping, history = 1e-2, [fit.error]
    for _ in range(steps):
        moves = _steps(fit)
        for _ in range(8):
            tried = _moved(target, fit, moves, damping)
            if tried is not None and tried.value < fit.value:
                fit, damping = tried, max(damping / 4.0, 1e-9)
                break
            damping *= 6.0
        else:
            break
        history.append(fit.error)
        if fit.error <= enough:
            if beyond == 0:
                break
            beyond -= 1
        elif len(history) > 12 and history[-9] - history[-1] < 8.0 * SLOWEST * (history[-1] - enough):
            break
    return fit


def _steps(fit: Fit) -> list[tuple[Array, Array]]:
    """J^T J and J^T R of branch and trunk."""
    found = []
    (left, right), (b, t) = fit.bases, _values(fit)
    for side, basis, head, other, rest in (
        (fit.branch, left, fit.branch_head, t, fit.rest),
        (fit.trunk, right, fit.trunk_head, b, fit.rest.T),
    ):
        orthonormal, triangle = np.linalg.qr(other)
        jacobian = side.jacobian(basis, head[:-1] @ triangle.T)
        found.append((jacobian.T @ jacobian, jacobian.T @ (rest @ orthonormal).ravel()))
    return found


def _values(fit: Fit) -> tuple[Array, Array]:
    """B and T, each above its ridge."""
    return fit.branch.bordered() @ fit.branch_head, fit.trunk.bordered() @ fit.trunk_head


def _moved(target: Array, fit: Fit, moves: list[tuple[Array, Array]], damping: float) -> Fit | None:
    """The fit after a damped step of both sides and of the bias."""
    sides = []
    for side, (gram, gradient) in zip((fit.branch, fit.trunk), moves, strict=True):
        scale = np.diag(gram) + 1e-12 * np.trace(gram) / len(gram) + 1e-300
        try:
            step = np.linalg.solve(gram + damping * np.diag(scale), gradient)
        except np.linalg.LinAlgError:
            return None
        sides.append(side.moved(np.asarray(step, dtype=np.float64)))
    found = solved(target, sides[0], sides[1], fit.bias + _bias_step(fit), fit.q)
    return found if np.isfinite(found.error) else None


def _bias_step(fit: Fit) -> float:
    """The Gauss-Newton step of b0, heads solved: along (I - P_B) 1 ((I - P_T) 1)^T."""
    parts = []
    for values, side in zip(_values(fit), (fit.branch, fit.trunk), strict=True):
        basis, ones = np.linalg.qr(values)[0], (np.arange(len(values)) < len(side.basis)).astype(float)
        parts.append(ones - basis @ (basis.T @ ones))
    norm = float(parts[0] @ parts[0]) * float(parts[1] @ parts[1])
    return float(parts[0] @ fit.rest @ parts[1]) / norm if norm > 1e-8 * fit.rest.size else 0.0


def _eliminated(target: Array, fit: Fit, enough: float, going_on: Callable[[], bool], *, costs: tuple[int, int]) -> Fit:
    """Take units away while the target is kept: several at once while that goes, then one by one with more effort."""
    effort = 0
    while going_on() and effort < len(EFFORTS):
        together, steps, most = EFFORTS[effort]
        if steps > STEPS:
            fit = _descended(target, fit, 0.0, steps)
        groups = _groups(_candidates(fit, costs), together)[:most]
        smaller = next(_smaller(target, fit, enough, going_on, steps=steps, groups=groups), None)
        if smaller is None:
            effort += 1
        else:
            fit = smaller
    return fit


def _groups(candidates: list[tuple[int, int]], together: int) -> list[list[tuple[int, int]]]:
    """What to take away: each candidate alone, or the first ones of both sides, of the branch, of the trunk."""
    if together == 1:
        return [[one] for one in candidates]
    sides = [candidates, *([one for one in candidates if one[0] == side] for side in (0, 1))]
    return [some[:together] for some in sides if len(some) > together]


def _smaller(
    target: Array,
    fit: Fit,
    enough: float,
    going_on: Callable[[], bool],
    *,
    steps: int,
    groups: list[list[tuple[int, int]]],
) -> Iterator[Fit]:
    """Fits with fewer units that keep the target."""
    for group in groups:
        if not going_on():
            return
        sides = [fit.branch, fit.trunk]
        for side, unit in sorted(group, reverse=True):
            sides[side] = sides[side].without(unit)
        smaller = solved(target, sides[0], sides[1], fit.bias, fit.q)
        if smaller.error > 0.5 * enough:
            smaller = _descended(target, smaller, enough, steps)
        if smaller.error <= enough:
            yield smaller


def _candidates(fit: Fit, costs: tuple[int, int]) -> list[tuple[int, int]]:
    """Units (side, number) by the estimated loss per parameter that each frees, least first."""
    found = []
    b, t = _values(fit)
    for number, (side, head, other) in enumerate(((fit.branch, fit.branch_head, t), (fit.trunk, fit.trunk_head, b))):
        if len(side.shifts) < 2:
            continue
        inverse = np.linalg.inv(np.linalg.qr(side.bordered(), mode="r"))
        weight = np.linalg.norm(head @ np.asarray(np.linalg.qr(other, mode="r")).T, axis=1) ** 2
        loss = weight[:-1] / np.maximum(np.sum(inverse**2, axis=1)[:-1], 1e-300)
        found += [(float(value) / costs[number], number, unit) for unit, value in enumerate(loss)]
    return [(side, unit) for _, side, unit in sorted(found)]
