"""Study folders below a results folder."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

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
