"""From a certified rank to a certified number of parameters, over a declared family of nets.

The family: depths L of the branch and K of the trunk and the ends are fixed; all widths and q are free, each hidden width at
least `least_width(q)`. A net whose output matrix (bias apart) must reach rank r has output rank >= r, and d increases in every
width, so the least d belongs to the componentwise smallest net: q = r, last hidden widths max(least, r - 1) at linear ends,
every other hidden width least.

    d >= d_rank(r) = parameters of that net.

With least_width = 1, r >= 2, a branch with a linear end costs (m + 1) + 2 (L - 2) + 2 (r - 1) + r^2 for L >= 2 and (m + 1)(r -
1) + r^2 for L = 1; with an activated end (m + 1) + 2 (L - 1) + 2 r; the trunk alike; one for b0. Weak where bottlenecks of
width 1 are allowed, strong for one hidden layer: state the family. The rank comes from `operators.bounds.eckart_young`; for
noisy labels the certified d is the larger of this and bit counting.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from operators.architectures.deeponet import DeepONet, Ends
from operators.bounds.bound import Answer, Bound
from operators.bounds.setting import Setting


def one(q: int) -> int:
    """No lower limit on widths."""
    return 1


@dataclass(frozen=True)
class Family:
    """Nets of fixed depths and ends, all widths and q free.

    Attributes:
        sensors: m.
        coordinates: p.
        branch_depth: L >= 1 hidden layers.
        trunk_depth: K >= 1 hidden layers.
        ends: how branch and trunk end.
        least_width: least hidden width allowed for a q, not decreasing in q.
    """

    sensors: int
    coordinates: int
    branch_depth: int
    trunk_depth: int
    ends: Ends
    least_width: Callable[[int], int] = one

    def smallest_net(self, rank: int) -> DeepONet:
        """The net of least parameter count whose output matrix can reach this rank."""
        q = max(rank, 1)
        least = max(self.least_width(q), 1)
        last = {
            "branch": max(least, q - 1) if self.ends != "sigmoid" else least,
            "trunk": max(least, q - 1) if self.ends == "linear" else least,
        }
        return DeepONet(
            sensors=self.sensors,
            coordinates=self.coordinates,
            branch_widths=(*[least] * (self.branch_depth - 1), last["branch"]),
            trunk_widths=(*[least] * (self.trunk_depth - 1), last["trunk"]),
            q=q,
            ends=self.ends,
        )


def necessary_parameters(family: Family, rank: int, q: int | None = None) -> int:
    """d_rank(r): no net of the family with fewer parameters reaches this rank; with a given q >= r, no net with that q."""
    net = family.smallest_net(rank)
    return (net if q is None else replace(net, q=max(q, net.q))).parameter_count()


def family_of(net: DeepONet) -> Family:
    """The family of a net: its depths and ends."""
    return Family(net.sensors, net.coordinates, len(net.branch_widths), len(net.trunk_widths), net.ends)


def _least_size(setting: Setting, target: float) -> Answer:
    rank = setting.least_rank(target**2 * setting.label_energy)
    family = family_of(setting.size(setting.least_q))
    note = f"rank >= {rank}; depths {family.branch_depth} and {family.trunk_depth}, ends {family.ends}, any widths"
    return Answer(necessary_parameters(family, rank), not rank > 1, note)


BOUND = Bound(
    name="rank-to-parameters",
    title="d >= least parameter count over the declared family of a net whose output matrix can reach the certified rank",
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
