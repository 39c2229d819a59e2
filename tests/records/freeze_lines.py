"""A sample of every published study's records, frozen as the lines that they are: `python tests/records/freeze_lines.py`.

Of each kind of record of a study (family, status, recipe, architecture, law of the noise, design, and which settings its cell
states) the shortest line and that of the smallest key. Lines are added for studies and kinds that have none; none is ever
changed or taken away: what was written once is what tomorrow's code must read.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic_core import from_json

HERE = Path(__file__).resolve().parent
FROZEN = HERE / "published_lines.jsonl"
REFERENCE = HERE.parents[1] / "results" / "reference"


def settings(cell: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The settings that a cell states, nested ones joined by dots; not those of a task's own constants."""
    for name, value in cell.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict) and name != "parameters":
            yield from settings(value, f"{prefix}{name}.")


def kind(study: str, line: str) -> tuple[str, ...]:
    """The kind of a record."""
    record = from_json(line)["record"]
    cell = record["cell"]
    part = [cell.get("architecture", {}), cell.get("noise", {})]
    named = (part[0].get("name", ""), part[1].get("law", ""), str(cell.get("design", "")))
    return (study, record["family"], record["status"], record["recipe"], *named, " ".join(sorted(settings(cell))))


def frozen(path: Path = FROZEN) -> list[tuple[str, str]]:
    """The sample: studies and lines."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [(study, line + "\n") for study, _, line in (one.partition("\t") for one in lines)]


def main() -> None:
    """Add what the sample lacks."""
    known = {kind(study, line) for study, line in frozen()}
    with FROZEN.open("a", encoding="utf-8") as file:
        for path in sorted(REFERENCE.glob("*/records.parquet")):
            lines: list[str] = pq.read_table(path, columns=["line"])["line"].to_pylist()  # in order of key
            kinds = dict[tuple[str, ...], list[str]]()
            for line in lines:
                kinds.setdefault(kind(path.parent.name, line), []).append(line)
            for of in sorted(kinds.keys() - known):
                chosen = dict.fromkeys((min(kinds[of], key=len), kinds[of][0]))
                file.writelines(f"{path.parent.name}\t{line}" for line in chosen)


if __name__ == "__main__":
    main()
