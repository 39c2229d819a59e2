"""For each operator, data size and target: how small can a DeepONet be, between what is certified and what was seen?

Clean data must be fitted to a relative error, noisy data absorbed to a fraction. Two hidden layers per net, tanh, activated
trunk; of three operators also sigmoid ends, whose factors lie in (0, 1).
"""

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.question import Question
from bench.study import Study
from results.records.manifest import Target

TASKS: dict[str, dict[str, float]] = {
    **{name: {} for name in ("advection", "advection-speed", "antiderivative", "burgers-low-viscosity", "darcy")},
    **{name: {} for name in ("advection-diffusion-reaction", "heat")},
    "advection-box": {"point_count": 64},
    **{name: {} for name in ("wave", "poisson", "korteweg-de-vries", "kuramoto-sivashinsky")},
}
SIZES = (32, 48, 64)
NET = Net(branch_widths=(64, 64), trunk_widths=(64, 64))
SIGMOID = Net(branch_widths=(64, 64), trunk_widths=(64, 64), ends="sigmoid")
CASES = (
    (Noise(), Target(kind="relative", value=0.05)),
    (Noise(), Target(kind="relative", value=0.02)),
    (Noise(law="rademacher", sigma=0.3), Target(kind="absorb", value=0.5)),
)

SIGMOID_TASKS = ("antiderivative", "advection", "heat")


def asked(task: str, size: int, noise: Noise, target: Target, *, net: Net = NET, trainings: int = 60) -> Question:
    """The question of one operator at N = M."""
    cell = Cell(
        task=task,
        parameters=TASKS[task],
        functions=size,
        points=size,
        noise=noise,
        architecture=net,
        training=Training(steps=3000),
    )
    return Question(template=cell, target=target, trainings=trainings)


STUDY = Study(
    name="brackets",
    question=__doc__ or "",
    targets=tuple(target for _, target in CASES),
    presets={
        "smoke": Preset(
            "antiderivative at N = M = 32, activated trunk",
            lambda question: (
                question.template.task == "antiderivative" and question.template.functions == 32 and question.net.ends == NET.ends
            ),
        )
    },
    brackets=(
        *(asked(task, size, *case) for task in TASKS for size in SIZES for case in CASES),
        *(asked(task, SIZES[0], *case, net=SIGMOID, trainings=8) for task in SIGMOID_TASKS for case in CASES),
    ),
)
