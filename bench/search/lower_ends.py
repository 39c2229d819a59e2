"""What is certified about a question before anything is trained: the lower ends of its bracket.

q_lower  on a grid the least rank whose Eckart-Young floor (with a trained scalar bias) allows the target; 1 elsewhere
d_lower  the larger of the parameters any net of the declared family (with the question's q, if it fixes one) needs for that rank,
         and, for absorbed noise, bit counting over the trainings of the search (which all saw the same noise), at 64 bits a
         parameter
"""

import math

import numpy as np

from bench.question import Question
from operators.bounds import bit_counting, eckart_young, rank_to_parameters
from operators.bounds.bound import Answer, at_least_q
from operators.data.dataset import BlockCache, build
from operators.data.normalisation import scaled
from results.records.manifest import Bracket
from results.witnesses.error import allowed_error

FAILURE_PROBABILITY = 0.05


def lower_ends(question: Question, cache: BlockCache) -> Bracket:
    """The bracket of a question with its lower ends."""
    cell = question.template
    dataset = build(cell.request(), cache)
    target = question.target
    energy = float(np.mean(dataset.labels**2))
    allowed = energy * allowed_error(target, label_energy=energy, noise_energy=dataset.noise_energy) ** 2
    rank, q_bound = 0, "none: points of their own"
    if cell.design == "grid":
        problem = scaled(dataset, cell.training.input_scaling, cell.training.coordinate_scaling, cell.training.output_scaling)
        floors = eckart_young.floors_of_deeponet(problem.labels, problem.mean, problem.scale)
        rank, q_bound = int(np.argmax(floors <= allowed)), eckart_young.BOUND.name
    family = rank_to_parameters.family_of(cell.deeponet())
    of_rank = Answer(rank_to_parameters.necessary_parameters(family, rank, question.q), not rank > 1)
    needed = rank_to_parameters.BOUND.says("d", of_rank)
    if target.kind == "absorb" and cell.noise.law != "none":
        counted = bit_counting.necessary_parameters(
            cell.n,
            target.value,
            law=cell.noise.law,
            bits=64,
            failure_probability=FAILURE_PROBABILITY,
            configurations=question.trainings,
        )
        if counted > needed.value:
            needed = bit_counting.BOUND.says("d", Answer(math.ceil(counted), False), failure_probability=FAILURE_PROBABILITY)
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
        branch_depth=len(cell.net.branch_widths),
        trunk_depth=len(cell.net.trunk_widths),
        ends=cell.net.ends,
        activation=cell.net.activation,
        q_lower=max(rank, 1),
        q_bound=q_bound,
        q_status=eckart_young.BOUND.says("q", at_least_q(rank)).worth,
        d_lower=int(needed.value),
        d_bound=needed.bound,
        d_status=needed.worth,
        q=question.q,
        tied=question.tied,
        width=question.width,
    )
