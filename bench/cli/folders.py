"""Study folders below a results folder, and the published ones."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from bench.cli.arguments import REFERENCE
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


def reference_folder() -> Path:
    """The published studies: those of the checkout that one is in, or else those of the installation, without records."""
    return REFERENCE if (REFERENCE / "findings.md").is_file() else Path(str(resources.files("results"))) / "reference"


def study_or_published(folder: Path) -> Path:
    """A results folder of a study as it stands; or, of a mere name without a folder, the published study of that name."""
    published = reference_folder() / folder
    return published if not folder.is_dir() and folder.name == str(folder) and published.is_dir() else folder
