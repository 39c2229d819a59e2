"""The cells that exponents of a study of searches need, from the scatter that it measured: the table of docs/running.md.

    python docs/needed_cells.py results/out/threshold-search
    python docs/needed_cells.py results/out/threshold-search --width 0.05 --tolerances 1.02 1.06

Read off `search_exponents.csv`: the scatter about the law of every identified exponent of this optimiser, on square grids with
tied widths, towards the target; off `searches.csv`: the q found at the smallest n. Supposed are the largest scatter, the median
of the others, and that replicates share no scatter, which the test of misfit beside each exponent judges. It takes a minute.
"""

import argparse
from pathlib import Path

import pandas as pd

from results.statistics.design_power import Design
from results.statistics.needed_cells import Needed, exact_width, needed_cells

SIDES = (16, 32, 64, 128, 256, 512, 1024)
HEADER = "| largest n | n | tolerance | replicates | thresholds | width | holds beta |\n|---|---|---|---|---|---|---|"


def measured(folder: Path, target: str) -> Design:
    """The law that a study measured towards a target, and its scatter."""
    exponents, searches = (pd.read_csv(folder / f"{name}.csv") for name in ("search_exponents", "searches"))
    square = exponents[
        (exponents["design"] == "grid")
        & (exponents["schedule"] == "tied")
        & (exponents["path"] == "N = M")
        & (exponents["target"] == target)
        & (exponents["between"] == "this optimiser")
        & exponents["width"].notna()
    ]
    asked = searches[(searches["design"] == "grid") & (searches["target"] == target) & searches["q_found"].notna()]
    first = asked[asked["n"] == SIDES[0] ** 2]
    if square.empty or first.empty:
        raise SystemExit(f"expected exponents of square grids towards {target!r} in {folder}, got none; run the study further")
    beta, scatter = float(square["exponent"].median()), float(square["scatter"].max())
    return Design((), 1, first_q=float(first["q_found"].median()), beta=beta, alone=scatter)


def line(found: Needed, most: int) -> str:
    """One row of the table."""
    counts = (f"> {most}", "") if found.replicates is None else (str(found.replicates), str(found.thresholds))
    cells = (f"{found.largest_n:,.0f}", str(found.points), f"{found.tolerance:g}", *counts)
    return f"| {' | '.join((*cells, f'{found.width:.3f}', f'{found.coverage:.0%}'))} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=float, default=0.1)
    parser.add_argument("--tolerances", type=float, nargs="+", default=[1.06, 1.2])
    parser.add_argument("--target", default="absorb 0.1")
    parser.add_argument("--most", type=int, default=10)
    parser.add_argument("--studies", type=int, default=20)
    asked = parser.parse_args()
    like = measured(asked.folder, asked.target)
    print(f"scatter {like.alone:.3g}, q* = {like.first_q:g} at n = {SIDES[0] ** 2}, exponent {like.beta:.3g}\n\n{HEADER}")
    n = [float(side**2) for side in SIDES]
    needed = needed_cells(n, asked.width, like=like, tolerances=asked.tolerances, most=asked.most, studies=asked.studies)
    for found in needed:
        print(line(found, asked.most))
    whole = Design(tuple(n), 1, alone=like.alone)
    print(f"\nseen exactly, one replicate of all {len(n)}: {exact_width(whole):.3f}")


if __name__ == "__main__":
    main()
