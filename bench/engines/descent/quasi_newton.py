"""L-BFGS after Adam: half of the budget by Adam, then limited-memory BFGS on the whole loss, an evaluation a step.

    theta <- theta - t H g,    H from the last HISTORY pairs of steps and differences of gradients, t by a line search (Wolfe)

A step of the second half is one evaluation of loss and gradient, which is what a step of Adam costs; iterations are fewer,
since a line search may take several. Loss and gradient are float32, as for Adam, and formed directly; the search itself is
SciPy's in float64, and ends where rounding hides any descent. Full batches only.

Reference: Liu and Nocedal 1989, doi:10.1007/BF01589116; after Adam, as is common for operator nets: Lu et al. 2022,
arXiv:2111.05512.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from bench.cell import Cell
from bench.engines.base import Fit
from bench.engines.descent.loop import descend
from bench.engines.monitor import learning_curve_steps
from bench.engines.threads import pinned_tensorflow
from operators.architectures.weights import Weights
from operators.data.normalisation import Problem

HISTORY = 20
REFUSED = "expected the full batch and l2 = 0 for the recipe 'adam-lbfgs', got batches of {batch} and l2 = {l2:g}"


def refuses_lbfgs(cell: Cell) -> str | None:
    """Why L-BFGS cannot train this cell, or None."""
    if cell.batch < cell.functions or cell.training.l2 > 0.0:
        return REFUSED.format(batch=cell.batch, l2=cell.training.l2)
    return None


def adam_then_lbfgs(
    cell: Cell, problem: Problem, *, floor: float, timeout_seconds: float | None, report: Callable[[int], None]
) -> Fit:
    """Train one cell: Adam with the cell's rates over the first half of its steps, L-BFGS over the rest."""
    started = time.perf_counter()
    cpu_started, half = time.process_time(), cell.steps // 2
    training = cell.training.model_copy(update={"recipe": "adam", "steps": half, "epochs": None})
    first = descend(cell.model_copy(update={"training": training}), problem, timeout_seconds=timeout_seconds, report=report)
    if first.weights is None or first.status != "done":
        return replace(first, recipe="adam-lbfgs")
    left = None if timeout_seconds is None else timeout_seconds - (time.perf_counter() - started)
    search = Search(cell, problem, first=half, seconds=left, report=report)
    weights = search.run(first.weights)
    timed_out = search.late and search.evaluations < cell.steps - half
    return Fit(
        weights=weights if weights.finite() else None,
        status="timeout" if timed_out else "done",
        steps=half + search.evaluations,
        curve=(*(point for point in first.curve if point[0] < half), *search.curve),
        cpu_seconds=time.process_time() - cpu_started,
        compile_seconds=first.compile_seconds,
        recipe=f"adam-lbfgs/{search.form}",
        message=f"stopped after {timeout_seconds:g} s" if timed_out and timeout_seconds is not None else search.message,
    )


@dataclass(frozen=True)
class Seen:
    """The least loss so far, and where."""

    loss: float
    theta: NDArray[np.float32]


class Search:
    """One search by L-BFGS.

    Attributes:
        evaluations: of loss and gradient.
        curve: (step, least loss so far) at the steps of learning curves, and at the end.
        message: how it ended.
        form: how the loss is computed.
    """

    def __init__(self, cell: Cell, problem: Problem, *, first: int, seconds: float | None, report: Callable[[int], None]) -> None:
        self._tf = pinned_tensorflow(1)
        from bench.engines.descent import program
        from bench.engines.descent.loss_forms import Shape, loss_form, operands
        from bench.engines.descent.networks import network_of
        from bench.engines.descent.optimisers.adam import Adam

        shape, self._net = Shape.of(cell, problem), cell.net()
        self.form = loss_form(shape, fine=True)
        setting = program.Setting(
            net=self._net,
            shape=shape,
            form=self.form,
            optimiser=Adam(network_of(self._net).matrix_shapes()),
            regularised=False,
            pointwise=problem.scale.ndim > 0,
            chunk=1,
        )
        self._arrays: Any = program.device_arrays(operands(problem, self.form), setting)
        self._evaluate = program.loss_and_gradient(setting)
        self._first, self._most = first, cell.steps - first
        self._kept, self._report = frozenset(learning_curve_steps(cell.steps)), report
        self._until = np.inf if seconds is None else time.perf_counter() + seconds
        self.evaluations, self.curve, self.message = 0, list[tuple[int, float]](), ""

    @property
    def late(self) -> bool:
        """Whether time was up."""
        return time.perf_counter() > self._until

    def run(self, start: Weights) -> Weights:
        """Search from these weights and return the best that were met."""
        from bench.engines.descent.networks.network import flattened, unflattened

        self._best = Seen(np.inf, flattened(start))
        if self._most:
            options: Any = {"maxfun": self._most, "maxiter": self._most, "maxcor": HISTORY, "ftol": 0.0, "gtol": 0.0}
            theta = self._best.theta.astype(np.float64)
            try:
                found = scipy.optimize.minimize(self._at, theta, jac=True, method="L-BFGS-B", options=options)
                self.message = f"L-BFGS: {found.message}"
            except _Ended:
                self.message = "L-BFGS: all evaluations spent"
            self.curve.append((self._first + self.evaluations, self._best.loss))
        return unflattened(self._net, self._best.theta)

    def _at(self, theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient; nothing beyond the budget is evaluated."""
        if self.evaluations >= self._most or self.late:
            raise _Ended
        single = theta.astype(np.float32)
        loss, gradient = self._evaluate(self._tf.constant(single), self._arrays)
        value = float(loss)
        if value < self._best.loss:
            self._best = Seen(value, single)
        step = self._first + self.evaluations
        if step in self._kept:
            self.curve.append((step, self._best.loss))
            self._report(step)
        self.evaluations += 1
        return value, gradient.numpy().astype(np.float64)


class _Ended(Exception):
    """The budget is spent."""
