"""What is certified about a question before anything is trained: the lower ends of its bracket.

q_lower  on a grid the least rank whose Eckart-Young floor (with a trained scalar bias) allows the target; 1 elsewhere
d_lower  the larger of the parameters any net of the declared class (with the question's q, if it fixes one) needs for that rank,
         and, for absorbed noise, bit counting over all nets of the class with fewer parameters, at 64 bits a parameter; none
         where no net of the class reaches the rank (a linear end without hidden layers)
"""

import math

import numpy as np

from bench.families.deeponet.trial import problem_of
from bench.question import Question
from operators.bounds import bit_counting, eckart_young, rank_to_parameters
from operators.bounds.bound import Answer, at_least_q
from operators.data.dataset import BlockCache, build
from operators.diagnostics.floor import floors_of, least_rank
from results.records.manifest import Bracket
from results.witnesses.error import allowed_error

EVALUATED_BITS = 64


def lower_ends(question: Question, cache: BlockCache) -> Bracket:
    """The bracket of a question with its lower ends."""
    cell = question.template
    dataset = build(cell.request(), cache)
    target = question.target
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    rank, q_bound = 0, "none: points of their own"
    problem = problem_of(cell, dataset)
    floors = floors_of(problem)
    if floors is not None and cell.net().output_rank() is not None:
        rank, q_bound = least_rank(allowed, problem, floors), eckart_young.BOUND.name
    nets = rank_to_parameters.class_of(cell.deeponet(), question.net_class)
    of_rank = Answer(rank_to_parameters.necessary_parameters(nets, rank, question.q), not rank > 1)
    needed = rank_to_parameters.BOUND.says("d", of_rank)
    if target.kind == "absorb" and cell.noise.law != "none":
        counted = bit_counting.necessary_parameters_of_class(
            cell.n, target.value, sizes=nets.free_sizes(question.q), law=cell.noise.law, bits=EVALUATED_BITS
        )
        if needed.value < counted:
            needed = bit_counting.BOUND.says("d", Answer(counted, False))
    return Bracket(
        task=cell.task,
        parameters=cell.parameters,
        design=cell.design,
        functions=cell.functions,
        points=cell.points,
        noise_law=cell.noise.law,
        sigma=cell.noise.sigma,
        replicate=cell.replicate,
        target=target,
        branch_depth=len(question.net.branch_widths),
        trunk_depth=len(question.net.trunk_widths),
        ends=question.net.ends,
        activation=question.net.activation,
        q_lower=max(rank, 1),
        q_bound=q_bound,
        q_status=eckart_young.BOUND.says("q", at_least_q(rank)).worth,
        d_lower=int(needed.value) if math.isfinite(needed.value) else None,
        d_bound=needed.bound,
        d_status=needed.worth,
        q=question.q,
        net_class=question.net_class,
        width=question.width,
    )
