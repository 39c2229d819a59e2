"""From certified ranks to a certified number of parameters, over a declared class of nets.

The class: ends, depths L of the branch and K of the trunk, and a rule for the hidden widths, each at least `least_width(q)`; q is
free. L = 0 or K = 0 is a net without hidden layers on that side.

    free                every hidden width its own
    one-width-per-net   all hidden widths of the branch equal, all of the trunk equal
    tied                all hidden widths equal
    non-increasing      in either net no hidden layer wider than the one before
    no-hidden-layer     L = K = 0: q is the only size
    free-depth          every hidden width its own, and at most L and K hidden layers, none included

Needed of every net, whatever its widths: output rank >= r (`DeepONet.output_rank`), and where its branch or its trunk ends
linearly at least r_c or r_c' features there (`operators.bounds.eckart_young`). All three do not decrease in q and in the
hidden widths, and d increases in every one of them; so the least d of one pair of depths belongs to the componentwise
smallest net: q = r, last hidden widths max(1, r - 1, r_c) or max(1, r - 1, r_c') at linear ends and 1 at activated ones,
every other hidden width 1; one width per net, or non-increasing widths: all widths of a net equal to its last; tied: all
equal to the larger. A side without hidden layers has the m or p features of its input, no more: where its end is linear and
r > m + 1 or r_c > m (p likewise), no net of the class will do.

    d >= d_rank = parameters of that net; with free depths, the least over them.

Free, r >= 2 and r_c = r - 1, a branch with a linear end costs (m + 1) + 2 (L - 2) + 2 (r - 1) + r^2 for L >= 2, and
(m + 1) (r - 1) + r^2 for L = 1; with an activated end (m + 1) + 2 (L - 1) + 2 r for L >= 1; without hidden layers (m + 1) r; the
trunk alike; one for b0. Weak where bottlenecks of width 1 are allowed, strong for at most one hidden layer and for the narrower
classes: state the class. Which ends limit the rank is for `DeepONet.output_rank` to say; where it states no limit, nothing is
excluded and the smallest net has q = 1. For noisy labels the certified d is the larger of this and bit counting.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from operators.architectures.deeponet import DeepONet, Ends, Widths
from operators.bounds.bound import Answer, Bound
from operators.bounds.setting import Setting, smallest_q


def one(q: int) -> int:
    """No lower limit on widths."""
    return 1


@dataclass(frozen=True)
class Needed:
    """What is certified of every net that reaches a target.

    Attributes:
        rank: r, of its output matrix, bias apart.
        branch: r_c, features of its branch where that ends linearly.
        trunk: r_c', features of its trunk where that ends linearly.
        q: least q, where more than the rank is known of it.
    """

    rank: int
    branch: int = 0
    trunk: int = 0
    q: int = 1

    @property
    def least_q(self) -> int:
        """The least q that has the rank and is none too few."""
        return max(self.rank, self.q)


@dataclass(frozen=True)
class NetClass:
    """Nets of given depths and ends whose hidden widths follow a rule; q is free.

    Attributes:
        sensors: m.
        coordinates: p.
        branch_depth: L >= 0 hidden layers.
        trunk_depth: K >= 0 hidden layers.
        ends: how branch and trunk end.
        net_class: the rule.
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

    def depths(self) -> Iterator[tuple[int, int]]:
        """All pairs of depths, the shallowest first."""
        if self.net_class == "free-depth":
            return product(range(self.branch_depth + 1), range(self.trunk_depth + 1))
        return iter([(0, 0) if self.net_class == "no-hidden-layer" else (self.branch_depth, self.trunk_depth)])

    def holds(self, net: DeepONet) -> bool:
        """Whether a net belongs to the class, whatever its activation."""
        sides = (net.branch_widths, net.trunk_widths)
        together = [width for widths in sides for width in widths]
        alike = (net.sensors, net.coordinates, net.ends) == (self.sensors, self.coordinates, self.ends)
        declared = (len(net.branch_widths), len(net.trunk_widths)) in self.depths()
        if not (alike and declared and min(together, default=self.least_width(net.q)) >= self.least_width(net.q)):
            return False
        match self.net_class:
            case "tied":
                return len({*together}) <= 1
            case "one-width-per-net":
                return all(len({*widths}) <= 1 for widths in sides)
            case "non-increasing":
                return all(before >= after for widths in sides for before, after in pairwise(widths))
        return True

    def smallest_nets(self, needed: Needed, q: int = 1) -> list[DeepONet]:
        """Of each pair of depths at which some net has what is needed, the componentwise smallest one with at least this q."""
        return [net for depths in self.depths() if (net := self._smallest_of(*depths, needed, q=q)) is not None]

    def smallest_net(self, needed: Needed | int, q: int = 1) -> DeepONet | None:
        """The net of least parameter count, with at least this q, that has what is needed; None where no net of the class has."""
        nets = self.smallest_nets(needed if isinstance(needed, Needed) else Needed(needed), q)
        return min(nets, key=DeepONet.parameter_count, default=None)

    def _smallest_of(self, branch_depth: int, trunk_depth: int, needed: Needed, *, q: int) -> DeepONet | None:
        """The componentwise smallest net of these depths."""
        rank, (linear_branch, linear_trunk) = max(needed.rank, 1), self.net(1, (1,), (1,)).linear_ends()
        if self.net(rank, (rank,), (rank,)).output_rank() is None:
            rank = 1

        def wide_branch(widths: tuple[int, ...]) -> bool:
            net = self.net(rank, widths, (rank,))
            return net.rank_limit() >= rank and not (linear_branch and net.branch_features() < needed.branch)

        def wide_trunk(widths: tuple[int, ...]) -> bool:
            net = self.net(rank, (rank + needed.branch,), widths)
            return net.rank_limit() >= rank and not (linear_trunk and net.trunk_features() < needed.trunk)

        branch, trunk = _last_width(branch_depth, wide_branch), _last_width(trunk_depth, wide_trunk)
        if branch is None or trunk is None:
            return None
        least = max(self.least_width(rank), 1)
        if self.net_class == "tied":
            branch = trunk = max(branch, trunk)
        first = (least, least) if self.net_class in ("free", "free-depth") else (branch, trunk)
        widths = [
            (*[max(least, inner)] * (depth - 1), max(least, last))[:depth]
            for depth, inner, last in zip((branch_depth, trunk_depth), first, (branch, trunk), strict=True)
        ]
        return self.net(max(rank, q, needed.q), widths[0], widths[1])

    def free_sizes(self, q: int | None = None) -> int:
        """How many numbers from 0 to d name a net of d parameters or fewer: q, unless it is fixed, and the widths of the rule.

        A hidden width is at most d / 2, so that 0 can stand for a layer that is not there.
        """
        depths = (self.branch_depth, self.trunk_depth)
        if self.net_class == "no-hidden-layer":
            depths = (0, 0)
        widths = {"tied": min(sum(depths), 1), "one-width-per-net": sum(depth > 0 for depth in depths)}
        return widths.get(self.net_class, sum(depths)) + (1 if q is None else 0)


def _last_width(depth: int, suffices: Callable[[tuple[int, ...]], bool]) -> int | None:
    """The least last hidden width of a side that suffices; 0 or None without hidden layers, as its input suffices or not."""
    if depth == 0:
        return 0 if suffices(()) else None
    return int(smallest_q(lambda width: suffices((width,))))


def necessary_parameters(nets: NetClass, needed: Needed | int, q: int | None = None) -> float:
    """d_rank: no net of the class with fewer parameters has what is needed (a rank alone may be given); with a q, none of that q.

    A whole number; inf where no net of the class has it.
    """
    net = nets.smallest_net(needed, 1 if q is None else q)
    return math.inf if net is None else net.parameter_count()


def class_of(net: DeepONet, net_class: Widths = "free") -> NetClass:
    """The class of a net: its depths and ends."""
    return NetClass(net.sensors, net.coordinates, len(net.branch_widths), len(net.trunk_widths), net.ends, net_class)


def _least_size(setting: Setting, target: float) -> Answer:
    rank = setting.least_rank(target**2 * setting.label_energy)
    nets = class_of(setting.size(setting.least_q))
    note = f"rank >= {rank}; depths {nets.branch_depth} and {nets.trunk_depth}, ends {nets.ends}, any widths"
    return Answer(necessary_parameters(nets, rank), not rank > 1, note)


def attained_by_sines(nets: NetClass) -> bool:
    """Whether the least count of a class is that of nets of sines which come as near to a matrix of its rank as is asked.

    Proof in docs/theory.md, section 4: a branch of at least two hidden layers, a trunk of at least one and activated trunk ends.
    """
    return nets.ends == "activated-trunk" and all(branch >= 2 and trunk >= 1 for branch, trunk in nets.depths())


BOUND = Bound(
    name="rank-to-parameters",
    title="d >= least parameter count over the declared class of a net that has the certified rank and the certified features",
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
