"""A DeepONet for the new functions of a linear operator: its branch is linear to rounding, its trunk holds the leading modes.

The input is linear in xi ~ N(0, I), u = E^T xi at the sensors, v = L^T xi at the M query points. With L = U S V^T

    v = sum_k s_k z_k v_k,    z = U^T xi,    z_k i.i.d. N(0, 1),

and where the sensors determine xi up to modes that the outputs lack, z_k is linear in u. The branch gives z_1, ..., z_r: hidden
layers of r units each, in which the activation sees arguments shrunk until it is linear there. Only the trunk is sought: for
features F (units and a constant) at the points, columns s_k v_k with k <= r,

    E |v - h|^2 = sum_{k > r} s_k^2 + min over heads C of |[s_1 v_1, ..., s_r v_r] - F C|^2,

a function of the hidden layers alone (variable projection, Golub and Pereyra 1973; Jacobian of Kaufman 1975). Trunks are tried
from the least that has the features needed on, by parameter count, in steps of STEP of the whole net.

What is returned reaches the target by this formula; that nothing smaller does is not said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy

from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Layer, Weights
from operators.arrays import Array
from operators.bounds.lemmas.singular_values import tail_sums
from operators.constructions.coded_net import Side
from operators.seeds import stream

SHRUNK = 1e-4  # arguments of tanh where it is to be linear: it is to 1e-8, and rounding of what is shrunk is 1e-12
CUTOFF = 1e-7  # of the singular values of E: what the branch may use of the sensors
STARTS, EVALUATIONS = 6, 300
WIDEST = (6, 48)
STEP = 0.003


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A linear operator of a Gaussian input, in the units that the net sees.

    Attributes:
        inputs: E, (k, m): the input at the sensors of each coefficient, less `origin`, scaled.
        origin: the scaled input of the zero function, (m,).
        outputs: L, (k, M), in physical units.
        points: (M, p), scaled.
        mean: mu.
        scale: s, so that h = mu + s (<branch, trunk> + b0).
    """

    inputs: Array
    origin: Array
    outputs: Array
    points: Array
    mean: float
    scale: float

    def spectrum(self) -> Array:
        """s_k^2, decreasing; their sum is E |v|^2."""
        return np.asarray(scipy.linalg.svdvals(self.outputs) ** 2)


def spectral_net(like: DeepONet, linear: LinearMap, rank: int, target: float) -> tuple[DeepONet, Weights] | None:
    """A small net of q = `rank` whose relative error over new functions is at most `target`, with its weights; None: none found.

    Args:
        like: depths, ends and activation.
        linear: the operator.
        rank: r = q.
        target: of sqrt(E |v - h|^2 / E |v|^2).

    Raises:
        ValueError: nets of another kind than two hidden layers in the trunk, one or more in the branch, tanh, no sigmoid ends.
    """
    if len(like.trunk_widths) != 2 or not like.branch_widths or like.activation != "tanh" or like.ends == "sigmoid":
        raise ValueError("expected tanh, hidden layers in the branch, two in the trunk, and no sigmoid ends")
    left, singular, right = scipy.linalg.svd(linear.outputs, full_matrices=False)
    tails = tail_sums(singular**2)
    allowed = target**2 * tails[0] - tails[min(rank, len(tails) - 1)]
    modes = right[:rank].T * singular[:rank]
    found = _smallest_trunk(like, linear.points, modes, float(allowed)) if allowed > 0.0 else None
    if found is None:
        return None
    trunk, heads = found
    net = _sized(like, rank, (trunk.directions.shape[1], len(trunk.shifts)))
    branch = _linear_branch(linear, left[:, :rank], len(like.branch_widths))
    return net, _assembled(net, linear, branch, trunk, heads)


def _sized(like: DeepONet, rank: int, trunk: tuple[int, int]) -> DeepONet:
    return replace(like, branch_widths=(rank,) * len(like.branch_widths), trunk_widths=trunk, q=rank)


def _linear_branch(linear: LinearMap, coefficients: Array, depth: int) -> list[Layer]:
    """Layers whose values are U^T xi; `coefficients` are columns of U."""
    left, singular, right = scipy.linalg.svd(linear.inputs, full_matrices=False)
    kept = singular > CUTOFF * singular[0]
    kernel = (right[kept].T / singular[kept]) @ (left[:, kept].T @ coefficients) * SHRUNK
    rank = coefficients.shape[1]
    between = [Layer(np.eye(rank), np.zeros(rank)) for _ in range(depth - 1)]
    return [Layer(kernel, -linear.origin @ kernel), *between, Layer(np.eye(rank) / SHRUNK, np.zeros(rank))]


def _assembled(net: DeepONet, linear: LinearMap, branch: list[Layer], trunk: Side, heads: Array) -> Weights:
    """The weights; an activated trunk end is shrunk until it is linear, and the branch head takes the factor."""
    factor = 1.0 / linear.scale
    if net.ends == "activated-trunk":
        size = SHRUNK / float(np.abs(trunk.features() @ heads).max())
        heads, factor = heads * size, factor / size
    branch[-1] = Layer(branch[-1].kernel * factor, branch[-1].bias)
    hidden = (Layer(trunk.directions[:-1], trunk.directions[-1]), Layer(trunk.slopes, trunk.shifts))
    return deeponet_weights(branch, [*hidden, Layer(heads[:-1], heads[-1])], -linear.mean / linear.scale)


def _smallest_trunk(like: DeepONet, points: Array, modes: Array, allowed: float) -> tuple[Side, Array] | None:
    """The first trunk tried, and its heads, that leaves at most `allowed` of the modes; None if none of them does."""
    tails = tail_sums(np.asarray(scipy.linalg.svdvals(modes)) ** 2)
    features = int(np.argmax(tails <= allowed))
    for first, second in _sizes(like, modes.shape[1], features):
        found = _fitted(points, modes, first, second, allowed)
        if found is not None:
            return found
    return None


def _sizes(like: DeepONet, rank: int, features: int) -> Iterator[tuple[int, int]]:
    """Widths of trunks with enough features, by parameter count of the net, each larger by STEP than the one before."""
    widths = [(v, w) for v in range(1, WIDEST[0] + 1) for w in range(max(1, features - 1), WIDEST[1] + 1)]
    counted = sorted((_sized(like, rank, size).parameter_count(), size) for size in widths)
    last = 0.0
    for count, size in counted:
        if count >= last * (1.0 + STEP):
            last = count
            yield size


def _fitted(points: Array, modes: Array, first: int, second: int, allowed: float) -> tuple[Side, Array] | None:
    """Hidden layers of these widths and their heads, from several starts; None where all miss."""
    generator = stream("init", "spectral net", len(points), modes.shape[1], first, second)
    basis = np.hstack([points, np.ones((len(points), 1))])
    for _ in range(STARTS):
        directions = 1.5 * generator.standard_normal((basis.shape[1], first))
        slopes, shifts = 3.0 * generator.standard_normal((first, second)), 2.0 * generator.standard_normal(second)
        side = _descended(Side(basis, directions, slopes, shifts), modes)
        heads = np.asarray(np.linalg.lstsq(side.features(), modes, rcond=None)[0], dtype=np.float64)
        if float(np.sum((modes - side.features() @ heads) ** 2)) <= allowed:
            return side, heads
    return None


def _descended(start: Side, modes: Array) -> Side:
    """The hidden layers after Levenberg-Marquardt steps on what the best heads, with a ridge, leave."""
    wanted = np.vstack([modes, np.zeros((len(start.shifts) + 1, modes.shape[1]))])

    def rest(step: Array) -> Array:
        basis = np.linalg.qr(start.moved(step).bordered())[0]
        return np.asarray((wanted - basis @ (basis.T @ wanted)).ravel())

    def jacobian(step: Array) -> Array:
        side = start.moved(step)
        basis, triangle = np.linalg.qr(side.bordered())
        return -side.jacobian(basis, np.linalg.solve(triangle, basis.T @ wanted)[:-1])

    found = scipy.optimize.least_squares(rest, np.zeros(start.size), jacobian, method="lm", max_nfev=EVALUATIONS)
    return start.moved(found.x)
