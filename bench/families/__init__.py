"""Families: kinds of experiments, the execution half. One line per entry."""

from typing import Any

from bench.families.baselines.execution import BaselinesExecution
from bench.families.capacity import CapacityExecution
from bench.families.deeponet.execution import DeepONetExecution
from bench.families.digits import DigitsExecution
from bench.families.family import Execution
from bench.families.koopman import KoopmanExecution
from bench.families.pinn import PhysicsInformedExecution
from bench.families.sci import SectionsExecution
from bench.families.villani import VillaniExecution

FAMILIES: dict[str, Execution] = {
    family.name: family
    for family in (
        DeepONetExecution(),
        BaselinesExecution(),
        SectionsExecution(),
        DigitsExecution(),
        KoopmanExecution(),
        VillaniExecution(),
        CapacityExecution(),
        PhysicsInformedExecution(),
    )
}


def execution_of(cell: Any) -> Execution:
    """How a cell is run."""
    return FAMILIES[cell.family]


__all__ = ["FAMILIES", "Execution", "execution_of"]
