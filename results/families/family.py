"""The evidence half of a family, a kind of experiment: what its records hold, and how they become columns.

    cell       what is run, frozen and validated, `Family.cell`
    measured   what came of it, `Family.measured`

Store, tables and page know families by this contract only. By default every field of the two models is a column; a family that
wants other columns says so. The execution half of a family of the same name is in `bench.families`.
"""

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel

from results.schema.model import Model, canonical

ROUNDING = 1e-9


class Family(ABC):
    """A kind of experiment. Concrete families hold no state.

    Attributes:
        name: key in `results.families.FAMILIES` and in every record.
        version: changes when `measured` means something else.
        cell: model of a cell.
        measured: model of what is measured.
        target_kinds: kinds of targets that its studies may name.
        size_names: facts of a cell that its tables need before it has run.
        tables: names of the tables of a study, in order; None for `cells.csv` alone.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    cell: ClassVar[type[Model]]
    measured: ClassVar[type[Model]]
    target_kinds: ClassVar[tuple[str, ...]] = ()
    size_names: ClassVar[tuple[str, ...]] = ()
    tables: ClassVar[tuple[str, ...] | None] = None

    def identity(self, cell: Mapping[str, Any]) -> dict[str, Any] | None:
        """What this release knows of the data that a cell names, as they enter its key; None if it does not know them."""
        return {}

    def sizes(self, cell: Mapping[str, Any]) -> dict[str, int] | None:
        """The facts of `size_names`, as they follow from a cell; None where that needs data that are not here."""
        return {}

    def keyed(self, cell: Mapping[str, Any]) -> Mapping[str, Any]:
        """The part of a cell that enters its key: all of it, unless it also says where something lies."""
        return cell

    def asked_columns(self) -> Mapping[str, str]:
        """Columns of what was asked, with their meanings."""
        return {name: text for name, (text, _) in flat_fields(self.cell).items()}

    def outcome_columns(self) -> Mapping[str, str]:
        """Columns of what was measured, with their meanings."""
        return {name: text for name, (text, _) in flat_fields(self.measured).items()}

    def whole_columns(self) -> frozenset[str]:
        """Columns of whole numbers that are never missing."""
        return frozenset()

    def value_columns(self) -> frozenset[str]:
        """Columns of values that are neither numbers nor text, and are written as text only in a file."""
        return frozenset()

    def text_columns(self) -> frozenset[str]:
        """Columns of text; all that are not named are real numbers, missing where not known."""
        fields = {**flat_fields(self.cell), **flat_fields(self.measured)}
        return frozenset(name for name, (_, number) in fields.items() if not number)

    def unfolded_columns(self) -> frozenset[str]:
        """Columns of lists that a table of their own has row by row; `cells.csv` leaves them out."""
        return frozenset()

    def asked(self, cell: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Any, ...]:
        """What was asked of a cell, in the order of `asked_columns`; `sizes` are those of the study's manifest."""
        return tuple(_at(cell, name, self.text_columns()) for name in self.asked_columns())

    def outcome(self, measured: Model) -> tuple[Any, ...]:
        """What was measured, in the order of `outcome_columns`."""
        values = measured.model_dump(mode="json")
        return tuple(_at(values, name, self.text_columns()) for name in self.outcome_columns())

    def agree(self, one: Model, other: Model, margin: float) -> bool:
        """Whether two measurements of one cell, made on different machines, agree within a relative margin."""
        return _close(one.model_dump(mode="json"), other.model_dump(mode="json"), margin)

    def named(self, measured: Model) -> Mapping[str, float | None]:
        """Further measurements that only some records have, by column."""
        return {}


def _close(one: Any, other: Any, margin: float) -> bool:
    """Whether two measurements agree in everything: real numbers within a margin, or both lost in rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_close(one[name], other[name], margin) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_close(a, b, margin) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= max(margin * abs(one), ROUNDING)
    return bool(one == other)


def flat_fields(model: type[BaseModel], prefix: str = "") -> dict[str, tuple[str, bool]]:
    """Fields by dotted name with their description and whether they are numbers; those of nested models one by one."""
    found: dict[str, tuple[str, bool]] = {}
    for name, field in model.model_fields.items():
        kinds = [kind for kind in (get_args(field.annotation) or (field.annotation,)) if kind is not type(None)]
        if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            found |= flat_fields(kinds[0], f"{prefix}{name}.")
        else:
            number = all(isinstance(kind, type) and issubclass(kind, int | float) for kind in kinds)
            found[f"{prefix}{name}"] = (field.description or name.replace("_", " "), number)
    return found


def _at(values: Mapping[str, Any], path: str, texts: frozenset[str]) -> Any:
    """The value at a dotted name; what is not a number or text becomes canonical JSON."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if path not in texts or found is None:
        return found
    return found if isinstance(found, str) else canonical(found)
