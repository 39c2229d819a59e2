"""Which part of which array: a name and an index as in NumPy.

    tensor              all of it
    tensor[:, 0]        every function, at the first time
    a[:1000, ::8]       the first 1000 functions, every eighth point

Indices are whole numbers and slices with positive steps. Blanks, starts of 0, steps of 1 and whole axes at the end are dropped,
so that the usual spellings of one part are one text.
"""

import re
from dataclasses import dataclass

from operators.errors import UserError
from operators.external.stored_array import Index, Stored, shown

LONGEST = 300
TEXT = re.compile(r"(?P<name>[^\[\],]+)(?:\[(?P<index>[^\[\]]*)\])?")
WHOLE = r"\s*(-?[0-9]{1,12})\s*"
ITEM = re.compile(rf"(?:{WHOLE})?\s*:\s*(?:{WHOLE})?\s*(?::\s*(?:{WHOLE})?)?\s*")


@dataclass(frozen=True)
class Selection:
    """A part of an array.

    Attributes:
        name: of the array.
        index: an index an axis; axes beyond it are taken whole.
    """

    name: str
    index: Index = ()

    def __str__(self) -> str:
        """The text that `parse_selection` reads back."""
        return f"{self.name}[{', '.join(map(_item_text, self.index))}]" if self.index else self.name

    def index_in(self, stored: Stored) -> Index:
        """The index in non-negative numbers, as it applies to an array.

        Raises:
            UserError: more indices than axes, an index outside an axis, or an empty part.
        """
        axes, text = len(stored.shape), shown(str(self))
        if len(self.index) > axes:
            raise UserError(f"expected at most {axes} indices for array {stored.name!r} of shape {stored.shape}, got {text}")
        return tuple(self._fitted(stored, axis) for axis in range(len(self.index)))

    def _fitted(self, stored: Stored, axis: int) -> int | slice:
        item, length = self.index[axis], stored.shape[axis]
        if isinstance(item, slice):
            start, stop, step = item.indices(length)
            if start >= stop:
                raise UserError(self._outside(stored, axis, "selects nothing"))
            return slice(start, stop, step)
        if not -length <= item < length:
            raise UserError(self._outside(stored, axis, f"asks for index {item}"))
        return item % length

    def _outside(self, stored: Stored, axis: int, what: str) -> str:
        where = f"on axis {axis} of length {stored.shape[axis]}"
        return (
            f"expected indices within array {stored.name!r} of shape {stored.shape}, got {shown(str(self))}, which {what} {where}"
        )

    def shape_in(self, stored: Stored) -> tuple[int, ...]:
        """Shape of the part; an axis with a whole number is gone.

        Raises:
            UserError: see `index_in`.
        """
        index = self.index_in(stored)
        lengths = zip(index, stored.shape, strict=False)
        kept = [len(range(*item.indices(length))) for item, length in lengths if isinstance(item, slice)]
        return (*kept, *stored.shape[len(index) :])


def parse_selection(text: str) -> Selection:
    """Read a name and an index.

    Raises:
        UserError: no name, or an index of anything but whole numbers and slices with positive steps.
    """
    match = TEXT.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None or not match["name"].strip():
        raise UserError(f"expected an array's name and perhaps an index, as in tensor[:, 0, ::4], got {shown(text)[:LONGEST]!r}")
    items = [] if match["index"] is None else [_item(part, text) for part in match["index"].split(",")]
    while items and items[-1] == slice(None):
        items.pop()
    return Selection(match["name"].strip(), tuple(items))


def parse_selections(text: str) -> tuple[Selection, ...]:
    """Read several parts, separated by commas; none for an empty text.

    Raises:
        UserError: see `parse_selection`.
    """
    parts = re.split(r",(?![^\[]*\])", text)
    return tuple(parse_selection(part) for part in parts) if text.strip() else ()


def _item(part: str, text: str) -> int | slice:
    if re.fullmatch(WHOLE, part):
        return int(part)
    match = ITEM.fullmatch(part)
    start, stop, step = (None if group is None else int(group) for group in match.groups()) if match else (None, None, 0)
    if match is None or (step is not None and step < 1):
        got = f"{shown(part)!r} in {shown(text)!r}"
        raise UserError(f"expected whole numbers and slices with positive steps in the index, got {got}")
    return slice(start or None, stop, None if step == 1 else step)


def _item_text(item: int | slice) -> str:
    if isinstance(item, int):
        return str(item)
    start, stop = ("" if end is None else str(end) for end in (item.start, item.stop))
    return f"{start}:{stop}" + ("" if item.step is None else f":{item.step}")
