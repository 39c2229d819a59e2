"""What commands print: text that keeps its lines where nobody looks, tables, and JSON."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console


def console() -> Console:
    """Standard output; long lines are broken on a terminal only."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_table(rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Print rows of equal columns as a table, or the sentence `empty` if there are none."""
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        console().print(empty)
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows:
        table.add_row(*(escape(f"{value:g}" if isinstance(value, float) else str(value)) for value in row.values()))
    console().print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON with sorted keys."""
    print(json.dumps(value, indent=2, sort_keys=True))
