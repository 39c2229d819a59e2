"""One net towards given values: its head solved at every step, SOAP on its hidden weights; and the count of steps of a training.

min over hidden weights and A of |H A - C|^2,    H (n, w + 1) the features of the last hidden layer, C (n, q) the target
"""

from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np

from bench.engines.monitor import Monitor
from bench.engines.variable_projection.heads import ridge_head
from bench.engines.variable_projection.phases import MISS
from bench.engines.variable_projection.rank_targets import NEGLIGIBLE
from bench.engines.variable_projection.subnet import Subnet
from bench.engines.variable_projection.train import Options
from operators.arrays import Array


class StepCount:
    """Counts steps and watches their losses, sums of squares times `unit`.

    Attributes:
        steps: steps taken.
        monitor: learning curve, divergence, timeout.
    """

    def __init__(self, options: Options, unit: float) -> None:
        self.steps, self.monitor = 0, Monitor(options.steps, options.timeout_seconds)
        self._report, self._unit = options.report, unit

    def __call__(self, loss: float) -> bool:
        """Count a step that was made at this loss; whether to go on."""
        if self.monitor.due(self.steps):
            self.monitor.record(self.steps, loss * self._unit)
            self.monitor.check_timeout(self.steps)
            self._report(self.steps)
        self.steps += 1
        return not self.monitor.stopped

    def finished(self, mse: float) -> tuple[tuple[int, float], ...]:
        """The learning curve with its last point, a mean square in units of the loss."""
        if not self.monitor.curve or self.monitor.curve[-1][0] < self.steps:
            self.monitor.curve.append((self.steps, mse))
        return tuple(self.monitor.curve)


def descend_towards(net: Subnet, target: Array, rates: Iterable[float], *, tail: float, count: Callable[[float], bool]) -> None:
    """Move the hidden weights until the target is met or the rates end; leave the best.

    Args:
        net: the net.
        target: C.
        rates: of SOAP, one per step.
        tail: what remains of the loss where C is met; it is met within MISS of that, or of NEGLIGIBLE of |C|^2 if that is more.
        count: called with the loss after each step; whether to go on.
    """
    goal = MISS * max(tail, NEGLIGIBLE * float(np.vdot(target, target)))
    least, best = np.inf, net.net.matrices
    for rate in chain(rates, (None,)):
        head, residual = ridge_head(net.net.features(), target)
        miss = float(np.vdot(residual, residual))
        if miss < least:
            least, best = miss, net.net.matrices
        if miss <= goal or rate is None:
            break
        net.descend(residual @ head[:-1].T, rate)
        if not count(tail + miss):
            break
    net.net.matrices = best
