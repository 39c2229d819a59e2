"""A part of an array of a file, as `size` and tasks of users' own data take it: functions along the first axis.

The one reader of selections: what one command reads or refuses, every other does, in the same words.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from operators.errors import UserError
from operators.external.arrays import array_names, find_array, listed, look_up
from operators.external.selection import Selection, parse_selection
from operators.external.stored_array import Index, Stored, entries_of, require_memory, shown

NAMES_SHOWN = 5


@dataclass(frozen=True)
class Part:
    """A part of an array.

    Attributes:
        path: the file.
        stored: the whole array.
        selection: the array's name and the part.
        index: the part in non-negative numbers.
        indexed: whether an index was written, be it of everything.
    """

    path: Path
    stored: Stored
    selection: Selection
    index: Index
    indexed: bool

    @property
    def name(self) -> str:
        """As it can be shown."""
        return shown(str(self.selection))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the part; an axis with a whole number is gone."""
        return self.selection.shape_in(self.stored)

    @property
    def rows(self) -> range:
        """Numbers of the selected functions in the array."""
        first = self.index[0] if self.index else slice(None)
        assert isinstance(first, slice)
        return range(*first.indices(self.stored.shape[0]))

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the selected functions; none where the file only numbers them, or one is taken out."""
        if not self.stored.members or not all(isinstance(item, slice) for item in self.index[:1]):
            return ()
        return tuple(self.stored.members[row] for row in self.rows)

    def values(self) -> NDArray[Any]:
        """The numbers, axes as they are.

        Raises:
            UserError: more than fits into memory, or a damaged file.
        """
        return self.stored.read(self.index)

    def matrix(self) -> NDArray[Any]:
        """The numbers, functions x everything else.

        Raises:
            UserError: as `values`.
        """
        values = self.values()
        if values.ndim != 2 and not values.flags.c_contiguous:
            entries, advice = entries_of(self.stored.shape, self.index), "select fewer functions or points"
            require_memory(self.path, self.stored.name, entries, itemsize=self.stored.dtype.itemsize, advice=advice)
        return values.reshape(len(values), math.prod(values.shape[1:]))

    def require_functions(self, of: str) -> None:
        """Refuse what is not real numbers of several functions; `of` says what they are.

        Raises:
            UserError: naming array and part.
        """
        require_real(self)
        first = self.index[0] if self.index else slice(None)
        if not isinstance(first, slice) or not self.stored.shape:
            raise UserError(
                f"expected the {of} of several functions, got {self.name} of array {self.stored.name!r} of shape"
                f" {self.stored.shape}; the first axis counts functions, select it with a slice"
            )
        if 0 in self.shape:
            raise UserError(f"expected {of} with values, got {self.name} of shape {self.shape} of {self.path}")


def find_part(path: Path, text: str | None = None) -> Part:
    """A part of an array, or all of it.

    Args:
        path: the file.
        text: a name, or a name and an index. Needed where a file holds several arrays.

    Raises:
        UserError: no such file, array or part, or a file that is refused.
    """
    if text is None:
        text = _only_name(path)
    whole = look_up(path, text)
    if whole is not None:
        return Part(path, whole, Selection(text), (), indexed=False)
    selection = parse_selection(text)
    stored = find_array(path, selection.name)
    return Part(path, stored, selection, selection.index_in(stored), indexed="[" in text)


def _only_name(path: Path) -> str:
    names = array_names(path)
    if not names:
        raise UserError(f"expected a file with an array, got {path} with none; save one with numpy.savez")
    if len(names) > 1:
        raise UserError(f"expected --array with one of: {listed(path)}; {path} holds {len(names)} arrays")
    return names[0]


def require_real(part: Part) -> None:
    """Refuse complex numbers.

    Raises:
        UserError: naming the array.
    """
    if part.stored.dtype.kind == "c":
        found = f"{part.stored.dtype} in array {part.stored.name!r} of {part.path}"
        raise UserError(f"expected real numbers, got {found}; save real and imaginary parts as arrays of their own")


def require_partners(first: Part, second: Part) -> None:
    """Refuse to join stacks in which functions of one have no partner of the same name in the other.

    Raises:
        UserError: with the names.
    """
    if not first.functions or not second.functions or first.functions == second.functions:
        return
    lacking = [
        f"{_names(without)} in {other.name}"
        for one, other in ((first, second), (second, first))
        if (without := [name for name in one.functions if name not in set(other.functions)])
    ]
    raise UserError(
        f"expected a partner of the same name for every function of {first.name} and {second.name}, got none for"
        f" {' and '.join(lacking)} of {first.path}; add the missing arrays, or select functions that have both"
    )


def _names(names: list[str]) -> str:
    said = ", ".join(repr(shown(name)) for name in names[:NAMES_SHOWN])
    return f"{said} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else said
