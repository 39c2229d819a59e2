"""Answers: what a study found, one sentence for each of its questions, computed from its tables. A kind is one entry of ANSWERS.

A sentence says what it is worth (certified, asymptotic, heuristic, vacuous, measured), counts the cells that have no result, and
says of trainings what is only known of these trainings. What is not identified is said not to be.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results.answers import (
    anchors,
    barrier,
    baselines,
    bounds,
    brackets,
    capacity,
    cells,
    data_efficiency,
    digits,
    errors,
    exponents,
    floors,
    frontier,
    koopman,
    leaderboard,
    mechanism,
    pinn,
    rays,
    sci,
    searches,
    thresholds,
    villani,
)
from results.answers.answer import Answer as Answer
from results.tables.study_tables import StudyTables


@dataclass(frozen=True)
class Kind:
    """A kind of answer.

    Attributes:
        build: the answers of a study; none where it has nothing to answer with.
        needs: the tables they are made of.
        without_runs: whether there is something to say before any cell is done.
    """

    build: Callable[[StudyTables], Iterable[Answer]]
    needs: tuple[str, ...] = ()
    without_runs: bool = False


ANSWERS: dict[str, Kind] = {
    "cells": Kind(cells.nothing_done, without_runs=True),
    "brackets": Kind(brackets.answers, ("brackets",), without_runs=True),
    "frontier": Kind(frontier.answers, ("frontier",), without_runs=True),
    "anchors": Kind(anchors.answers, ("anchors",)),
    "barrier": Kind(barrier.answers, ("barrier",)),
    "architectures": Kind(barrier.of_architectures, ("architectures",)),
    "searches": Kind(searches.answers, ("searches", "search_exponents", "joint_law", "least_n")),
    "data-efficiency": Kind(data_efficiency.answers, ("data_efficiency",)),
    "baselines": Kind(baselines.answers, ("baselines",)),
    "literature": Kind(baselines.of_literature, ("literature",)),
    "exponents": Kind(exponents.answers, ("exponents", "thresholds")),
    "rays": Kind(rays.answers, ("rays",)),
    "mechanism": Kind(mechanism.answers, ("mechanism",)),
    "bounds": Kind(bounds.answers, ("bounds",)),
    "thresholds": Kind(thresholds.answers, ("thresholds",)),
    "leaderboard": Kind(leaderboard.answers, ("leaderboard",)),
    "errors": Kind(errors.answers, ("scaling",)),
    "floors": Kind(floors.answers, ("scaling",)),
    "digits": Kind(digits.answers, ("digits",)),
    "koopman": Kind(koopman.answers, ("koopman",)),
    "capacity": Kind(capacity.answers, ("capacity", "correlations")),
    "sci": Kind(sci.answers, ("sci",)),
    "villani": Kind(villani.answers, ("villani", "sampling")),
    "pinn": Kind(pinn.answers, ("pinn", "pinn_thresholds")),
}


def answers(study: StudyTables) -> tuple[Answer, ...]:
    """Every answer of a study, in the order of ANSWERS; what there is to say of any study if there is none."""
    done = bool((study.frame["status"] == "done").any())
    kinds = [kind for kind in ANSWERS.values() if (done or kind.without_runs) and all(name in study for name in kind.needs)]
    return tuple(answer for kind in kinds for answer in kind.build(study)) or (cells.standing(study),)
