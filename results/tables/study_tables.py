"""All tables of a study, each computed once, where it is first asked for: what is written, printed, shown, drawn, predicted from.

A table is one entry of TABLES: what its columns mean, and how it is built from the study and the tables before it. Which of them
a study has is for its family to name; a family that names none has `cells` alone. A frame may have more columns than its file
(`series`, `intercept`): those are for other tables and for charts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.families import FAMILIES, Family, capacity, digits, koopman, pinn, sci, villani
from results.records.manifest import Manifest
from results.records.record import Record
from results.tables import (
    anchors,
    architectures,
    barrier,
    baselines,
    bounds,
    brackets,
    data_efficiency,
    exponents,
    frontier,
    joint_law,
    leaderboard,
    least_n,
    lines,
    literature,
    mechanism,
    rays,
    scaling,
    search_exponents,
    searches,
    thresholds,
)
from results.tables.cells import cell_columns, cell_table
from results.tables.demands import demand_columns, demanded_q, with_demands
from results.tables.frame import build_frame
from results.tables.series import SERIES, with_series
from results.witnesses.submissions import Entries


@dataclass(frozen=True)
class Table:
    """A kind of table.

    Attributes:
        columns: of its file, for a family, each with its meaning; none: it has no file, other tables are computed from it.
        build: computes it; None where a study has no such table.
        optional: further columns of its file, each with its meaning, where it was built with them.
    """

    columns: Callable[[Family], Mapping[str, str]]
    build: Callable[["StudyTables"], pd.DataFrame | None]
    optional: Mapping[str, str] = field(default_factory=dict)

    def documented(self, family: Family, built: pd.DataFrame) -> dict[str, str]:
        """The columns of the file of a table that was built."""
        return {**self.columns(family), **{name: text for name, text in self.optional.items() if name in built}}


@dataclass(frozen=True)
class StudyFacts:
    """What the tables of a part of a study have to know of the whole; None: the frame is the whole.

    Attributes:
        budgets: `results.tables.series.budgets_of` its cells.
        noisy_runs: `results.tables.mechanism.noisy_runs` of it.
    """

    budgets: NDArray[np.int64] | None = None
    noisy_runs: int | None = None


@dataclass(frozen=True)
class StudyTables:
    """The tables of a study.

    Attributes:
        manifest: what was asked, less the cells.
        frame: the tidy frame: one row per expected cell, with `series` where the cells have sizes.
        held: its verified witnesses.
        facts: of the whole study, where these are tables of a part.
        line_records: records of its reference lines, by key.
        built: its tables that were asked for, by name; None: it has no such table.
    """

    manifest: Manifest
    frame: pd.DataFrame
    held: Entries
    facts: StudyFacts = StudyFacts()
    line_records: Mapping[str, Record] = field(default_factory=dict)
    built: dict[str, pd.DataFrame | None] = field(default_factory=dict)

    @property
    def family(self) -> Family:
        """The kind of experiment."""
        return FAMILIES[self.manifest.family]

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table that it has, by name, in order."""
        return {name: self[name] for name in kinds(self.family) if name in self}

    @cached_property
    def columns(self) -> dict[str, Mapping[str, str]]:
        """The columns of its tables that have a file, with their meanings."""
        found = {name: TABLES[name].documented(self.family, table) for name, table in self.frames.items()}
        return {name: columns for name, columns in found.items() if columns}

    def find(self, name: str) -> pd.DataFrame | None:
        """A table; None where the study has none of this name."""
        if name not in self.built:
            found = TABLES[name].build(self) if name in kinds(self.family) else None
            self.built[name] = None if found is None else typed(found)
        return self.built[name]

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table that there is."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: str) -> bool:
        """Whether the study has a table of this name."""
        return self.find(name) is not None

    def written(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and documented columns of each table that has a file."""
        for name, columns in self.columns.items():
            yield name, self[name][list(columns)]


TABLES: dict[str, Table] = {
    "cells": Table(cell_columns, lambda study: cell_table(study.frame, study.family)),
    "demands": Table(lambda _: {}, lambda study: demanded_q(study.frame, study.manifest)),
    "lines": Table(lambda _: {}, lambda study: _lines(study)),
    "scaling": Table(lambda _: {**scaling.COLUMNS, **demand_columns()}, lambda study: _scaling(study), lines.COLUMNS),
    "leaderboard": Table(
        lambda _: leaderboard.COLUMNS, lambda study: leaderboard.leaderboard(study.frame, study.manifest, study.held.accepted)
    ),
    "thresholds": Table(lambda _: thresholds.COLUMNS, lambda study: thresholds.thresholds(study.frame, study.manifest)),
    "exponents": Table(lambda _: exponents.COLUMNS, lambda study: exponents.exponent_table(study.frame, study["thresholds"])),
    "rays": Table(lambda _: rays.COLUMNS, lambda study: rays.ray_table(study.frame, study.manifest)),
    "bounds": Table(
        lambda _: bounds.COLUMNS, lambda study: bounds.against_theory(study.frame, study["thresholds"], study["demands"])
    ),
    "mechanism": Table(lambda _: mechanism.COLUMNS, lambda study: mechanism.mechanism(study.frame, study.facts.noisy_runs)),
    "brackets": Table(lambda _: brackets.COLUMNS, lambda study: _brackets(study)),
    "frontier": Table(lambda _: frontier.COLUMNS, lambda study: _frontier(study)),
    "barrier": Table(lambda _: barrier.COLUMNS, lambda study: barrier.barrier(study.frame)),
    "architectures": Table(
        lambda _: architectures.COLUMNS,
        lambda study: architectures.architectures(study["barrier"]) if "barrier" in study else None,
    ),
    "baselines": Table(
        lambda _: baselines.COLUMNS,
        lambda study: baselines.baseline_table(study["lines"], study.frame) if "lines" in study else None,
    ),
    "data_efficiency": Table(
        lambda _: data_efficiency.COLUMNS,
        lambda study: data_efficiency.data_efficiency_table(study["lines"], study.frame) if "lines" in study else None,
    ),
    "literature": Table(
        lambda _: literature.COLUMNS, lambda study: literature.literature_table(study["lines"]) if "lines" in study else None
    ),
    "anchors": Table(lambda _: anchors.COLUMNS, lambda study: anchors.anchors(study.frame, study.find("lines"))),
    "digits": Table(lambda _: digits.COLUMNS, lambda study: digits.barrier(study.frame)),
    "koopman": Table(lambda _: koopman.COLUMNS, lambda study: koopman.dictionaries(study.frame)),
    "pseudospectrum": Table(lambda _: koopman.PSEUDOSPECTRUM, lambda study: koopman.spectra(study.frame)),
    "sci": Table(lambda _: sci.COLUMNS, lambda study: sci.sections(study.frame)),
    "searches": Table(lambda _: searches.COLUMNS, lambda study: _searches(study)),
    "search_exponents": Table(
        lambda _: search_exponents.COLUMNS, lambda study: _of_searches(study, search_exponents.search_exponents)
    ),
    "joint_law": Table(
        lambda _: joint_law.COLUMNS, lambda study: _of_searches(study, lambda found: joint_law.joint_law(found, study.frame))
    ),
    "least_n": Table(
        lambda _: least_n.COLUMNS, lambda study: _of_searches(study, lambda found: least_n.least_n(found, study.frame))
    ),
    "villani": Table(lambda _: villani.COLUMNS, lambda study: villani.rays(study.frame)),
    "capacity": Table(lambda _: capacity.COLUMNS, lambda study: capacity.gaps(study.frame)),
    "correlations": Table(lambda _: capacity.CORRELATIONS, lambda study: capacity.correlations(study.frame)),
    "pinn": Table(lambda _: pinn.COLUMNS, lambda study: pinn.risks(study.frame)),
    "pinn_thresholds": Table(lambda _: pinn.THRESHOLDS, lambda study: pinn.thresholds(study.frame)),
    "sampling": Table(lambda _: villani.SAMPLING, lambda study: villani.sampling(study.frame)),
}


def kinds(family: Family) -> dict[str, Table]:
    """The tables that a family names, in order; `cells` alone if it names none."""
    return {name: TABLES[name] for name in family.tables or ("cells",)}


def _lines(study: StudyTables) -> pd.DataFrame | None:
    """Only where some are recorded."""
    return lines.line_table(study.manifest.baselines, study.line_records) if study.line_records else None


def _scaling(study: StudyTables) -> pd.DataFrame:
    """With what is demanded of q and, where they are recorded, the reference lines."""
    table = with_series(scaling.scaling_table(study.frame, study.manifest), study.facts.budgets)
    table = lines.with_lines(table, study["lines"]) if "lines" in study else table
    return with_demands(table, study["demands"])


def _brackets(study: StudyTables) -> pd.DataFrame | None:
    """Only where there are questions."""
    if not study.manifest.brackets:
        return None
    return brackets.brackets(study.manifest, study.held.accepted, brackets.training_costs(study.frame))


def _searches(study: StudyTables) -> pd.DataFrame | None:
    """Only where thresholds are sought."""
    return searches.searches(study.manifest.thresholds, study.frame) if study.manifest.thresholds else None


def _of_searches(study: StudyTables, build: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame | None:
    """A table that is computed from the searches, where there are any."""
    return build(study["searches"]) if "searches" in study else None


def _frontier(study: StudyTables) -> pd.DataFrame | None:
    """Only where questions fix q."""
    return frontier.frontier(study["brackets"]) if "brackets" in study and study["brackets"]["q"].notna().any() else None


def study_tables(manifest: Manifest, records: Iterable[Record], held: Entries | None = None) -> StudyTables:
    """The tables of a study.

    Args:
        manifest: what was asked.
        records: what came out.
        held: the verified witnesses of its folder.

    Raises:
        FloorViolation: a record lies below its certified floor.
    """
    line_records = dict.fromkeys((one.key for one in manifest.baselines), None)
    frame = build_frame(manifest, _set_apart(records, line_records))
    frame = frame.assign(held_out=[one.cell["test_functions"] for one in manifest.expected]) if line_records else frame
    known = {key: record for key, record in line_records.items() if record is not None}
    return tables_of_frame(manifest, frame, held, line_records=known)


def tables_of_frame(
    manifest: Manifest,
    frame: pd.DataFrame,
    held: Entries | None = None,
    *,
    facts: StudyFacts | None = None,
    line_records: Mapping[str, Record] | None = None,
) -> StudyTables:
    """The tables of a study, of its tidy frame.

    Args:
        manifest: what was asked.
        frame: as `results.tables.frame.build_frame` makes it.
        held: the verified witnesses.
        facts: of the whole study, where the frame is a part of it.
        line_records: records of its reference lines, by key.
    """
    facts = facts or StudyFacts()
    frame = with_series(frame, facts.budgets) if {*SERIES} - {"sizes"} <= {*frame} else frame
    return StudyTables(manifest.without_cells(), frame, held or Entries((), ()), facts, line_records=line_records or {})


def _set_apart(records: Iterable[Record], wanted: dict[str, Record | None]) -> Iterator[Record]:
    """The records whose keys are not wanted; of those that are, the last of each is kept in `wanted`."""
    for record in records:
        if record.key in wanted:
            wanted[record.key] = record
        else:
            yield record


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text columns as text, whatever they were built of.

    Raises:
        TypeError: a column that mixes text, numbers and values of other kinds.
    """
    loose = [name for name, kind in frame.dtypes.items() if pd.api.types.is_object_dtype(kind)]
    kinds = {name: {type(value) for value in frame[name].dropna()} for name in loose}
    for name, found in kinds.items():
        if len(found) > 1 or found & {int, float, bool}:
            words = sorted(kind.__name__ for kind in found)
            raise TypeError(f"expected columns of one type, got {words} in {name}; give it a type where it is built")
    return frame.astype({name: "str" for name, found in kinds.items() if found <= {str}}) if kinds else frame
