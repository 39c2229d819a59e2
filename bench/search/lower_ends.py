"""What is certified about a question before anything is trained: the lower ends of its bracket.

needed   on a grid what every net needs that reaches the target: the rank, and the features of a linear branch or trunk end, each
         the least whose floor allows it (`operators.bounds.eckart_young`)
q_lower  on a grid the least rank whose Eckart-Young floor (with a trained scalar bias) allows the target; 1 elsewhere
d_lower  the larger of the parameters any net of the declared class (with the question's q, if it fixes one) has that has all
         this, and, for absorbed noise, bit counting over all nets of the class with fewer parameters, at 64 bits a parameter, its
         branch head counted or, on top of the least head that this needs, free; none where no net of the class has it (a linear
         end without hidden layers)

About new functions both follow from the spectrum of the outputs, where the task states it: q_lower is the least rank whose tail
allows the target (`operators.bounds.population`), d_lower what a net needs whose first layer sees, and whose outputs span, so
many modes (`operators.bounds.first_layer`).
"""

import math
from dataclasses import dataclass

import numpy as np

from bench.families.deeponet.trial import problem_of
from bench.question import Question
from operators.bounds import bit_counting, eckart_young, first_layer, linear_heads, population, rank_to_parameters
from operators.bounds.bound import Answer, Statement, at_least_q
from operators.bounds.rank_to_parameters import Needed, class_of
from operators.data.dataset import BlockCache, build
from operators.diagnostics.floor import feature_floors_of, floors_of, least_rank
from results.records.manifest import Bracket
from results.witnesses.error import allowed_error

EVALUATED_BITS = 64


@dataclass(frozen=True)
class Certified:
    """What is certified below.

    Attributes:
        needed: of every net that reaches the target.
        bracket: the bracket of the question with its lower ends.
    """

    needed: Needed
    bracket: Bracket


def lower_ends(question: Question, cache: BlockCache) -> Bracket:
    """The bracket of a question with its lower ends."""
    return certified(question, cache).bracket


def certified(question: Question, cache: BlockCache) -> Certified:
    """All that is certified below of a question."""
    cell = question.template
    if question.target.kind == "population":
        return _of_new_functions(question)
    dataset = build(cell.request(), cache)
    target = question.target
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    needed, q_bound = Needed(0), "none: points of their own"
    problem = problem_of(cell, dataset)
    floors, features = floors_of(problem), feature_floors_of(problem)
    if floors is not None and features is not None and cell.net().output_rank() is not None:
        needed = Needed(*(least_rank(allowed, problem, found) for found in (floors, *features)))
        q_bound = eckart_young.BOUND.name
    nets = class_of(cell.deeponet(), question.net_class)
    least = rank_to_parameters.necessary_parameters(nets, needed, question.q)
    said = rank_to_parameters.BOUND.says("d", Answer(least, not needed.rank > 1))
    if target.kind == "absorb" and cell.noise.law != "none":
        net, shape = cell.deeponet(), (cell.functions, cell.n)
        spared = bit_counting.spared_bits(net.sensors, net.coordinates, shape, EVALUATED_BITS)
        counted = bit_counting.necessary_parameters_of_class(
            cell.n, target.value, sizes=nets.free_sizes(question.q), law=cell.noise.law, bits=EVALUATED_BITS, spared=spared
        )
        if said.value < counted:
            said = bit_counting.BOUND.says("d", Answer(counted, False))
        freed = _with_free_heads(question, nets, needed)
        if said.value < freed:
            said = linear_heads.BOUND.says("d", Answer(freed, False))
    q_status = eckart_young.BOUND.says("q", at_least_q(needed.rank)).worth
    return Certified(needed, _bracket(question, needed.rank, q_bound, q_status, said))


def _of_new_functions(question: Question) -> Certified:
    cell = question.template
    spectrum, nets = cell.request().task.output_spectrum(), class_of(cell.deeponet(), question.net_class)
    rank = 1 if spectrum is None else first_layer.least_rank(spectrum, question.target.value)
    least = first_layer.necessary_parameters(nets, rank, rank)
    said = first_layer.BOUND.says("d", Answer(least, not rank > 1))
    q_bound = "none: no spectrum is known" if spectrum is None else population.BOUND.name
    q_status = population.BOUND.says("q", at_least_q(rank)).worth
    return Certified(Needed(rank, branch=rank), _bracket(question, rank, q_bound, q_status, said))


def _bracket(question: Question, rank: int, q_bound: str, q_status: str, said: Statement) -> Bracket:
    """The bracket of a question before anything is tried."""
    cell = question.template
    return Bracket(
        task=cell.task,
        parameters=cell.parameters,
        design=cell.design,
        functions=cell.functions,
        points=cell.points,
        noise_law=cell.noise.law,
        sigma=cell.noise.sigma,
        replicate=cell.replicate,
        target=question.target,
        branch_depth=len(question.net.branch_widths),
        trunk_depth=len(question.net.trunk_widths),
        ends=question.net.ends,
        activation=question.net.activation,
        q_lower=max(rank, 1),
        q_bound=q_bound,
        q_status=q_status,
        d_lower=int(said.value) if math.isfinite(said.value) else None,
        d_bound=said.bound,
        d_status=said.worth,
        q=question.q,
        net_class=question.net_class,
        width=question.width,
    )


def _with_free_heads(question: Question, nets: rank_to_parameters.NetClass, needed: Needed) -> float:
    """Parameters that absorbing takes where the branch head is free; 0 for ends with a sigmoid, and where no net will do."""
    least, cell = nets.smallest_nets(needed, question.q or 1), question.template
    if not least or nets.ends not in ("linear", "activated-trunk"):
        return 0.0
    assert cell.noise.law != "none"
    return linear_heads.necessary_parameters_of_class(
        cell.n,
        question.target.value,
        head=min(net.q * (net.branch_features() + 1) for net in least),
        sizes=nets.free_sizes(question.q),
        law=cell.noise.law,
        bits=EVALUATED_BITS,
    )
