"""Text from elsewhere as the name of a file: the one way by which what a file states becomes part of a path."""

import re
from pathlib import Path

from operators.errors import UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}(\.[a-z0-9]{1,8})?")
SHOWN = 80


def inside(folder: Path, name: str) -> Path:
    """The path of a name below a folder.

    Raises:
        UserError: the name is not one of at most 120 letters, digits, hyphens and underscores, with at most one ending.
    """
    if not NAME.fullmatch(name):
        raise UserError(
            f"expected a name of letters, digits, hyphens and underscores for a file in {folder}, got {ascii(name)[:SHOWN]};"
            " nothing was written under it"
        )
    return folder / name
