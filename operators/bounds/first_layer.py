"""Theorem E1: what the first hidden layer does not see, no later layer can know.

The input is linear in xi ~ N(0, I), G(xi) square integrable, A of rank k, f any measurable map: all later layers, of any width
and activation. Then

    E |G - f(A u)|^2 >= sum_{j > k} lambda_j(K),     K = int_0^1 E[J(xi)^T J(xi_s)] ds,   xi_s = s xi + sqrt(1 - s^2) xi',

J the Jacobian of G and xi' an independent copy; tr K is the variance of G.

Proof (derived here). A u is a function of P xi, P a projector of rank k; the best f is the conditional mean. In Hermite chaoses
G = sum_n G_n with symmetric tensors T_n, E |G_n|^2 = |T_n|^2, and the conditional mean is P applied in each slot. With R = I -
P, 1 - P x ... x P = 1 - prod_a (1 - R_a) >= (1/n) sum_a R_a, since the R_a commute and 1 >= j / n where j >= 1 slots are
unseen. By symmetry the unseen energy is at least sum_n <T_n, R_1 T_n> = tr(R K) with K = sum_n (unfolding of T_n)^T (unfolding
of T_n), at least the tail of K (Ky Fan). The integral is the same K: E <grad G_n(xi), grad G_n(xi_s)> = n s^(n-1) |T_n|^2. QED

G linear: K has the spectrum of the covariance of the outputs, so the first width needs the rank that q needs. With a linear
branch end on w features h - E h lies in the span of w functions, so that w >= that rank of the covariance, too. Over nets of
given depths

    d >= parameters of branch (k, 1, ..., 1, k), q = r, trunk as `operators.bounds.rank_to_parameters` has it,      k = r,

for the population error sqrt(E |G - h|^2 / E |G|^2), a ratio of means. One hidden layer: w_1 = k. The first layer is taken to
be exact, and the sensors linear in xi; outputs have mean zero. Says nothing of inputs that are not Gaussian.
"""

import math
from dataclasses import replace

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import Answer, Bound
from operators.bounds.population import population_floors
from operators.bounds.rank_to_parameters import NetClass, class_of
from operators.bounds.setting import Setting, known


def least_rank(spectrum: Array, target: float) -> int:
    """The least k whose tail is at most target^2 of the sum."""
    return int(np.argmax(population_floors(spectrum) <= target**2 * spectrum.sum()))


def necessary_parameters(nets: NetClass, first: int, rank: int) -> float:
    """Parameters of the least net of a class with this first width and last width of the branch, and outputs of this rank.

    inf where no net of the class has them. Without hidden layers q takes the place of the first width.

    Args:
        nets: depths and ends.
        first: k, least first width.
        rank: r, least output rank; with a linear branch end also the least last width.
    """
    net = nets.smallest_net(rank if nets.branch_depth else max(rank, first))
    if net is None:
        return math.inf
    if not net.branch_widths:
        return net.parameter_count()
    widths = list(net.branch_widths)
    if nets.ends != "sigmoid":
        widths[-1] = max(widths[-1], rank)
    widths[0] = max(widths[0], first)
    trunk = net.trunk_widths
    if nets.net_class == "tied":
        widths = [max(*widths, *trunk)] * len(widths)
        trunk = (widths[0],) * len(trunk)
    return replace(net, branch_widths=tuple(widths), trunk_widths=trunk).parameter_count()


def _least_size(setting: Setting, target: float) -> Answer:
    rank = least_rank(known(setting.spectrum), target)
    nets = class_of(setting.size(setting.least_q))
    note = f"first width and rank >= {rank}; depths {nets.branch_depth} and {nets.trunk_depth}, ends {nets.ends}, any widths"
    return Answer(necessary_parameters(nets, rank, rank), not rank > 1, note)


BOUND = Bound(
    name="first-layer",
    title="d >= least parameter count of a net whose first layer sees, and whose outputs span, all modes the target needs",
    status="certified",
    citation="derived in docs/theory.md (Theorem E1)",
    hypotheses=(
        "a linear operator of a Gaussian input, sensors linear in it, outputs of mean zero; their spectrum known in closed form",
        "exact arithmetic in the first layer",
        "depths and ends as declared; all widths and q free",
        "error over fresh functions, a ratio of means",
    ),
    target="population",
    limits="d",
    probability=None,
    assumptions=frozenset({"spectrum"}),
    needs=frozenset({"spectrum"}),
    least_size=_least_size,
    best_target=None,
)
