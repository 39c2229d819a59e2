"""How far apart are the ends of d when the class of nets is declared?

The 36 questions of the study `brackets` about six operators, asked of narrower classes and of shallower nets: at most two
hidden layers a side, none included (free depth), one width per net, and all hidden widths equal (tied). A narrower class raises
both ends of a bracket; ratios of different classes answer different questions.
"""

from dataclasses import replace

from bench.studies.brackets import CASES
from bench.studies.brackets import STUDY as BRACKETS
from bench.study import Study
from results.records.manifest import NetClass

TASKS = ("advection", "advection-speed", "antiderivative", "burgers-low-viscosity", "darcy", "advection-diffusion-reaction")
SIZES = (32, 48, 64)
TRAININGS: dict[NetClass, int] = {"free-depth": 120, "one-width-per-net": 60, "tied": 60}

# Questions come in an order in which part i of 9 (`--shard i/9`) holds one class at one N.
STUDY = Study(
    name="net-classes",
    question=__doc__ or "",
    targets=tuple(target for _, target in CASES),
    presets=BRACKETS.presets,
    brackets=tuple(
        replace(asked, net_class=net_class, trainings=trainings)
        for task in TASKS
        for _, target in CASES
        for net_class, trainings in TRAININGS.items()
        for size in SIZES
        for asked in BRACKETS.brackets
        if (asked.template.task, asked.template.functions, asked.target) == (task, size, target)
    ),
)
