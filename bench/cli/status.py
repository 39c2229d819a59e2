"""`python -m bench status`: how every study stands, and what is left to do."""

from bench.cli.arguments import DEFAULT_OUT, Json, Out
from bench.cli.folders import all_folders, each_readable, require_all_readable
from bench.cli.terminal import print_json, print_table


def status(out: Out = DEFAULT_OUT, as_json: Json = False) -> None:
    """Count the cells of every study below --out by how they ended, and estimate the CPU hours left.

    The estimate rests on recorded costs of the same study, or is rough. It is left out where the data of a cell are not here, and
    for bracket searches, which choose their cells as they go. A folder that cannot be read is named after the others, and the
    exit code is then 2.
    """
    from bench.drivers.standing import standing

    rows, unreadable = each_readable(all_folders(out), standing)
    if as_json:
        print_json([*rows, *({"study": folder.name, "unreadable": reason} for folder, reason in unreadable.items())])
    else:
        shown = [{name: _shown(value) for name, value in row.items()} for row in rows]
        if shown or not unreadable:
            print_table(shown, f"no study folders below {out}; `python -m bench run` makes one")
    require_all_readable(unreadable)


def _shown(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
