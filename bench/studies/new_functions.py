"""How small can a DeepONet be that is good on new functions?

Linear operators of a Gaussian input, whose spectrum is known. Below: the rank that the spectrum asks of q, and what a net needs
whose first layer sees so many modes (Theorem E1). Above: a net whose branch is linear and whose trunk holds the leading modes,
measured on functions that its own hash draws. And Burgers' equation at low viscosity in space and time: below the same, but for
estimated modes, with a confidence; above nets trained on 1,024 functions. Two hidden layers per net, tanh, activated trunk.
"""

from bench.cell import Cell, Net, Training
from bench.preset import Preset
from bench.question import Question
from bench.study import Study
from results.records.manifest import Target

POINTS = {"antiderivative": 100, "advection": 100, "heat": 100, "wave": 100, "heat-square": 1024}
TARGETS = (0.1, 0.05, 0.02)
FRAMES = {"point_count": 33, "time_count": 11, "steps": 10}
NET = Net(branch_widths=(64, 64), trunk_widths=(64, 64))
LINEAR = tuple(
    Question(
        template=Cell(task=task, functions=1, points=points, architecture=NET),
        target=Target(kind="population", value=value),
        trainings=1,
    )
    for task, points in POINTS.items()
    for value in TARGETS
    if value >= 0.05 or task != "heat-square"
)
NONLINEAR = tuple(
    Question(
        template=Cell(
            task="burgers-low-viscosity",
            parameters=FRAMES,
            functions=1024,
            points=363,
            test_functions=2048,
            architecture=NET,
            training=Training(steps=3000),
        ),
        target=Target(kind="population", value=value),
        width=64,
        restarts=1,
        trainings=30,
    )
    for value in TARGETS[:2]
)

STUDY = Study(
    name="new-functions",
    question=__doc__ or "",
    presets={"smoke": Preset("antiderivative", lambda question: question.template.task == "antiderivative")},
    brackets=LINEAR + NONLINEAR,
)
