"""How does the clean training error depend on branch width, trunk width, q and n?

Where does the rank floor (Eckart and Young) decide, where the widths, and where the optimiser?
"""

from bench.cell import Cell, Net, Training
from bench.preset import Preset
from bench.study import Study
from results.records.manifest import Target

STUDY = Study(
    name="widths",
    question=__doc__ or "",
    cells=(
        Cell(
            task=task,
            functions=functions,
            points=40,
            architecture=Net(branch_widths=(branch, branch), trunk_widths=(trunk, trunk), q=q),
            training=Training(steps=4000),
            replicate=replicate,
        )
        for task in ("burgers", "darcy", "advection", "advection-box", "advection-diffusion-reaction", "antiderivative")
        for functions in (64, 128, 256)
        for branch in (8, 16, 32)
        for trunk in (8, 16, 32)
        for q in (2, 4, 8, 16)
        for replicate in range(3)
    ),
    targets=tuple(Target(kind="relative", value=tau) for tau in (0.3, 0.1, 0.03, 0.01)),
    presets={
        "smoke": Preset(
            "antiderivative at N = 64, one replicate of three",
            lambda cell: cell.task == "antiderivative" and cell.functions == 64 and cell.replicate == 0,
        )
    },
)
