"""Families: kinds of experiments, the evidence half. One line per entry."""

from results.families.baselines import Baselines
from results.families.deeponet import DeepONetTraining
from results.families.family import Family

FAMILIES: dict[str, Family] = {family.name: family for family in (DeepONetTraining(), Baselines())}

__all__ = ["FAMILIES", "Family"]
