"""Study folders below a results folder."""

from collections.abc import Sequence
from pathlib import Path

from operators.errors import UserError


def study_folder(out: Path, name: str) -> Path:
    """The folder of a study that has been run.

    Raises:
        UserError: there is none.
    """
    folder = out / name
    if not (folder / "study.json").exists():
        raise UserError(f"expected a study folder at {folder}, found none; `python -m bench status --out {out}` lists them")
    return folder


def all_folders(out: Path) -> Sequence[Path]:
    """Study folders below a results folder."""
    return sorted(path.parent for path in out.glob("*/study.json"))
