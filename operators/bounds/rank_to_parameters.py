"""From a certified rank to a certified number of parameters, over a declared class of nets.

The class: depths L of the branch and K of the trunk and the ends are fixed; q is free, and so are all hidden widths (free) or
the one width that they share (tied), each at least `least_width(q)`. L = 0 or K = 0 is a net without hidden layers on that side.
A net whose output matrix (bias apart) must reach rank r has output rank >= r, which does not decrease in q and in the features
of either side, and d increases in every width; so the least d belongs to the componentwise smallest net of output rank >= r:
q = r, last hidden widths max(least, r - 1) at linear ends, every other hidden width least; tied, all hidden widths the largest
of these. A side without hidden layers has the m or p features of its input, no more and no fewer: where its end is linear and
r > m + 1 or r > p + 1, no net of the class reaches the rank at all.

    d >= d_rank(r) = parameters of that net.

Free, with least_width = 1, r >= 2, a branch with a linear end costs (m + 1) + 2 (L - 2) + 2 (r - 1) + r^2 for L >= 2, and (m +
1)(r - 1) + r^2 for L = 1; with an activated end (m + 1) + 2 (L - 1) + 2 r for L >= 1; without hidden layers (m + 1) r; the trunk
alike; one for b0. Weak where bottlenecks of width 1 are allowed, strong for at most one hidden layer and for tied widths: state
the class. Which ends limit the rank is for `DeepONet.output_rank` to say; where it states no limit, nothing is excluded and the
smallest net has q = 1. The rank comes from `operators.bounds.eckart_young`; for noisy labels the certified d is the larger of
this and bit counting.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from operators.architectures.deeponet import DeepONet, Ends
from operators.bounds.bound import Answer, Bound
from operators.bounds.setting import Setting, smallest_q

Widths = Literal["free", "tied"]


def one(q: int) -> int:
    """No lower limit on widths."""
    return 1


@dataclass(frozen=True)
class NetClass:
    """Nets of fixed depths and ends; q and the widths are free, or q and one width that all hidden layers share.

    Attributes:
        sensors: m.
        coordinates: p.
        branch_depth: L >= 0 hidden layers.
        trunk_depth: K >= 0 hidden layers.
        ends: how branch and trunk end.
        net_class: `free`, every hidden width its own, or `tied`, all hidden widths equal.
        least_width: least hidden width allowed for a q, not decreasing in q.
    """

    sensors: int
    coordinates: int
    branch_depth: int
    trunk_depth: int
    ends: Ends
    net_class: Widths = "free"
    least_width: Callable[[int], int] = one

    def net(self, q: int, branch_widths: tuple[int, ...], trunk_widths: tuple[int, ...]) -> DeepONet:
        """The net of this q with these hidden widths."""
        return DeepONet(self.sensors, self.coordinates, branch_widths, trunk_widths, q, ends=self.ends)

    def smallest_net(self, rank: int) -> DeepONet | None:
        """The net of least parameter count whose output matrix can reach this rank; None where no net of the class can."""
        q = max(rank, 1)
        if self.net(q, (q,), (q,)).output_rank() is None:
            q = 1
        branch = _last_width(self.branch_depth, lambda w: self.net(q, w, (q,)).rank_limit() >= q)
        trunk = _last_width(self.trunk_depth, lambda v: self.net(q, (q,), v).rank_limit() >= q)
        if branch is None or trunk is None:
            return None
        least = max(self.least_width(q), 1)
        if self.net_class == "tied":
            least = max(least, branch, trunk)
        return self.net(q, _widths(self.branch_depth, least, branch), _widths(self.trunk_depth, least, trunk))

    def free_sizes(self, q: int | None = None) -> int:
        """How many numbers name a net of the class: q, unless it is fixed, and L + K widths, or the one they share."""
        depths = self.branch_depth + self.trunk_depth
        return (min(depths, 1) if self.net_class == "tied" else depths) + (1 if q is None else 0)


def _last_width(depth: int, suffices: Callable[[tuple[int, ...]], bool]) -> int | None:
    """The least last hidden width of a side that suffices; 0 or None without hidden layers, as its input suffices or not."""
    if depth == 0:
        return 0 if suffices(()) else None
    return int(smallest_q(lambda width: suffices((width,))))


def _widths(depth: int, least: int, last: int) -> tuple[int, ...]:
    """Hidden widths of a side: the least, and the last one at least `last`."""
    return (*[least] * (depth - 1), max(least, last))[:depth]


def necessary_parameters(nets: NetClass, rank: int, q: int | None = None) -> float:
    """d_rank(r): no net of the class with fewer parameters reaches this rank; with a given q >= r, no net with that q.

    A whole number; inf where no net of the class reaches the rank.
    """
    net = nets.smallest_net(rank)
    if net is None:
        return math.inf
    return (net if q is None else replace(net, q=max(q, net.q))).parameter_count()


def class_of(net: DeepONet, net_class: Widths = "free") -> NetClass:
    """The class of a net: its depths and ends."""
    return NetClass(net.sensors, net.coordinates, len(net.branch_widths), len(net.trunk_widths), net.ends, net_class)


def _least_size(setting: Setting, target: float) -> Answer:
    rank = setting.least_rank(target**2 * setting.label_energy)
    nets = class_of(setting.size(setting.least_q))
    note = f"rank >= {rank}; depths {nets.branch_depth} and {nets.trunk_depth}, ends {nets.ends}, any widths"
    return Answer(necessary_parameters(nets, rank), not rank > 1, note)


BOUND = Bound(
    name="rank-to-parameters",
    title="d >= least parameter count over the declared class of a net whose output matrix can reach the certified rank",
    status="certified",
    citation="derived in docs/theory.md from Eckart and Young 1936",
    hypotheses=("grid design", "depths and ends as declared; all widths and q free"),
    target="relative",
    limits="d",
    probability=None,
    assumptions=frozenset(),
    needs=frozenset({"floors"}),
    least_size=_least_size,
    best_target=None,
)
