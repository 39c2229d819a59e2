"""Two-step training of a DeepONet: first the trunk with free coefficients, then the branch towards them.

    step 1   min over trunk and A (q, N) of |T A - G^T|^2;    T = Q R orthonormalised
    step 2   min over the branch of |B - (R A)^T|^2

G (N, M) are the labels less a scalar bias. A and the linear head of the trunk are solved exactly at every step: with F = Q_F
R_F the features of the trunk, the best T is Q_F U_q, U_q the first left singular vectors of Q_F^T G^T, orthonormal at once, and
R A = T^T G^T. So |B T^T - G|^2 is what step 1 left plus the miss of step 2. SOAP moves the hidden weights, half of the steps
each.

Unlike `train`, neither net is ever trained for the sake of the other: what the trunk misses, the branch cannot mend. A control.

Reference: Lee and Shin 2024, arXiv:2309.01020 (their A and trunk descend together, by Adam).
"""

from collections.abc import Callable, Iterable

import numpy as np
import scipy

from bench.engines.learning_rates import cosine_cycles
from bench.engines.variable_projection.heads import cholesky, ridge_head
from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.least_squares import StepCount, descend_towards
from bench.engines.variable_projection.linear_ends import last_layers
from bench.engines.variable_projection.phases import MISS
from bench.engines.variable_projection.rank_targets import Labels, problem_labels
from bench.engines.variable_projection.reduced_inputs import Reduced, reduced
from bench.engines.variable_projection.subnet import Subnet
from bench.engines.variable_projection.train import Options, Result
from operators.architectures.deeponet import DeepONet, deeponet_weights
from operators.architectures.weights import Weights, layers_of
from operators.arrays import Array
from operators.data.normalisation import Problem, predict


def train_in_two_steps(net: DeepONet, problem: Problem, initial: Callable[[int], Weights], *, options: Options) -> Result:
    """Train a net on a grid design with scalar output scaling; its ends are linear, or can stand for linear ones."""
    rank = min(net.q, net.branch_widths[-1] + 1, net.trunk_widths[-1] + 1, *problem.labels.shape)
    labels, points = problem_labels(problem, rank)
    sides = {"branch": reduced(problem.inputs), "trunk": reduced(problem.points[points])}
    branch, trunk = (_subnet(net, sides[part], initial(0), part) for part in ("branch", "trunk"))
    count, half = StepCount(options, float(problem.scale) ** 2 / labels.count / problem.unit**2), options.steps // 2
    try:
        _train_trunk(trunk, labels, cosine_cycles(options.learning_rate, half), rank=rank, count=count)
        head, values, left = _best_trunk(trunk.net.features(), labels.matrix, rank)
        target = labels.matrix @ values
        rates = cosine_cycles(options.learning_rate, options.steps - half if not count.monitor.stopped else 0)
        descend_towards(branch, target, rates, tail=left, count=count)
    except FloatingPointError as error:
        return Result(None, np.inf, count.steps, tuple(count.monitor.curve), "diverged", str(error))
    weights = _weights(net, sides, branch, trunk, head=head, values=values, target=target, bias=labels.bias)
    mse = float(np.mean((predict(net, weights, problem) - problem.labels) ** 2))
    outcome = f"mean squared error {mse:.3g}, of which the trunk leaves {left / labels.count * float(problem.scale) ** 2:.3g}"
    curve = count.finished(mse / problem.unit**2)
    return Result(weights, mse, count.steps, curve, count.monitor.status, count.monitor.message or outcome)


def _subnet(net: DeepONet, side: Reduced, weights: Weights, part: str) -> Subnet:
    return Subnet(HiddenNet(side.values, side.matrices(layers_of(weights, part)[:-1]), net.activation))


def _best_trunk(features: Array, matrix: Array, rank: int) -> tuple[Array, Array, float]:
    """The head W (v + 1, r), orthonormal values T = F W (M, r), and |T T^T G^T - G^T|^2, for features F and labels G (N, M)."""
    factor, _ = cholesky(features)
    basis = scipy.linalg.lapack.dtrtrs(factor, features.T, trans=1)[0]
    left = np.linalg.svd(basis @ matrix.T, full_matrices=False)[0][:, :rank]
    head = scipy.linalg.lapack.dtrtrs(factor, left)[0]
    values = features @ head
    residual = values @ (values.T @ matrix.T) - matrix.T
    return head, values, float(np.vdot(residual, residual))


def _train_trunk(trunk: Subnet, labels: Labels, rates: Iterable[float], *, rank: int, count: Callable[[float], bool]) -> None:
    """Step 1; it ends where the trunk misses no more than MISS of what its rank leaves anyway."""
    least, best = np.inf, trunk.net.matrices
    for rate in rates:
        head, values, loss = _best_trunk(trunk.net.features(), labels.matrix, rank)
        if loss < least:
            least, best = loss, trunk.net.matrices
        if loss <= labels.tail + MISS * labels.goal:
            break
        coefficients = values.T @ labels.matrix.T
        residual = values @ coefficients - labels.matrix.T
        trunk.descend((residual @ coefficients.T) @ head[:-1].T, rate)
        if not count(loss):
            break
    last = _best_trunk(trunk.net.features(), labels.matrix, rank)[2]
    trunk.net.matrices = trunk.net.matrices if last < least else best


def _weights(
    net: DeepONet,
    sides: dict[str, Reduced],
    branch: Subnet,
    trunk: Subnet,
    *,
    head: Array,
    values: Array,
    target: Array,
    bias: float,
) -> Weights:
    """The net with the best head of the branch; columns beyond the rank are 0."""
    solved = ridge_head(branch.net.features(), target)[0]
    padded = [np.pad(matrix, ((0, 0), (0, net.q - matrix.shape[1]))) for matrix in (solved, head, values)]
    last_branch, last_trunk = last_layers(net, *padded)
    hidden_branch, hidden_trunk = sides["branch"].layers(branch.net.matrices), sides["trunk"].layers(trunk.net.matrices)
    return deeponet_weights((*hidden_branch, last_branch), (*hidden_trunk, last_trunk), bias)
