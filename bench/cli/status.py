"""`python -m bench status`: how every study stands, and what is left to do."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.cell import Cell
from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.terminal import print_json
from bench.drivers.study_run import all_folders
from bench.execution.cost_model import cost_model
from results.records.manifest import Manifest, load_manifest
from results.records.record import FINAL_STATUSES
from results.records.store import Store

MOST_SAMPLES = 2000
STATUSES = (*FINAL_STATUSES, "failed")

Item = TypeVar("Item")


def status(out: Out = DEFAULT_OUT, as_json: Json = False) -> None:
    """Count the cells of every study below --out by how they ended, and estimate the CPU hours left.

    The estimate rests on recorded costs of the same study, or is rough. It is left out where the data of a cell are not here, and
    for bracket searches, which choose their cells as they go.
    """
    rows = [standing(folder) for folder in all_folders(out)]
    if as_json:
        print_json(rows)
        return
    console = Console(highlight=False, soft_wrap=True)
    if not rows:
        console.print(f"no study folders below {out}; `python -m bench run` makes one")
        return
    table = Table(*rows[0], header_style="bold")
    for row in rows:
        table.add_row(*(escape(_shown(value)) for value in row.values()))
    console.print(table)


def standing(folder: Path) -> dict[str, Any]:
    """How one study stands: counts by outcome, refused lines, CPU hours left and what that estimate rests on."""
    manifest, store = load_manifest(folder), Store(folder)
    statuses = store.statuses()
    counts = Counter(statuses[cell.key] for cell in manifest.expected if cell.key in statuses)
    hours, basis = remaining_hours(manifest, store)
    return {
        "study": manifest.name,
        "expected": len(manifest.expected),
        "missing": len(manifest.expected) - counts.total(),
        "quarantined": len(store.quarantined()),
        **{name: counts[name] for name in STATUSES},
        "cpu_hours_left": hours,
        "estimate": basis,
    }


def remaining_hours(manifest: Manifest, store: Store) -> tuple[float | None, str]:
    """CPU hours that the cells without a final record will take, and what the estimate rests on.

    Costs come from at most MOST_SAMPLES records, and of more pending cells as many, evenly spaced, stand for all.
    """
    if any(not bracket.finished for bracket in manifest.brackets):
        return None, "a search chooses its cells as it goes"
    missing = store.missing(cell.key for cell in manifest.expected)
    if not missing:
        return 0.0, "nothing left"
    done = [key for key, status in store.statuses().items() if status == "done"]
    model = cost_model(store.records(_spaced(done)))
    pending = _spaced([cell for cell in manifest.expected if cell.key in missing])
    try:
        cells = [Cell.model_validate(one.cell) for one in pending]
    except ValidationError:
        return None, "a cell whose task or data are not here"
    seconds = sum(model.seconds(cell)[0] for cell in cells) * len(missing) / len(cells)
    return seconds / 3600.0, "from recorded costs" if all(map(model.knows, cells)) else "rough"


def _spaced(items: Sequence[Item]) -> list[Item]:
    """At most MOST_SAMPLES of the items, evenly spaced."""
    count = min(len(items), MOST_SAMPLES)
    return [items[position * len(items) // count] for position in range(count)]


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
