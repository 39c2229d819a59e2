"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUT = Path("results/out")
REFERENCE = Path("results/reference")
Out = Annotated[Path, typer.Option(help="Results folder; each study has a folder of its own below it.")]
Reference = Annotated[Path, typer.Option(help="Folder of the published studies.")]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Figures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the figures; else those drawn before stay.")]
