"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_OUT = Path("results/out")
Out = Annotated[Path, typer.Option(help="Results folder; each study has a folder of its own below it.")]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
