"""Training POD-DeepONet: modes from the labels, then the branch towards their coefficients, its head solved at every step.

    G = (labels - mean) / scale;   phi_0 = mean over functions;   G - 1 phi_0^T = U S V^T;   modes V_q

The modes are orthonormal at the query points, so |B V_q^T + 1 phi_0^T - G|^2 = tail_q + |B - U_q S_q|^2, and with features H of
the branch's last hidden layer the best head is min_A |H A - U_q S_q|^2 (`heads.ridge_head`). SOAP moves the hidden weights
alone. A run ends where the miss is MISS of the tail, or of NEGLIGIBLE of the energy if that is more.
"""

from collections.abc import Callable

import numpy as np

from bench.engines.learning_rates import cosine_cycles
from bench.engines.variable_projection.heads import ridge_head
from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.least_squares import StepCount, descend_towards
from bench.engines.variable_projection.reduced_inputs import Reduced, reduced
from bench.engines.variable_projection.subnet import Subnet
from bench.engines.variable_projection.train import Options, Result
from operators.architectures.multilinear import node_numbers
from operators.architectures.pod_deeponet import PODDeepONet
from operators.architectures.weights import Layer, Weights, layers_of, named_layers
from operators.arrays import Array
from operators.data.normalisation import Problem, predict
from operators.data.request import Design


def refuses_modes(net: PODDeepONet, design: Design, points: Array) -> str | None:
    """One sentence why modes at these points cannot be had from labels of this design, or None."""
    if design != "grid":
        return f"expected a grid for the architecture {net.name!r}, whose modes need common points, got {design!r}; use 'soap'"
    if node_numbers(points, net.nodes) is None:
        return f"expected query points on the {net.nodes} nodes along each coordinate of {net.name!r}, got others; state `nodes`"
    return None


def train_pod(net: PODDeepONet, problem: Problem, initial: Callable[[int], Weights], *, options: Options) -> Result:
    """Train a net on a grid design with scalar output scaling.

    Args:
        net: the architecture; the query points are among its nodes.
        problem: the data.
        initial: the initial weights of restart 0; only hidden layers of the branch are read.
        options: the budget; restarts are not made.

    Raises:
        ValueError: `refuses_modes`.
    """
    reason, numbers = refuses_modes(net, problem.design, problem.points), node_numbers(problem.points, net.nodes)
    if reason is not None or numbers is None:
        raise ValueError(reason)
    numbers = numbers[problem.index]
    labels = (problem.labels - float(problem.mean)) / float(problem.scale)
    mean = labels.mean(axis=0)
    left, singular, right = np.linalg.svd(labels - mean, full_matrices=False)
    target, tail = left[:, : net.q] * singular[: net.q], float(np.sum(singular[net.q :] ** 2))
    modes = np.zeros((net.nodes**net.coordinates, net.q + 1))
    modes[numbers, : target.shape[1]], modes[numbers, -1] = right[: net.q].T, mean
    inputs = reduced(problem.inputs)
    hidden = inputs.matrices(layers_of(initial(0), "branch")[:-1])
    branch = Subnet(HiddenNet(inputs.values, hidden, net.activation))
    count = StepCount(options, float(problem.scale) ** 2 / labels.size / problem.unit**2)
    try:
        descend_towards(branch, target, cosine_cycles(options.learning_rate, options.steps), tail=tail, count=count)
    except FloatingPointError as error:
        return Result(None, np.inf, count.steps, tuple(count.monitor.curve), "diverged", str(error))
    weights = _weights(net, branch, inputs, target, modes)
    mse = float(np.mean((predict(net, weights, problem) - problem.labels) ** 2))
    left_by_modes = tail * float(problem.scale) ** 2 / labels.size
    message = count.monitor.message or f"mean squared error {mse:.3g}, of which the modes leave {left_by_modes:.3g}"
    return Result(weights, mse, count.steps, count.finished(mse / problem.unit**2), count.monitor.status, message)


def _weights(net: PODDeepONet, branch: Subnet, inputs: Reduced, target: Array, modes: Array) -> Weights:
    """The net with the best head on the branch's features; modes beyond the rank of the labels have no coefficient."""
    solved = ridge_head(branch.net.features(), target)[0]
    head = np.zeros((len(solved), net.q))
    head[:, : solved.shape[1]] = solved
    layers = (*inputs.layers(branch.net.matrices), Layer(head[:-1].copy(), head[-1].copy()))
    return Weights({**named_layers("branch", layers), "basis": modes[:, :-1].copy(), "mean": modes[:, -1:].copy()})
