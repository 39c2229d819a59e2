"""How far apart are the ends of d when the class of nets is declared?

The questions of the study `brackets` about activated trunks, asked of narrower classes and of shallower nets: widths that never
grow from layer to layer (non-increasing), one width per net, all hidden widths equal (tied), none (no hidden layer), and at most
two hidden layers a side, none included (free depth). A narrower class raises both ends of a bracket; ratios of different classes
answer different questions.
"""

from dataclasses import replace

from bench.cell import Net
from bench.question import NO_HIDDEN_LAYER, Question
from bench.studies.brackets import CASES, NET, SIZES, TASKS
from bench.studies.brackets import STUDY as BRACKETS
from bench.study import Study
from results.records.manifest import NetClass

FIRST_EDITION: dict[NetClass, int] = {"tied": 60, "one-width-per-net": 60, "free-depth": 120}
"""Trainings of what the first edition asked: FIRST_TASKS, to the targets FIRST_TARGETS."""
FIRST_TASKS, FIRST_TARGETS = tuple(TASKS)[:6], (0.05, 0.5)
TRAININGS: dict[NetClass, int] = {
    "tied": 60,
    "one-width-per-net": 30,
    "no-hidden-layer": 60,
    "free-depth": 24,
    "non-increasing": 16,
}


def asked_of(net_class: NetClass, question: Question) -> Question:
    """A question of `brackets`, asked of another class."""
    template, trainings = question.template, TRAININGS[net_class]
    if net_class == NO_HIDDEN_LAYER:
        template = template.model_copy(update={"architecture": Net(branch_widths=(), trunk_widths=())})
    if template.task in FIRST_TASKS and question.target.value in FIRST_TARGETS:
        trainings = FIRST_EDITION.get(net_class, trainings)
    return replace(question, template=template, net_class=net_class, trainings=trainings)


# Questions come in an order in which part i of 15 (`--shard i/15`) holds one class at one N.
STUDY = Study(
    name="net-classes",
    question=__doc__ or "",
    targets=tuple(target for _, target in CASES),
    presets=BRACKETS.presets,
    brackets=tuple(
        asked_of(net_class, question)
        for task in TASKS
        for _, target in CASES
        for net_class in TRAININGS
        for size in SIZES
        for question in BRACKETS.brackets
        if (question.template.task, question.template.functions, question.target, question.net) == (task, size, target, NET)
    ),
)
