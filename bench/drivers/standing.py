"""How studies stand: cells by how they ended, and what is left to do."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from bench.execution.cost_model import cost_model
from bench.families import FAMILIES
from results.records.manifest import BASELINES, Manifest, load_manifest
from results.records.record import FINAL_STATUSES
from results.records.store import Store

MOST_SAMPLES = 2000
STATUSES = (*FINAL_STATUSES, "failed")

Item = TypeVar("Item")


def standing(folder: Path, most_samples: int = MOST_SAMPLES) -> dict[str, Any]:
    """How one study stands: counts by outcome, refused lines, CPU hours left and what that estimate rests on."""
    manifest, store = load_manifest(folder), Store(folder)
    statuses = store.statuses()
    counts = Counter(statuses[key] for key in manifest.asked_keys() if key in statuses)
    hours, basis = remaining_hours(manifest, store, most_samples)
    return {
        "study": manifest.name,
        "preset": manifest.preset,
        "expected": len(manifest.asked_keys()),
        "missing": len(manifest.asked_keys()) - counts.total(),
        "quarantined": len(store.quarantined()),
        **{name: counts[name] for name in STATUSES},
        "cpu_hours_left": hours,
        "estimate": basis,
    }


def remaining_hours(manifest: Manifest, store: Store, most_samples: int) -> tuple[float | None, str]:
    """CPU hours that the cells without a final record will take, and what the estimate rests on.

    Costs come from at most `most_samples` records, and of more pending cells as many, evenly spaced, stand for all.
    """
    if not all([search.finished for search in manifest.brackets] + [search.finished for search in manifest.thresholds]):
        return None, "a search chooses its cells as it goes"
    missing = store.missing(manifest.asked_keys())
    if not missing:
        return 0.0, "nothing left"
    done = [key for key, status in store.statuses().items() if status == "done"]
    model = cost_model(store.records(_spaced(done, most_samples)))
    families = [manifest.family] * len(manifest.expected) + [BASELINES] * len(manifest.baselines)
    asked = zip(families, (*manifest.expected, *manifest.baselines), strict=True)
    pending = _spaced([(family, one) for family, one in asked if one.key in missing], most_samples)
    try:
        cells = [FAMILIES[family].cell.model_validate(one.cell) for family, one in pending]
    except ValidationError:
        return None, "a cell whose task or data are not here"
    seconds = sum(model.seconds(cell)[0] for cell in cells) * len(missing) / len(cells)
    return seconds / 3600.0, "from recorded costs" if all(map(model.knows, cells)) else "rough"


def _spaced(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many of the items, evenly spaced."""
    count = min(len(items), most)
    return [items[position * len(items) // count] for position in range(count)]
