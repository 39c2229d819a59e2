"""`python -m bench fit`: from my data to a small, good DeepONet."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import Json
from bench.extras import require
from operators.errors import UserError

if TYPE_CHECKING:
    from bench.fit.report import FitReport

KINDS = (".png", ".svg", ".pdf")


def fit(
    data: Annotated[Path, typer.Option(help="A .npz, .npy, HDF5 or MATLAB file.")],
    inputs: Annotated[str, typer.Option(help="Array or part of inputs, functions x sensors; several: 'u, f'.")],
    outputs: Annotated[str, typer.Option(help="Array or part of outputs, functions x points; several are components.")],
    points: Annotated[
        str, typer.Option(help="Coordinates: common, of each function's own, or of each row; grids of [0, 1] if left out.")
    ] = "",
    target: Annotated[float, typer.Option(help="Training error |Y - H| / |Y| to reach with the smallest net.")] = 0.01,
    noise: Annotated[float | None, typer.Option(help="Standard deviation of the noise, in the units of the outputs.")] = None,
    split: Annotated[str, typer.Option(help="Array with 0 (training), 1 (validation) or 2 (test) for each function.")] = "",
    seed: Annotated[int, typer.Option(help="Of the split, if none is given.")] = 0,
    cpu_seconds: Annotated[float, typer.Option(help="Budget of the searches.")] = 120.0,
    depth: Annotated[int, typer.Option(help="Hidden layers of branch and trunk.", min=1, max=8)] = 2,
    out: Annotated[Path | None, typer.Option(help="Folder for the model, the report and the figure.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the figure to this .png, .svg or .pdf file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: Json = False,
) -> None:
    """Fit a DeepONet to your own data: lines, certified size, small nets, the best on new functions.

    Functions may have points of their own, or rows be triples of input, point and value (docs/fit.md).
    For example `python -m bench fit --data mine.npz --inputs u --outputs y --points x --target 0.01 --out model`.
    """
    if plot is not None and plot.suffix.lower() not in KINDS:
        raise UserError(f"expected a figure named *.png, *.svg or *.pdf, got {plot}; choose one of these endings")
    if plot is not None:
        require("`bench fit --plot`", "report")
    from bench.fit.files import Files, read
    from bench.fit.fitting import fit as fit_arrays
    from bench.fit.private_bracket import question_of, require_same_question
    from bench.fit.report import FitReport

    files = Files(data, inputs, outputs, points, split, seed)
    question = question_of(files, target, depth)
    if out is not None:
        require_same_question(out, question)
    found = read(files)
    say = (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr, flush=True))
    fitted = fit_arrays(found, target, noise=noise, cpu_seconds=cpu_seconds, depth=depth, say=say)
    report = FitReport(fitted, str(data), outputs)
    if plot is not None:
        _draw(report, plot)
    if out is not None:
        from bench.fit.folder import write_folder

        for sentence in write_folder(out, report, question):
            print(f"note: {sentence}", file=sys.stderr)
    if as_json:
        terminal.print_json(report.as_json())
    else:
        print(report.as_text())


def _draw(report: "FitReport", path: Path) -> None:
    from operators.atomic_files import write_atomic
    from results.figures.fit import fit_figure
    from results.figures.style import rendered

    write_atomic(path, rendered(fit_figure(report.curves()), path.suffix.lower().removeprefix(".")))
