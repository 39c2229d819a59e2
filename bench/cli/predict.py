"""`python -m bench predict`: outputs of a fitted model for new inputs."""

import io
from pathlib import Path
from typing import Annotated

import typer

from operators.errors import UserError


def predict(
    model: Annotated[Path, typer.Argument(help="A model.npz that `bench fit --out` wrote.")],
    data: Annotated[Path, typer.Option(help="A .npz, .npy, HDF5 or MATLAB file with new inputs.")],
    inputs: Annotated[str, typer.Option(help="Array or part of inputs, functions x sensors; several as in the fit.")],
    out: Annotated[Path, typer.Option(help="The .npy file to write: outputs, functions x points.")],
    points: Annotated[
        str, typer.Option(help="Array of points (points, dimension), or of each function's own (functions, points, dimension).")
    ] = "",
) -> None:
    """Outputs of a fitted model for new inputs, computed in NumPy.

    For example `python -m bench predict model/model.npz --data new.npz --inputs u --out outputs.npy`.
    """
    import numpy as np

    from operators.atomic_files import write_atomic
    from operators.external.part import find_part
    from operators.external.selection import parse_selections
    from results.models.deeponet_model import load_model

    if out.suffix.lower() != ".npy":
        raise UserError(f"expected a file named *.npy to write, got {out}")
    found = load_model(model)
    parts = [find_part(data, str(selection)) for selection in parse_selections(inputs)]
    for part in parts:
        part.require_functions("inputs")
    if not parts or len({len(part.rows) for part in parts}) > 1:
        raise UserError(f"expected --inputs with arrays of as many functions each, got {inputs!r}")
    places = find_part(data, points).values() if points else None
    if places is not None and places.ndim == 2 and places.shape[1] != found.net.coordinates == 1:
        places = places[:, :, None]
    outputs = found.predict(np.hstack([part.matrix() for part in parts]), places)
    buffer = io.BytesIO()
    np.save(buffer, outputs)
    write_atomic(out, buffer.getvalue())
    print(f"{outputs.shape[0]} functions x {outputs.shape[1]} points: {out}")
