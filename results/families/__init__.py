"""Families: kinds of experiments, the evidence half. One line per entry."""

from results.families.baselines import Baselines
from results.families.capacity import Capacity
from results.families.deeponet import DeepONetTraining
from results.families.digits import Digits
from results.families.family import Family
from results.families.koopman import Koopman
from results.families.pinn import PhysicsInformed
from results.families.sci import Sections
from results.families.villani import Villani

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        DeepONetTraining(),
        Baselines(),
        Sections(),
        Digits(),
        Koopman(),
        Villani(),
        Capacity(),
        PhysicsInformed(),
    )
}

__all__ = ["FAMILIES", "Family"]
