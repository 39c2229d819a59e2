"""Nets: what ends a DeepONet, and the size schedules, the rules by which widths follow q.

    tied           all widths = q: d ~ q^2
    fixed-width    widths stay, q moves: d ~ q
    fixed-budget   widths shrink as q grows, so that d stays within 2 % of D

At a fixed budget q_eff = min(q, w + 1, v + 1) and d_eff saturate as the last hidden widths w, v shrink (see
`operators.architectures.deeponet`); both are recorded with every cell.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from operators.architectures.deeponet import Ends
from operators.errors import UserError
from results.schema.cells import Net

BUDGET_TOLERANCE = 0.02
WIDTH_RATIO = 2.0
LIKE = Net()

NETS: dict[Ends, str] = {
    "linear": "branch and trunk end linear; any rank-q matrix of outputs is reachable with enough features",
    "activated-trunk": "branch ends linear, trunk ends in the hidden activation: DeepXDE's DeepONet",
    "sigmoid": "branch and trunk end in a sigmoid: the class of the theorem of Mukherjee and Roy (arXiv 2308.06338)",
}


def tied(q: int, *, like: Net = LIKE) -> Net:
    """All hidden widths equal q.

    Args:
        q: output dimension of branch and trunk.
        like: where depths, activation and ends come from.
    """
    return _net(q, q, q, schedule="tied", like=like)


def fixed_width(q: int, *, width: int, like: Net = LIKE) -> Net:
    """All hidden widths equal `width`, whatever q is.

    Args:
        q: output dimension of branch and trunk.
        width: hidden width of branch and trunk.
        like: where depths, activation and ends come from.
    """
    return _net(q, width, width, schedule="fixed-width", like=like)


def fixed_budget(q: int, *, budget: int, sensors: int, coordinates: int, like: Net = LIKE) -> Net:
    """Choose a branch width w and a trunk width v, v / w from 1/2 to 2, such that |d - D| <= 0.02 D.

    Of all such pairs, the one with v / w nearest to 1, then with d nearest to D.

    Args:
        q: output dimension of branch and trunk.
        budget: D.
        sensors: m.
        coordinates: p.
        like: where depths, activation and ends come from.

    Raises:
        UserError: no hidden widths to choose, or no pair of widths comes within 2 % of D; the message names the nearest size
            there is.
    """
    if not (like.branch_widths and like.trunk_widths):
        raise UserError("expected hidden layers on both sides for a fixed budget, got none on one; q alone then decides d")
    limit = 1
    while _count(np.asarray([limit]), sensors, q, depth=len(like.branch_widths))[0] <= (1.0 + BUDGET_TOLERANCE) * budget:
        limit *= 2
    w, v = (side.ravel() for side in np.meshgrid(np.arange(1, limit + 1), np.arange(1, 2 * limit + 1), indexing="ij"))
    near = np.maximum(v / w, w / v) <= WIDTH_RATIO
    w, v = w[near], v[near]
    d = 1 + _count(w, sensors, q, depth=len(like.branch_widths)) + _count(v, coordinates, q, depth=len(like.trunk_widths))
    gap = np.abs(d - budget)
    if gap.min() > BUDGET_TOLERANCE * budget:
        raise UserError(
            f"expected a budget that a net with q = {q}, m = {sensors} and p = {coordinates} meets within 2 %, got D = {budget};"
            f" the nearest feasible size is d = {d[gap.argmin()]}"
        )
    unequal = np.where(gap <= BUDGET_TOLERANCE * budget, np.abs(np.log(v / w)), np.inf)
    best = np.lexsort((gap, unequal))[0]
    return _net(q, int(w[best]), int(v[best]), schedule="fixed-budget", like=like)


def resized(like: Net, q: int, *, budget: int | None, sensors: int, coordinates: int) -> Net:
    """The net of one q by the schedule of another net: `fixed-budget` with a budget, else `tied`, else only q changes.

    Raises:
        UserError: a budget that no net of this q meets.
    """
    if like.schedule == "tied":
        widths = {"branch_widths": (q,) * len(like.branch_widths), "trunk_widths": (q,) * len(like.trunk_widths)}
        return like.model_copy(update={"q": q, **widths})
    if budget is not None:
        return fixed_budget(q, budget=budget, sensors=sensors, coordinates=coordinates, like=like)
    return like.model_copy(update={"q": q})


def _count(width: NDArray[np.int64], fan_in: int, q: int, *, depth: int) -> NDArray[np.int64]:
    """Parameters of a fully connected net with `depth` hidden layers of one width."""
    sizes = (np.asarray(fan_in), *(width,) * depth, np.asarray(q))
    return np.sum([(a + 1) * b for a, b in pairwise(np.broadcast_arrays(*sizes))], axis=0)


def _net(q: int, branch_width: int, trunk_width: int, *, schedule: str, like: Net) -> Net:
    """A validated net of uniform widths."""
    return Net.model_validate(
        {
            "branch_widths": (branch_width,) * len(like.branch_widths),
            "trunk_widths": (trunk_width,) * len(like.trunk_widths),
            "q": q,
            "activation": like.activation,
            "ends": like.ends,
            "schedule": schedule,
        }
    )
