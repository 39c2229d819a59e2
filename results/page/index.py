"""`index.html` of a results folder: its studies, each with its question, how its cells stand, and a link to its page."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from operators.atomic_files import write_atomic
from results.page.document import CARD_SCHEMA, Card, asset, render
from results.schema.sealed import Damaged, read_sealed

MARK = b'<meta name="generator" content="deeponet-size-bounds">'


@dataclass(frozen=True)
class Listed:
    """A study of the index: its folder, the address of its page relative to the index, and its card."""

    folder: str
    address: str
    kilobytes: int
    card: Card


def listed(root: Path) -> list[Listed]:
    """Studies below a results folder that have a page, by folder; unreadable cards are left out."""
    found = []
    for path in sorted(root.glob("*/report.json")):
        page = path.with_name("report.html")
        try:
            card, size = read_sealed("card", Card, path.read_bytes(), schema=CARD_SCHEMA), page.stat().st_size
        except (OSError, Damaged):
            continue
        folder = path.parent.name
        found.append(Listed(folder, f"{quote(folder, safe='')}/report.html", size // 1000, card))
    return found


def write_index(root: Path) -> None:
    """Write `index.html` over all studies of a results folder; an index that is not ours is left alone.

    Raises:
        UserError: it cannot be written.
    """
    path = root / "index.html"
    if path.exists() and MARK not in path.read_bytes()[:4096]:
        return
    write_atomic(path, render("index.html.j2", scripts=(asset("theme.js"),), studies=listed(root)))
