"""All tables of a study, computed once and held as frames: what is written, printed, shown, drawn and predicted from.

A table is one entry of TABLES: what its columns mean, and how it is built from the study and the tables before it. Which of them
a study has is for its family to name; a family that names none has `cells` alone. A frame may have more columns than its file
(`series`, `intercept`): those are for other tables and for charts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from results.families import FAMILIES, Family, capacity, digits, koopman, sci, villani
from results.records.manifest import Manifest
from results.records.record import Record
from results.tables import bounds, brackets, exponents, frontier, leaderboard, mechanism, rays, scaling, thresholds
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
    """

    columns: Callable[[Family], Mapping[str, str]]
    build: Callable[["StudyTables"], pd.DataFrame | None]


@dataclass(frozen=True)
class StudyTables:
    """The tables of a study.

    Attributes:
        manifest: what was asked, less the cells.
        frame: the tidy frame: one row per expected cell, with `series` where the cells have sizes.
        held: its verified witnesses.
        frames: its tables, by name, in order.
        columns: the columns of those that have a file, with their meanings.
    """

    manifest: Manifest
    frame: pd.DataFrame
    held: Entries
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    columns: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def family(self) -> Family:
        """The kind of experiment."""
        return FAMILIES[self.manifest.family]

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table that there is."""
        return self.frames[name]

    def __contains__(self, name: str) -> bool:
        """Whether the study has a table of this name."""
        return name in self.frames

    def written(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Name and documented columns of each table that has a file."""
        for name, columns in self.columns.items():
            yield name, self.frames[name][list(columns)]


TABLES: dict[str, Table] = {
    "cells": Table(cell_columns, lambda study: cell_table(study.frame, study.family)),
    "demands": Table(lambda _: {}, lambda study: demanded_q(study.frame, study.manifest)),
    "scaling": Table(
        lambda _: {**scaling.COLUMNS, **demand_columns()},
        lambda study: with_demands(with_series(scaling.scaling_table(study.frame, study.manifest)), study["demands"]),
    ),
    "leaderboard": Table(
        lambda _: leaderboard.COLUMNS, lambda study: leaderboard.leaderboard(study.frame, study.manifest, study.held.accepted)
    ),
    "thresholds": Table(lambda _: thresholds.COLUMNS, lambda study: thresholds.thresholds(study.frame, study.manifest)),
    "exponents": Table(lambda _: exponents.COLUMNS, lambda study: exponents.exponent_table(study.frame, study["thresholds"])),
    "rays": Table(lambda _: rays.COLUMNS, lambda study: rays.ray_table(study.frame, study.manifest)),
    "bounds": Table(
        lambda _: bounds.COLUMNS, lambda study: bounds.against_theory(study.frame, study["thresholds"], study["demands"])
    ),
    "mechanism": Table(lambda _: mechanism.COLUMNS, lambda study: mechanism.mechanism(study.frame)),
    "brackets": Table(lambda _: brackets.COLUMNS, lambda study: _brackets(study)),
    "frontier": Table(lambda _: frontier.COLUMNS, lambda study: _frontier(study)),
    "digits": Table(lambda _: digits.COLUMNS, lambda study: digits.barrier(study.frame)),
    "koopman": Table(lambda _: koopman.COLUMNS, lambda study: koopman.dictionaries(study.frame)),
    "pseudospectrum": Table(lambda _: koopman.PSEUDOSPECTRUM, lambda study: koopman.spectra(study.frame)),
    "sci": Table(lambda _: sci.COLUMNS, lambda study: sci.sections(study.frame)),
    "villani": Table(lambda _: villani.COLUMNS, lambda study: villani.rays(study.frame)),
    "capacity": Table(lambda _: capacity.COLUMNS, lambda study: capacity.gaps(study.frame)),
    "correlations": Table(lambda _: capacity.CORRELATIONS, lambda study: capacity.correlations(study.frame)),
    "sampling": Table(lambda _: villani.SAMPLING, lambda study: villani.sampling(study.frame)),
}


def kinds(family: Family) -> dict[str, Table]:
    """The tables that a family names, in order; `cells` alone if it names none."""
    return {name: TABLES[name] for name in family.tables or ("cells",)}


def _brackets(study: StudyTables) -> pd.DataFrame | None:
    """Only where there are questions."""
    if not study.manifest.brackets:
        return None
    return brackets.brackets(study.manifest, study.held.accepted, brackets.training_costs(study.frame))


def _frontier(study: StudyTables) -> pd.DataFrame | None:
    """Only where questions fix q."""
    return frontier.frontier(study["brackets"]) if "brackets" in study and study["brackets"]["q"].notna().any() else None


def study_tables(manifest: Manifest, records: Iterable[Record], held: Entries | None = None) -> StudyTables:
    """Compute every table of a study.

    Args:
        manifest: what was asked.
        records: what came out.
        held: the verified witnesses of its folder.

    Raises:
        FloorViolation: a record lies below its certified floor.
    """
    frame = build_frame(manifest, records)
    frame = with_series(frame) if {*SERIES} - {"sizes"} <= {*frame} else frame
    study = StudyTables(manifest.without_cells(), frame, held or Entries((), ()))
    for name, kind in kinds(study.family).items():
        built, columns = kind.build(study), kind.columns(study.family)
        if built is not None:
            study.frames[name] = typed(built)
            study.columns.update({name: columns} if columns else {})
    return study


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text columns as text, whatever they were built of.

    Raises:
        TypeError: a column that mixes text, numbers and values of other kinds.
    """
    loose = [name for name in frame if pd.api.types.is_object_dtype(frame[name])]
    kinds = {name: {type(value) for value in frame[name].dropna()} for name in loose}
    for name, found in kinds.items():
        if len(found) > 1 or found & {int, float, bool}:
            words = sorted(kind.__name__ for kind in found)
            raise TypeError(f"expected columns of one type, got {words} in {name}; give it a type where it is built")
    return frame.astype({name: "str" for name, found in kinds.items() if found <= {str}})
