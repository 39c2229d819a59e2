"""`python -m bench prune`: witnesses without training."""

from typing import Annotated

import typer

from bench.cli.arguments import DEFAULT_OUT, Out


def prune(
    study: Annotated[str, typer.Argument(help="A built-in study of brackets, or a study file.")],
    out: Out = DEFAULT_OUT,
    cpu_seconds: Annotated[float, typer.Option(help="Of pruning, per question; 0 for the explicit nets alone.", min=0.0)] = 50.0,
) -> None:
    """Construct the explicit net of every question of a study, prune it, and enter what reaches the target.

    For example `python -m bench prune brackets --cpu-seconds 50`. Nothing is trained; `report` puts the witnesses into the tables
    of a study that was run, `submit results/out/brackets --into results/reference` into those of a published one.
    """
    from bench.drivers.pruning import prune as prune_all
    from bench.study import load_study
    from operators.data.function_cache import BlockCache

    asked = load_study(study)
    for found in prune_all(asked, out / asked.name, BlockCache(out / ".data"), cpu_seconds=cpu_seconds):
        cell, bracket = found.question.template, found.bracket
        print(
            f"{cell.task} N = {cell.functions}, {bracket.target.label}: q >= {bracket.q_lower}, d >= {bracket.d_lower};"
            f" witnesses: {found.sizes()}",
            flush=True,
        )
