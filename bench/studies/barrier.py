"""Does linear reconstruction stall on discontinuities where nonlinear reconstruction does not?

Error against q of DeepONet and POD-DeepONet, which are linear in their trunk, of shift-DeepONet, which is not, and of a Fourier
neural operator and a plain net on (u, y), which have no q; beside the certified floor of rank q. On jumps (box and sign
advection) and steep fronts (Burgers at low viscosity) that floor falls slowly, in L1 like 1 / q (Lanthaler, Molinaro, Hadorn,
Mishra, arXiv 2210.01074); on a smooth control (heat) at once. Nonlinear reconstruction may lie below it: that is allowed, and
no violation.
"""

from bench.cell import Cell, Training
from bench.preset import Preset
from bench.study import Study
from results.records.manifest import Target

SIDE = 64
GRID = {"sensor_count": SIDE, "point_count": SIDE}
TASKS: dict[str, dict[str, float | str]] = {
    "advection-box": {**GRID},
    "advection-sign": {**GRID},
    "burgers-low-viscosity": {**GRID, "time_count": 1, "viscosity": 0.002, "modes": 127, "steps": 200},
    "heat": {**GRID},
}
TERMS = (2, 4, 8, 16)
REPLICATES = 2
SOLVED = Training(steps=1500)
SHARED = {"recipe": "soap", "decay": "cosine", "batch": 32}
MOVED = Training(steps=1500, learning_rate=1e-2, **SHARED)
SPECTRAL = Training(steps=1500, learning_rate=5e-3, **SHARED)


def nets(q: int) -> tuple[tuple[dict[str, object], Training], ...]:
    """Those with q terms; POD-DeepONet has its mean function for one of them."""
    branch = (48, 48)
    return (
        ({"name": "deeponet", "branch_widths": branch, "trunk_widths": (48, 48), "q": q, "ends": "linear"}, SOLVED),
        ({"name": "pod-deeponet", "branch_widths": branch, "q": q - 1, "nodes": SIDE}, SOLVED),
        ({"name": "shift-deeponet", "branch_widths": branch, "trunk_widths": (16, 16), "q": q}, MOVED),
    )


NETS = (
    *(net for q in TERMS for net in nets(q)),
    ({"name": "mlp", "widths": (48, 48)}, MOVED),
    ({"name": "fourier-operator", "width": 12, "modes": 16, "projection": 24}, SPECTRAL),
)

SMOKE = Preset(
    "advection-box once, with at most 4 terms",
    lambda cell: cell.replicate == 0 and cell.task == "advection-box" and getattr(cell.architecture, "q", 0) <= 4,
)

STUDY = Study(
    name="barrier",
    question=__doc__ or "",
    cells=(
        Cell(
            task=task,
            parameters=parameters,
            functions=512,
            points=SIDE,
            test_functions=512,
            architecture=net,
            training=training,
            replicate=replicate,
        )
        for replicate in range(REPLICATES)
        for task, parameters in TASKS.items()
        for net, training in NETS
    ),
    targets=(Target(kind="relative", value=0.1),),
    presets={"smoke": SMOKE},
)
