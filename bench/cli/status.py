"""`python -m bench status`: how every study stands, and what is left to do."""

from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.folders import all_folders
from bench.cli.terminal import print_json, print_table


def status(out: Out = DEFAULT_OUT, as_json: Json = False) -> None:
    """Count the cells of every study below --out by how they ended, and estimate the CPU hours left.

    The estimate rests on recorded costs of the same study, or is rough. It is left out where the data of a cell are not here, and
    for bracket searches, which choose their cells as they go.
    """
    from bench.drivers.standing import standing

    rows = [standing(folder) for folder in all_folders(out)]
    if as_json:
        print_json(rows)
        return
    shown = [{name: _shown(value) for name, value in row.items()} for row in rows]
    print_table(shown, f"no study folders below {out}; `python -m bench run` makes one")


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
