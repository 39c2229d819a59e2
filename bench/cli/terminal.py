"""What commands print: text that keeps its lines where nobody looks, tables, and JSON."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

UNLIMITED = 1_000_000


def console() -> Console:
    """Standard output; long lines are broken on a terminal only."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_table(rows: Sequence[Mapping[str, Any]], empty: str) -> None:
    """Print rows of equal columns as a table, or the sentence `empty` if there are none.

    Nothing is ever cut off: where nobody looks lines are as long as they are; on a terminal too narrow for the table each row
    becomes lines of `column: value`.
    """
    from rich.markup import escape
    from rich.measure import Measurement
    from rich.table import Table

    if not rows:
        console().print(empty)
        return
    texts = [{name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in row.items()} for row in rows]
    table = Table(header_style="bold")
    for name in rows[0]:
        table.add_column(name, overflow="fold", no_wrap=not any(" " in row[name] for row in texts))
    for row in texts:
        table.add_row(*map(escape, row.values()))
    if not sys.stdout.isatty():
        Console(highlight=False, width=UNLIMITED).print(table)
    elif Measurement.get(console(), console().options.update(width=UNLIMITED), table).minimum <= console().width:
        console().print(table)
    else:
        for row in texts:
            console().print(*(f"{name}: {text}" for name, text in row.items()), "", sep="\n", markup=False)


def print_json(value: Any) -> None:
    """Print a value as JSON with sorted keys."""
    print(json.dumps(value, indent=2, sort_keys=True))
