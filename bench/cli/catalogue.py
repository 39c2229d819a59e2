"""`list` and `bounds`: what there is."""

import dataclasses
import html
from typing import Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import Json
from bench.cli.folders import reference_folder


def list_(
    as_json: Json = False,
    published: Annotated[bool, typer.Option("--published", help="Instead: the published tables, and where they lie.")] = False,
) -> None:
    """List studies, strands of the programme and tasks, with what each asks and what each task's truth and stated error are."""
    if published:
        tables = _published()
        terminal.print_json(tables) if as_json else terminal.print_table(tables, "nothing published here")
        return
    from bench.catalogue import STUDIES
    from operators import TASKS
    from results.programme import every_strand

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
    programme = [
        {
            "strand": strand.title,
            "kind": strand.kind,
            "studies": ", ".join(strand.studies),
            "statement": strand.statement,
            "status": strand.status,
            "verdict": " ".join(f"{name}: {told}" for name in strand.studies if (told := _verdict(name))) or "not published yet",
            "falsified by": strand.falsified_by,
            "source": strand.source,
        }
        for strand in every_strand()
    ]
    if as_json:
        terminal.print_json({"studies": studies, "programme": programme, "tasks": tasks})
        return
    texts = {name: ", ".join(f"{part} {count}" for part, count in sizes.items()) for name, sizes in presets.items()}
    listed = [{**study, "presets": texts[str(study["study"])]} for study in studies]
    terminal.print_table(listed, "no studies")
    terminal.print_table(programme, "no strands")
    terminal.print_table(tasks, "no tasks")


def _published() -> list[dict[str, object]]:
    """The published tables, those over all studies first."""
    from results.editions.edition import load_edition

    reference = reference_folder()
    rows: list[dict[str, object]] = [
        {"study": "", "edition": "", "table": path.name, "file": str(path)} for path in sorted(reference.glob("*.csv"))
    ]
    for folder in sorted(path.parent for path in reference.glob("*/edition.json")):
        if edition := load_edition(folder):
            known = {"study": folder.name, "edition": edition.edition}
            rows += [{**known, "table": name, "file": str(folder / name)} for name in sorted(edition.tables)]
    return rows


def _verdict(study: str) -> str:
    """The first sentence that is published of a study; empty where there is none."""
    path = reference_folder() / "findings.md"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    section = text.partition(f"\n## {study}\n\n- ")[2]
    return html.unescape(section.partition(" *What would change it:")[0]).replace("\\", "")


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
