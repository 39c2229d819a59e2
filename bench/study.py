"""A study: a question, a grid of cells, targets. Study files are plain Python that define STUDY.

python -m bench run widths          a built-in study
python -m bench run mystudy.py      a file of one's own
"""

import importlib
import math
import re
import runpy
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bench.catalogue import find_study
from bench.cell import Cell
from bench.families import FAMILIES, execution_of
from bench.preset import THINNED, Preset
from bench.question import Question, validated
from bench.threshold_series import ThresholdSeries
from operators import TASKS, UserError
from results.records.manifest import BASELINES, PAPER, ExpectedCell, Manifest, Target
from results.schema.model import Model

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


FIELDS: tuple[tuple[str, Any, str], ...] = (
    ("cells", Model, "cells"),
    ("targets", Target, "targets"),
    ("rays", int | float, "numbers"),
    ("brackets", Question, "questions"),
    ("baselines", Model, "data sets"),
    ("thresholds", ThresholdSeries, "series"),
)


@dataclass(frozen=True)
class Study:
    """What is asked, and the cells that answer it.

    Attributes:
        name: names the results folder; lower-case letters, digits and hyphens.
        question: one paragraph.
        cells: the grid; equal cells are refused.
        targets: what a fit must reach, for the tables.
        rays: exponents alpha of the rays n = c q^alpha that the cells follow, if they do.
        brackets: questions of a bracket search, in place of cells; the search chooses the cells.
        baselines: data sets whose reference lines are drawn (`bench.data_sets`).
        thresholds: series of which a search locates q*(n), in place of cells; the search chooses the q.
        presets: parts of the study that cost less, by name; `paper` is the whole.
        preset: the one that this is; `at` gives the others.
    """

    name: str
    question: str
    cells: Iterable[Any] = ()
    targets: tuple[Target, ...] = ()
    rays: tuple[float, ...] = ()
    brackets: tuple[Question, ...] = ()
    baselines: tuple[Any, ...] = ()
    thresholds: tuple[ThresholdSeries, ...] = ()
    presets: Mapping[str, Preset] = field(default_factory=dict)
    preset: str = PAPER

    def __post_init__(self) -> None:
        self._require_types()
        object.__setattr__(self, "question", " ".join(self.question.split()))
        if not NAME.fullmatch(self.name):
            raise UserError(f"expected a study name of lower-case letters, digits and hyphens (at most 64), got {self.name!r}")
        if sum(map(bool, (self.cells, self.brackets, self.thresholds))) != 1:
            raise UserError(
                f"expected study {self.name!r} to have at least one cell, or else brackets, or else thresholds, got none or more"
                " than one of them"
            )
        families = sorted({cell.family for cell in self.cells})
        if len(families) > 1:
            raise UserError(
                f"expected the cells of study {self.name!r} to be of one family, got {families}; make a study of each"
            )
        for question in self.brackets:
            if question.template.noise.control != "none":
                raise UserError(f"study {self.name!r}: expected brackets without a control, got one; ask about plain noise")
        self._refuse_what_no_table_can_answer()
        for cell in (*self.cells, *self._templates()):
            refusal = execution_of(cell).refuses(cell)
            if refusal:
                raise UserError(f"study {self.name!r}: {refusal}")
        for question in self.brackets:
            if question.template.task not in TASKS:
                raise UserError(
                    f"expected brackets of tasks among {sorted(TASKS)}, got {question.template.task!r}; a witness on a user's own"
                    " data can only be verified by who has the file: ask by cells with targets, and by `python -m bench size`"
                )
        if len(self.keyed) != len(tuple(self.cells)):
            raise UserError(
                f"expected the cells of study {self.name!r} to differ, got {len(tuple(self.cells)) - len(self.keyed)} twice"
            )

    def _require_types(self) -> None:
        """Make tuples of the fields, and of the cells valid ones: a copy with other values is not checked where it is made.

        Raises:
            UserError: with the field.
        """
        for name in ("name", "question"):
            if not isinstance(getattr(self, name), str):
                raise UserError(f"study: {name}: expected text, got {_shown(getattr(self, name))}")
        self._require_presets()
        for name, kind, what in FIELDS:
            values = getattr(self, name)
            if isinstance(values, kind | str | Mapping) or not isinstance(values, Iterable):
                remedy = "; a tuple of one has a comma: (x,)" if isinstance(values, kind) else ""
                raise UserError(f"study {self.name!r}: {name}: expected a tuple of {what}, got {_shown(values)}{remedy}")
            object.__setattr__(self, name, tuple(values))
            for place, value in enumerate(getattr(self, name), start=1):
                if not isinstance(value, kind) or isinstance(value, bool):
                    raise UserError(f"study {self.name!r}: {name}: expected {what}, got number {place} = {_shown(value)}")
        for place, cell in enumerate(self.cells, start=1):
            if getattr(cell, "family", None) not in FAMILIES:
                raise UserError(f"study {self.name!r}: cells: expected cells, got number {place} = {_shown(cell)}")
        checked = tuple(
            validated(cell, f"study {self.name!r}: cells: number {place}") for place, cell in enumerate(self.cells, 1)
        )
        object.__setattr__(self, "cells", checked)
        for place, one in enumerate(self.baselines, start=1):
            if getattr(one, "family", None) != BASELINES:
                raise UserError(
                    f"study {self.name!r}: baselines: expected data sets, got number {place} = {_shown(one)}; make them by"
                    " data_sets(cells)"
                )
        if self.baselines and self.brackets:
            raise UserError(f"study {self.name!r}: expected baselines beside cells, got brackets; leave the baselines out")

    def _require_presets(self) -> None:
        """Refuse presets of other names or types.

        Raises:
            UserError: naming what is expected.
        """
        if not isinstance(self.presets, Mapping) or any(not isinstance(one, Preset) for one in self.presets.values()):
            raise UserError(f"study {self.name!r}: presets: expected a Preset for each name, got {_shown(self.presets)}")
        unknown = [name for name in self.presets if name not in THINNED]
        if unknown:
            raise UserError(f"study {self.name!r}: presets: expected names among {list(THINNED)}, got {_shown(unknown[0])}")

    def _refuse_what_no_table_can_answer(self) -> None:
        """Rays that are no exponents, and what is asked twice.

        Raises:
            UserError: with the field.
        """
        wrong = [alpha for alpha in self.rays if not (math.isfinite(alpha) and alpha > 0.0)]
        if wrong:
            raise UserError(f"study {self.name!r}: rays: expected finite exponents alpha > 0 of n = c q^alpha, got {wrong[0]}")
        for name in ("rays", "targets", "brackets", "thresholds", "baselines"):
            values: tuple[object, ...] = getattr(self, name)
            twice = [place for place, value in enumerate(values) if value in values[:place]]
            if twice:
                raise UserError(
                    f"study {self.name!r}: {name}: expected each one once, got number {twice[0] + 1} twice; remove it"
                )

        asked_of: dict[tuple[str, Target], int] = {}
        for place, series in enumerate(self.thresholds, start=1):
            for shape in series.shapes:
                before = asked_of.setdefault((series.cell(shape, 1, 0).model_dump_json(), series.target), place)
                if before != place:
                    raise UserError(
                        f"study {self.name!r}: thresholds: expected each data set once for a target, got N, M = {shape} in"
                        f" numbers {before} and {place}; remove it from one of them"
                    )

    @cached_property
    def keyed(self) -> dict[str, Any]:
        """Cells by key, in the order of the grid."""
        return {cell_key(cell): cell for cell in self.cells}

    @cached_property
    def keyed_baselines(self) -> dict[str, Any]:
        """Data sets whose reference lines are drawn, by key."""
        return {cell_key(one): one for one in self.baselines}

    def at(self, preset: str) -> "Study":
        """This study at a preset.

        Raises:
            UserError: it has none of that name, or it is at a smaller one.
        """
        if preset == self.preset:
            return self
        if preset not in self.presets or self.preset != PAPER:
            raise UserError(f"study {self.name!r}: expected --preset among {list(self.sizes)}, got {_shown(preset)}")
        keeps = self.presets[preset].keeps
        wholes: tuple[tuple[Any, ...], ...] = (tuple(self.cells), self.brackets, self.thresholds)
        cells, brackets, thresholds = (tuple(one for one in whole if keeps(one)) for whole in wholes)
        baselines = tuple(one for one in self.baselines if any(_on(cell, one) for cell in cells))
        return replace(self, cells=cells, brackets=brackets, thresholds=thresholds, baselines=baselines, preset=preset)

    @property
    def sizes(self) -> dict[str, int]:
        """Cells of each preset that there is, `paper` last; of a study of searches, the trainings that they may take at most."""

        def size(keeps: Callable[[Any], bool]) -> int:
            searched = sum(one.trainings for one in self.brackets if keeps(one))
            searched += sum(one.trainings * len(one.shapes) for one in self.thresholds if keeps(one))
            return sum(map(keeps, self.cells)) + searched

        parts = {name: size(self.presets[name].keeps) for name in THINNED if name in self.presets}
        return {**(parts if self.preset == PAPER else {}), self.preset: size(lambda _: True)}

    @property
    def thinned(self) -> str:
        """What the preset leaves of the whole; empty for the whole."""
        return "" if self.preset == PAPER else self.presets[self.preset].thinned

    @property
    def family(self) -> str:
        """The family of all cells."""
        return str(next(iter((*self.cells, *self._templates()))).family)

    def _templates(self) -> Iterator[Cell]:
        """The templates of what is searched for."""
        yield from (question.template for question in self.brackets)
        yield from (series.template for series in self.thresholds)

    def manifest(self) -> Manifest:
        """What the tables need to know of the study."""
        expected = tuple(expected_cell(key, cell) for key, cell in self.keyed.items())
        return Manifest(
            family=self.family,
            name=self.name,
            question=self.question,
            targets=self.targets,
            expected=expected,
            rays=self.rays,
            baselines=tuple(expected_cell(key, one) for key, one in self.keyed_baselines.items()),
            preset=self.preset,
            thinned=self.thinned,
        )


def _on(cell: Any, data_set: Any) -> bool:
    """Whether a cell is trained on a data set."""
    return all(getattr(cell, name) == getattr(data_set, name) for name in type(data_set).model_fields)


def _shown(value: object) -> str:
    """A value as an error shows it."""
    return ascii(value)[:80]


def expected_cell(key: str, cell: Any) -> ExpectedCell:
    """A cell as the tables expect it."""
    return ExpectedCell(key=key, cell=cell.model_dump(mode="json"), sizes=execution_of(cell).sizes(cell))


def cell_key(cell: Any) -> str:
    """The key of the record that answers this cell."""
    return execution_of(cell).key(cell)


def load_study(name: str) -> Study:
    """Load a built-in study by name, or a study file by path.

    Raises:
        UserError: an unknown name, a file that cannot be read or run, or one that defines no STUDY.
    """
    found = find_study(name)
    if isinstance(found, Path):
        return _study_of_file(found, name)
    study = importlib.import_module(found.module).STUDY
    assert isinstance(study, Study)
    return study


def _study_of_file(path: Path, name: str) -> Study:
    """Run a study file; `name` is how the user wrote its path."""
    try:
        with _importing_from(path.resolve().parent):
            study = runpy.run_path(str(path)).get("STUDY")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "cell"
        raise UserError(f"study file {name}: {_line(error, path)}: {where}: {first['msg']}") from None
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"study file {name}: {_line(error, path)}: {reason}") from None
    if not isinstance(study, Study):
        raise UserError(f"expected study file {name} to define STUDY = Study(...), got {type(study).__name__}")
    return study


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Find the modules beside a study file, as a script finds those beside it; the next file meets its own."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - known:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin is not None and Path(origin).is_relative_to(folder):
                del sys.modules[name]


def _line(error: BaseException, path: Path) -> str:
    """Where in the study file an error arose."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    return f"line {lines[-1]}" if lines else "line ?"
