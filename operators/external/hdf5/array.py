"""Arrays of HDF5 files by name.

- A dataset by its path, `tensor` or `group/data`. PDEBench (Takamoto et al. 2022, arXiv 2210.07182) stores functions x times x
  points (x points), with `x-coordinate`, `t-coordinate`, ...
- One dataset per function, as PDEBench stores its larger problems: `*/data`, see `operators.external.hdf5.stack`.
"""

from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from operators.external.hdf5.dataset import read_part, require_plain, shape_of, type_of
from operators.external.hdf5.file import find_dataset, opened
from operators.external.hdf5.stack import STACK, stack
from operators.external.stored_array import Index, Stored, damaged, shown


def stored_hdf5(path: Path, name: str) -> Stored | None:
    """The dataset of this path, or the stack `*/name` over all groups; None if there is none.

    Raises:
        UserError: a damaged file, no numbers, MATLAB objects, links or filters that lead outside the file, unequal shapes.
    """
    with opened(path) as file:
        if name.startswith(STACK):
            return stack(path, file, name)
        dataset = find_dataset(path, file, name)
        if dataset is None:
            return None
        require_plain(path, name, dataset)
        return Stored(shown(name), shape_of(dataset), type_of(path, name, dataset), partial(_part, path, name))


def _part(path: Path, name: str, index: Index) -> NDArray[Any]:
    with opened(path) as file:
        dataset = find_dataset(path, file, name)
        if dataset is None:
            damaged(path, f"no array {name!r} any more")
        require_plain(path, name, dataset)
        return read_part(path, name, dataset, index)
