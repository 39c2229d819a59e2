"""How the training loss is computed: five forms of one sum, chosen by a rule of the shape.

    loss = mean over the labels of a batch of (f - t)^2,    f = (s / unit)(<branch, trunk> + b0),    t = (label - mu) / unit

With B functions in a batch, M labels per function, P distinct points, and branch and trunk values U (q, B) and V:

    direct     grid: the residual F - T (B, M) is formed; 6 q B M operations and sweeps over B M numbers
    gram       grid: |F - T|^2 = <U~ U~^T, V~ V~^T> - 2 <U~ T, V~> + |T|^2 with U~ = [U; 1] and V~ = (s / unit) [V; b0];
               4 q B M + 4 q^2 (B + M) operations, no residual, no sweep
    own        other designs, if B M < P: the trunk is evaluated at the B M points of the labels
    table      other designs: F at all B x P pairs, labels in a table with a mask; 6 q B P operations and sweeps over B P numbers
    gathered   other designs: the trunk at the P points, its values gathered for the B M labels; q B M slow operations

All are exact; they differ by rounding. In float32 `gram` resolves the loss to about 1e-7 |T|^2 only, and descent with it stalled
at 3e-7 of the variance where `direct` reached 9e-9 (SOAP, antiderivative, q = 16); what must be resolved finely takes `direct`.

The rules compare operation counts, with constants fitted to runs on one core of an x86-64 server (AVX-512, about 100 Gflop/s): an
element of a sweep costs as much as SWEEP operations of a product, one of the table as TABLE_SWEEP, a gathered product as GATHER.
Over 12 grid and 10 other shapes the rule loses at most 5 % against the faster form.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from bench.cell import Cell
from operators.data.normalisation import Problem

LossForm = Literal["direct", "gram", "own", "table", "gathered"]
Operands = dict[str, NDArray]

SWEEP, TABLE_SWEEP, GATHER = 100, 100, 160
TABLE_LIMIT = 2**24


@dataclass(frozen=True)
class Shape:
    """Sizes that decide the form: B, M, P, q and whether the design is a grid; N bounds the table. q is None without factors."""

    grid: bool
    functions: int
    batch: int
    points: int
    distinct: int
    q: int | None

    @classmethod
    def of(cls, cell: Cell, problem: Problem) -> Self:
        """The shape of a cell."""
        return cls(
            grid=problem.design == "grid",
            functions=cell.functions,
            batch=cell.batch,
            points=cell.points,
            distinct=cell.points if problem.design == "grid" else len(problem.points),
            q=getattr(cell.architecture, "q", None),
        )


def loss_form(shape: Shape, *, fine: bool = False) -> LossForm:
    """The form that the operation counts favour; never `gram` if losses far below |T|^2 must be resolved."""
    b, m, p, q = shape.batch, shape.points, shape.distinct, shape.q
    if q is None:
        return "direct" if shape.grid else "table"
    if shape.grid:
        return "gram" if not fine and 4 * q * q * (b + m) < (2 * q + SWEEP) * b * m else "direct"
    if b * m < p:
        return "own"
    if shape.functions * p <= TABLE_LIMIT and p * (6 * q + TABLE_SWEEP) < GATHER * q * m:
        return "table"
    return "gathered"


def operands(problem: Problem, form: LossForm) -> Operands:
    """The float32 arrays a form reads: inputs (N, m), points (p, M or P), targets and factor, and index or mask."""
    grid = problem.design == "grid"
    targets = ((problem.labels - problem.mean) / problem.unit).astype(np.float32)
    arrays: Operands = {
        "inputs": problem.inputs.astype(np.float32),
        "points": (problem.points[problem.index] if grid else problem.points).T.astype(np.float32),
        "targets": targets,
        "factor": np.asarray(problem.scale / problem.unit, dtype=np.float32),
    }
    if form == "table":
        if any(len(np.unique(row)) < len(row) for row in problem.index):
            raise ValueError("expected distinct points within each function, got a repeated one")
        shape = (len(targets), len(problem.points))
        arrays["targets"], arrays["mask"] = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        np.put_along_axis(arrays["targets"], problem.index, targets, axis=1)
        np.put_along_axis(arrays["mask"], problem.index, np.float32(1.0), axis=1)
    elif not grid:
        arrays["index"] = problem.index.astype(np.int32)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}
