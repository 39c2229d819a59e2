"""`python -m bench size`: how big must my DeepONet be?

Linear algebra runs on one thread: the same bits whatever else the machine does. How long it takes: docs/measured.md.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.folders import study_or_published
from bench.extras import require
from operators.errors import UserError

if TYPE_CHECKING:
    from results.sizing.report import SizeReport

KINDS = (".png", ".svg")


def size(
    data: Annotated[Path, typer.Option(help="A .npz, .npy, HDF5 or MATLAB file with the outputs, functions x points.")],
    target: Annotated[float, typer.Option(help="Training error |Y - H| / |Y| to reach.")],
    array: Annotated[
        str | None, typer.Option(help="Name of the outputs, if the file holds several arrays; or a part: 'tensor[:, -1, ::4]'.")
    ] = None,
    absolute: Annotated[bool, typer.Option("--absolute", help="The target is a root mean square error.")] = False,
    noise: Annotated[
        float | None, typer.Option(help="Standard deviation of the label noise, in the units of the outputs.")
    ] = None,
    replicates: Annotated[str | None, typer.Option(help="Array of replicate measurements, to estimate the noise from.")] = None,
    law: Annotated[str, typer.Option(help="Law of the noise: gaussian, rademacher or uniform.")] = "gaussian",
    failure_probability: Annotated[
        float | None, typer.Option(help="Of certified statements about noise; that of all statements of the suite if left out.")
    ] = None,
    inputs: Annotated[str | None, typer.Option(help="Array of sensor values, functions x sensors, for parameter counts.")] = None,
    coordinates: Annotated[int, typer.Option(help="Dimension of the query points, for parameter counts.")] = 1,
    study: Annotated[
        Path | None, typer.Option(help="Results folder of a study, or the name of a published one, for a heuristic prediction.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure to this .png or .svg file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False,
) -> None:
    """Answer "how big must my DeepONet be?" for your own outputs.

    Prints the smallest q that the singular values of the outputs do not exclude from the target (certified), the floor of the
    training error for each q, and, with a noise level, how much of that q is only noise.

    For example `python -m bench size --data mine.npz --array outputs --target 0.01`, or with `--noise 0.05 --plot size.svg`;
    `--data 1D_Burgers.hdf5 --array 'tensor[:, -1]'` for one time of a file in PDEBench's layout.
    """
    if plot is not None and plot.suffix.lower() not in KINDS:
        raise UserError(f"expected a figure named *.png or *.svg, got {plot}; choose one of these endings")
    if plot is not None:
        require("`bench size --plot`", "report")
    from operators.threads import one_thread
    from results.sizing.request import SizeRequest, size_report

    request = SizeRequest(
        data=data,
        target=target,
        array=array,
        absolute=absolute,
        noise=noise,
        replicates=replicates,
        law=law,  # type: ignore[arg-type]
        inputs=inputs,
        coordinates=coordinates,
        study=None if study is None else study_or_published(study),
        **({} if failure_probability is None else {"failure_probability": failure_probability}),
    )
    with one_thread():
        report = size_report(request)
    if plot is not None:
        _draw(report, plot)
    print(json.dumps(report.as_json(), indent=2, sort_keys=True, allow_nan=False) if as_json else report.as_text())


def _draw(report: "SizeReport", path: Path) -> None:
    from operators.atomic_files import write_atomic
    from results.figures.size import size_figure
    from results.figures.style import rendered

    write_atomic(path, rendered(size_figure(report.size), path.suffix.lower().removeprefix(".")))
