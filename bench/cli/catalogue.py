"""`list` and `bounds`: what there is."""

import dataclasses
from typing import Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import Json


def list_(as_json: Json = False) -> None:
    """List studies and tasks, with what each asks and what each task's truth and stated error are."""
    from bench.catalogue import STUDIES
    from operators import TASKS

    presets = {name: {**study.presets, "paper": study.cells} for name, study in STUDIES.items()}
    studies = [
        {"study": name, "cells": study.cells, "presets": presets[name], "question": study.question()}
        for name, study in STUDIES.items()
    ]
    tasks = [
        {
            "task": task.name,
            "sensors": len(task.sensors()),
            "points": len(task.points()),
            "solver_error": task.card.solver_error,
            "equation": task.card.equation,
            "input_law": task.card.input_law,
            "truth": task.card.truth,
        }
        for task in TASKS.values()
    ]
    if as_json:
        terminal.print_json({"studies": studies, "tasks": tasks})
        return
    texts = {name: ", ".join(f"{part} {count}" for part, count in sizes.items()) for name, sizes in presets.items()}
    told = [{**study, "presets": texts[str(study["study"])]} for study in studies]
    terminal.print_table(told, "no studies")
    terminal.print_table(tasks, "no tasks")


def bounds_(
    as_json: Json = False,
    vacuity: Annotated[bool, typer.Option("--vacuity", help="Instead: which bound says something at which n.")] = False,
) -> None:
    """List the size bounds: what each says, its status, its source and what it needs."""
    from operators.bounds import BOUNDS, vacuity_table
    from operators.bounds.vacuity import as_markdown

    if vacuity:
        table = vacuity_table(BOUNDS)
        if as_json:
            terminal.print_json([dataclasses.asdict(row) for row in table])
        else:
            print(as_markdown(table))
        return
    rows = [
        {
            "bound": bound.name,
            "status": bound.status,
            "title": bound.title,
            "source": bound.citation,
            "needs": "; ".join(bound.hypotheses),
        }
        for bound in BOUNDS.values()
    ]
    if as_json:
        terminal.print_json(rows)
        return
    terminal.print_table(rows, "no bounds")
