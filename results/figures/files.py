"""The files of a figure: `NAME.png`, `.svg` and `.pdf`; its values, `NAME.csv`; and what it shows in words, `NAME.txt`."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from operators.atomic_files import write_atomic
from operators.file_names import inside
from results.charts.values import values_csv, words
from results.figures.catalogue import Picture
from results.figures.style import METADATA, rendered


def write_picture(folder: Path, picture: Picture, records: pd.DataFrame, kinds: Iterable[str] = METADATA) -> None:
    """Write the files of a figure.

    Args:
        folder: where.
        picture: the figure.
        records: the record table that its charts point into.
        kinds: of the drawings, names of METADATA.

    Raises:
        UserError: one cannot be written; the old file stays.
    """
    contents = {kind: rendered(picture.figure, kind) for kind in kinds}
    contents |= {"csv": values_csv(picture.panels, records), "txt": words(picture.caption, picture.panels).encode()}
    for kind, content in contents.items():
        write_atomic(inside(folder, f"{picture.name}.{kind}"), content)
