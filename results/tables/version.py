"""Which code computes the tables, and when it did: what a page says of itself."""

import datetime
import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

import operators
import results

PACKAGE = "deeponet-size-bounds"
DIGITS = 12


@cache
def sources_sha256() -> str:
    """SHA-256 of all modules of `operators` and `results`, in order of path."""
    digest = hashlib.sha256()
    for package in (operators, results):
        folder = Path(package.__file__ or "").parent
        for path in sorted(folder.rglob("*.py")):
            if not {"out", "reference"} & {*path.relative_to(folder).parts}:
                digest.update(f"{path.relative_to(folder.parent).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def computed(now: datetime.datetime) -> str:
    """One sentence: when tables are computed, by which version."""
    when = now.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"Computed {when} by {PACKAGE} {metadata.version(PACKAGE)}, sources {sources_sha256()[:DIGITS]}"
