"""checks.csv: what each witness of a published study passed, and by how much.

witness       its address
target        the largest error that its target allows
float         error in float64 by NumPy
disturbed     the same with data rounded to 40 bits and all sums reversed
ball          an upper bound of the error of the net in exact arithmetic (`results.witnesses.ball`); empty likewise
independent   error by `results.witnesses.independent`; empty for nets that it does not know
passed        which of the four reach the target, with the margin for entering
"""

from pathlib import Path

import pandas as pd

from operators.data.dataset import build
from operators.data.function_cache import BlockCache
from results.tables.csv_files import read_csv
from results.witnesses.ball import enclosed
from results.witnesses.error import ENTERING_MARGIN
from results.witnesses.file import load_witness
from results.witnesses.independent import independent_error
from results.witnesses.untrusted_files import Unreadable
from results.witnesses.verification import request_of, verify

FILE = "checks.csv"
COLUMNS = ("witness", "allowed", "float", "disturbed", "ball", "independent", "passed")


def checks(folder: Path, cache: BlockCache | None = None) -> pd.DataFrame:
    """Check every witness of a folder, in order of address.

    Raises:
        UserError: a witness whose data this release does not generate.
    """
    rows = [_row(path, cache) for path in sorted((folder / "witnesses").glob("*.npz"))]
    kinds = {name: "str" if name in ("witness", "passed") else "float" for name in COLUMNS}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(kinds)


def load_checks(folder: Path) -> dict[str, str]:
    """What each witness passed, by address."""
    path = folder / FILE
    if not path.is_file():
        return {}
    found = read_csv(path)
    return dict(zip(found["witness"].astype(str), found["passed"].fillna("").astype(str), strict=True))


def _row(path: Path, cache: BlockCache | None) -> tuple[object, ...]:
    """The checks of one file; all are failed by what is no witness, or lies under another's address."""
    try:
        witness = load_witness(path)
    except Unreadable:
        return (path.stem, *[float("nan")] * 5, "")
    if witness.sha256 != path.stem:
        return (path.stem, *[float("nan")] * 5, "")
    dataset = build(request_of(witness.header, None), cache)
    found = verify(witness, cache, entering=True, limits=None, dataset=dataset)
    proved = enclosed(witness, dataset)
    errors = {"independent": independent_error(witness, dataset), "ball": None if proved is None else proved.error}
    allowed = float("nan")
    if found.measured is not None:
        errors |= {"float": found.measured.error, "disturbed": found.measured.disturbed}
        allowed = found.measured.allowed
    passed = [
        name
        for name in ("float", "disturbed", "ball", "independent")
        if found.passed and (error := errors.get(name)) is not None and error <= allowed * (1.0 - ENTERING_MARGIN)
    ]
    return (path.stem, allowed, *(errors.get(name) for name in COLUMNS[2:-1]), " ".join(passed))
