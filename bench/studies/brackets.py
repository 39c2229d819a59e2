"""For each operator, data size and target: how small can a DeepONet be, between what is certified and what was seen?

Clean data must be fitted to a relative error, noisy data absorbed to a fraction. Two hidden layers per net, tanh, activated
trunk.
"""

from bench.cell import Cell, Net, Noise, Training
from bench.preset import Preset
from bench.question import Question
from bench.study import Study
from results.records.manifest import Target

TASKS: dict[str, dict[str, float]] = {
    **{name: {} for name in ("advection", "advection-speed", "antiderivative", "burgers-low-viscosity", "darcy")},
    "advection-diffusion-reaction": {},
    "heat": {},
    "advection-box": {"point_count": 64},
}
CASES = (
    (Noise(), Target(kind="relative", value=0.05)),
    (Noise(law="rademacher", sigma=0.3), Target(kind="absorb", value=0.5)),
)

STUDY = Study(
    name="brackets",
    question=__doc__ or "",
    targets=tuple(target for _, target in CASES),
    presets={
        "smoke": Preset(
            "antiderivative at N = M = 32",
            lambda question: question.template.task == "antiderivative" and question.template.functions == 32,
        )
    },
    brackets=tuple(
        Question(
            template=Cell(
                task=task,
                parameters=parameters,
                functions=size,
                points=size,
                noise=noise,
                architecture=Net(branch_widths=(64, 64), trunk_widths=(64, 64)),
                training=Training(steps=3000),
            ),
            target=target,
        )
        for task, parameters in TASKS.items()
        for size in (32, 48, 64)
        for noise, target in CASES
    ),
)
