"""How a dictionary is measured: nodes and images, snapshots, eigenvalues with residuals."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.families.family import Context
from bench.families.measuring import Measuring
from operators import find_task
from operators.arrays import Array
from operators.companions import flows
from operators.companions.koopman import Snapshots, snapshots
from operators.errors import UserError
from operators.seeds import stream
from operators.tasks.task import Task
from results.families.koopman import HALF_WIDTH, LEVELS, PROBES, Cell, Measured

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
FLOWS: dict[str, dict[str, float | str]] = {
    "heat": {},
    "advection": {},
    "burgers-low-viscosity": {"time_count": 1, "point_count": 100, "steps": 400},
}
SPURIOUS = 0.1


class KoopmanExecution(Measuring):
    """Measures dictionaries."""

    name = "koopman"
    cell = Cell

    def measure(self, cell: Cell, context: Context) -> Measured:
        """Eigenvalues, residuals at the probes, and the pseudospectrum if it is asked for."""
        found = _of_flow(cell) if cell.system in FLOWS else _of_map(cell)
        values, residuals = found.edmd()
        order = np.lexsort((values.imag, values.real, residuals))
        return Measured(
            rank=found.rank,
            gram_defect=found.gram_defect,
            invariance_defect=found.invariance_defect(),
            spurious=flows.share_above(residuals, SPURIOUS),
            above={f"{level:g}": int(np.sum(residuals > level)) for level in LEVELS},
            least={name: found.least_residual(z) for name, z in PROBES.items()},
            eigenvalues=tuple((values[k].real, values[k].imag, residuals[k]) for k in order) if cell.grid else (),
            pseudospectrum=_grid(found, cell.grid),
        )

    def label(self, cell: Cell) -> str:
        """System, dictionary and size."""
        return f"koopman {cell.system}, {cell.q} {cell.dictionary} functions"


def _grid(found: Snapshots, count: int) -> tuple[float, ...]:
    across, upwards = np.linspace(-HALF_WIDTH, HALF_WIDTH, count), np.linspace(0.0, HALF_WIDTH, count)
    return tuple(found.least_residual(complex(re, im)) for im in upwards for re in across)


def _of_map(cell: Cell) -> Snapshots:
    """Observables of a map at quadrature nodes."""
    nodes = flows.MAPS[cell.system](cell.nodes)
    here, moved = (_observables(cell, x) for x in (nodes.here, nodes.moved))
    return snapshots(here, moved, nodes.weights)


def _observables(cell: Cell, x: Array) -> NDArray:
    if cell.dictionary == "legendre":
        return flows.legendre_functions(x, cell.q)
    if cell.dictionary == "fourier":
        return flows.fourier_functions(x, cell.q)
    return flows.tanh_functions(x, cell.q, cell.scale, stream("init", "koopman", cell.q, cell.replicate))


def _of_flow(cell: Cell) -> Snapshots:
    """Linear observables u -> mean of t_k u of a flow's states; the mean over functions drawn from the task's law."""
    task = find_task(cell.system, FLOWS[cell.system])
    states, images = _pairs(task, cell, "inputs")
    modes = _modes(task, cell)
    weights = np.full(cell.nodes, 1.0 / cell.nodes)
    return snapshots(flows.functionals(states, modes), flows.functionals(images, modes), weights)


def _pairs(task: Task, cell: Cell, name: str) -> tuple[Array, Array]:
    """States before and after, on one grid, (N, P) each."""
    random = stream("test" if name == "test" else "inputs", "koopman", cell.system, cell.replicate)
    coefficients = task.draw(random, cell.nodes)
    return task.inputs(coefficients), task.outputs(coefficients)


def _modes(task: Task, cell: Cell) -> Array:
    """t_k on the grid, (P, q): waves, principal directions of the images of other functions, or trunk functions."""
    count = len(task.sensors())
    if cell.dictionary == "fourier":
        return flows.real_fourier(count, cell.q)
    if cell.dictionary == "pod":
        return flows.pod_modes(_pairs(task, cell, "test")[1], cell.q)
    return _trunk(cell, task.sensors())


def _trunk(cell: Cell, x: Array) -> Array:
    """Trunk functions of the witness at the end of the time interval.

    Raises:
        UserError: the published witness is not here, or is of another task or size.
    """
    from operators.architectures.deeponet import DeepONet
    from results.witnesses.file import load_witness

    found = sorted(REFERENCE.glob(f"*/witnesses/{cell.witness}.npz"))
    if not found:
        raise UserError(f"expected the witness {cell.witness[:12]} below {REFERENCE}, found none; run in a clone of the project")
    witness = load_witness(found[0])
    header, net = witness.header, witness.header.net()
    if header.data.task != cell.system or not isinstance(net, DeepONet) or net.q != cell.q:
        raise UserError(f"expected a witness of {cell.system} with q = {cell.q}, got one of {header.data.task}")
    whole = find_task(cell.system, dict(header.data.parameters)).points()
    points = np.column_stack([x, np.full((len(x), whole.shape[1] - 1), whole[:, -1].max())])
    if header.scaling.coordinates == "unit":
        low, high = whole.min(axis=0), whole.max(axis=0)
        points = 2.0 * (points - low) / (high - low) - 1.0
    return net.trunk(witness.weights, points)
