"""Study folders below a results folder, and the published ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TypeVar

from bench.cli.arguments import REFERENCE
from operators.errors import UserError

Found = TypeVar("Found")


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


def each_readable(folders: Iterable[Path], read: Callable[[Path], Found]) -> tuple[list[Found], dict[Path, str]]:
    """What is read of each folder, and why of some nothing can be."""
    found, unreadable = list[Found](), dict[Path, str]()
    for folder in folders:
        try:
            found.append(read(folder))
        except UserError as error:
            unreadable[folder] = str(error)
    return found, unreadable


def require_all_readable(unreadable: Mapping[Path, str]) -> None:
    """Name the folders that could not be read, once the others are shown.

    Raises:
        UserError: there are some.
    """
    if unreadable:
        names, reason = ", ".join(folder.name for folder in unreadable), next(iter(unreadable.values()))
        raise UserError(f"{len(unreadable)} of the studies could not be read: {names}; {reason}")
