"""From a study folder to its tables, figures and `report.md`, all computed from `study.json` and the records."""

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from results.answers import answers
from results.charts import drawings
from results.charts.evidence import Evidence
from results.page.document import write_page
from results.page.index import write_index
from results.programme import strand_of
from results.records.manifest import Manifest, load_manifest
from results.records.store import Quarantined, Store
from results.report.answers_section import answers_section
from results.report.bracket_section import bracket_section
from results.report.markdown import bullets, escape, plain_table, table
from results.report.print_tables import print_tables
from results.report.search_section import SHOWN as SEARCHES
from results.report.search_section import search_section
from results.report.theory_section import theory_section
from results.tables.costs import COSTS, costs
from results.tables.csv_files import columns_page, write_csv
from results.tables.frame import check_floors
from results.tables.study_tables import StudyTables, kinds, study_tables
from results.tables.version import computed
from results.witnesses.recomputed import misstated, not_computed, recomputed
from results.witnesses.submissions import entries

if TYPE_CHECKING:
    from results.charts.model import Drawing
    from results.figures.catalogue import Picture

TOLD = (
    *("scaling", "leaderboard", "thresholds", "exponents", "rays", "bounds", "mechanism", "brackets", "frontier", "barrier"),
    *SEARCHES,
)
OUTCOMES = ("done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")


@dataclass(frozen=True)
class Summary:
    """How a study stands: its cells by outcome, and what was refused or not believed.

    Attributes:
        quarantined: refused lines.
        refused: refused witnesses.
        unknown: records of cells of tasks that this release does not know.
        set_aside: other records of such tasks, which the study does not ask for.
        floors: records that have a floor.
    """

    name: str
    expected: int
    done: int
    diverged: int
    timeout: int
    oom: int
    data_invalid: int
    failed: int
    missing: int
    quarantined: int
    refused: int
    unknown: int
    set_aside: int
    floors: int

    def sentence(self) -> str:
        """One sentence for a terminal."""
        others = [f"{getattr(self, name)} {name}" for name in OUTCOMES[1:] if getattr(self, name)]
        text = f"study {self.name}: {self.expected} cells, {self.done} done"
        text += f", {', '.join(others)}" if others else ""
        text += f"; none of {self.floors} records with a floor lies below it"
        for count, what in (
            (self.quarantined, "lines quarantined"),
            (self.refused, "witnesses refused"),
            (self.unknown, "records of tasks that are unknown here, taken as they are"),
            (self.set_aside, "records of tasks that are unknown here set aside"),
        ):
            text += f"; {count} {what}" if count else ""
        return text


def write_tables(
    folder: Path,
    manifest: Manifest | None = None,
    *,
    figures: bool = True,
    cache: BlockCache | None = None,
    now: datetime.datetime | None = None,
) -> Summary:
    """Read a study folder, write its CSV files, printed tables, figures, `columns.md`, `report.md` and `report.html`.

    `index.html` beside the study folder is brought up to date too.

    Args:
        folder: the study folder.
        manifest: what the study expects; read from `study.json` by default. What it says is certified is computed again.
        figures: whether to draw the figures.
        cache: where generated functions and measurements of witnesses are kept; without it every witness is measured again.
        now: the time that report and page state; the clock's by default. Nothing else depends on it.

    Raises:
        UserError: there is no readable `study.json`, or a file cannot be written.
        FloorViolation: a record lies below its certified floor.
    """
    store = Store(folder)
    stated = manifest if manifest is not None else load_manifest(folder)
    manifest = recomputed(stated, cache)
    tables = study_tables(manifest, store.changes(), entries(folder, cache))
    digests = {f"{name}.csv": write_csv(folder / f"{name}.csv", table) for name, table in tables.written()}
    made = computed(now or datetime.datetime.now(datetime.UTC))
    evidence = Evidence(tables, store.quarantined(), store.disagreeing(), _of_study(folder) | digests, made)
    charts = list(drawings(evidence))
    drawn = _drawn(folder, charts, evidence.records) if figures else None
    store.quarantine()
    summary = _summary(tables, store)
    write_atomic(folder / "columns.md", _columns(tables).encode())
    found = answers(tables)
    opening = answers_section(found, charts, figures=figures) + _certified(stated, manifest)
    write_atomic(folder / "report.md", _report(tables, summary, store, opening, drawn, made).encode())
    print_tables(folder, tables)
    write_page(folder, evidence, charts, found)
    write_index(folder.parent)
    return summary


def _drawn(folder: Path, charts: "Sequence[Drawing]", records: pd.DataFrame) -> "list[Picture]":
    """The figures, written; nothing else of a report needs a plotting library."""
    from results.figures.catalogue import pictures
    from results.figures.files import write_picture

    drawn = list(pictures(charts, records))
    for picture in drawn:
        write_picture(folder / "figures", picture, records)
    return drawn


def _of_study(folder: Path) -> dict[str, str]:
    """SHA-256 of `study.json`, where there is one."""
    path = folder / "study.json"
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()} if path.is_file() else {}


def _report(tables: StudyTables, summary: Summary, store: Store, opening: str, drawn: "list[Picture] | None", made: str) -> str:
    sections = (
        f"# Study {escape(tables.manifest.name)}\n\n> {escape(tables.manifest.question)}\n\n",
        _strand(tables),
        _preset(tables.manifest),
        opening,
        _cells(summary, tables.frame),
        _refused(store),
        _refused_witnesses(tables),
        bracket_section(tables),
        search_section(tables),
        _findings(tables) if {"leaderboard", "exponents", "rays"} <= tables.frames.keys() else "",
        theory_section(tables["bounds"], tables["mechanism"]) if {"bounds", "mechanism"} <= tables.frames.keys() else "",
        _others(tables),
        _figures(drawn, tables.manifest.name),
        _cost(tables.frame),
        _reproduce(tables.manifest),
        f"{made}.\n",
    )
    return "".join(sections)


def _certified(stated: Manifest, computed: Manifest) -> str:
    """Where `study.json` states other certified ends than were computed, and how many could not be computed."""
    other, unknown = misstated(stated, computed), not_computed(computed)
    told = f"`study.json` states another certified end of {other} questions than this release computes, which is what the"
    text = f"**Warning**: {told} tables show.\n\n" if other else ""
    if unknown:
        text += (
            f"**Warning**: the certified ends of {unknown} questions could not be computed, because their task or data are not"
            " here: for the tables nothing is certified of them, whatever `study.json` states.\n\n"
        )
    return text


def _strand(tables: StudyTables) -> str:
    """What the study's strand of the programme claims, what that is worth, and what would falsify it."""
    strand = strand_of(tables.manifest.name, tables.family.name)
    if strand is None:
        return ""
    lines = (
        strand.opening,
        f"Status: {strand.status}",
        f"What would falsify it: {strand.falsified_by}",
        f"Source: {strand.source}",
    )
    return bullets([escape(line) for line in lines]) + "\n"


def _preset(manifest: Manifest) -> str:
    """Which part of the study this is; nothing of the whole."""
    return f"Preset {manifest.preset}: {escape(manifest.thinned)}.\n\n" if manifest.thinned else ""


def _summary(tables: StudyTables, store: Store) -> Summary:
    status, unknown = tables.frame["status"], store.unknown()
    asked = len(unknown.keys() & set(tables.frame["key"]))
    return Summary(
        name=tables.manifest.name,
        expected=len(status),
        **{name: int((status == name).sum()) for name in OUTCOMES},
        quarantined=len(store.quarantined()),
        refused=len(tables.held.refused),
        unknown=asked,
        set_aside=len(unknown) - asked,
        floors=check_floors(tables.frame),
    )


def _cells(summary: Summary, frame: pd.DataFrame) -> str:
    """How the cells ended, what made their records, and what went wrong."""
    counts = pd.DataFrame([{name: getattr(summary, name) for name in ("expected", *OUTCOMES)}])
    lines = ["## Cells by outcome\n"]
    lines.append(table(counts, {name: name for name in ("expected", *OUTCOMES)}, full="report.md"))
    lines.append(
        f"Floors: {summary.floors} records have a certified floor of the training error, and none lies below it.\n"
        if summary.floors
        else "Floors: no record has a certified floor.\n"
    )
    for name, what in (("versions", "package versions"), ("hardware", "hardware")):
        groups = frame[name][frame["status"] != "missing"].value_counts().sort_index()
        if len(groups) > 1:
            lines.append(f"**Warning**: the records come from {len(groups)} sets of {what}; compare with care.\n")
        if len(groups):
            lines.append(bullets([f"{count} records: {escape(str(text) or 'not stated')}" for text, count in groups.items()]))
    bad = frame[~frame["status"].isin(["done", "missing"])]
    if len(bad):
        messages = bad.groupby(["status", "message"], dropna=False).size().rename("cells").reset_index()
        messages = messages.sort_values(["cells", "status", "message"], ascending=[False, True, True])
        lines.append("## What went wrong\n")
        lines.append(table(messages, {"status": "status", "cells": "cells", "message": "message"}, full="records"))
    return "\n".join(lines) + "\n"


def _refused(store: Store) -> str:
    text, refused, disagreeing = "", store.quarantined(), store.disagreeing()
    unknown = store.unknown()
    if refused:
        rows = pd.DataFrame([[bad.file, bad.line, bad.reason] for bad in refused], columns=list(Quarantined.__slots__))
        names = {"file": "file", "line": "line", "reason": "reason"}
        text += "## Refused record lines\n\nCopies lie in `quarantine/`; their cells run again with the next run.\n\n"
        text += table(rows, names, full="quarantine/") + "\n"
    if unknown:
        told = ", ".join(f"`{escape(name[:80])}`" for name in sorted(set(unknown.values()))[:20])
        text += (
            f"**Warning**: {len(unknown)} records are of tasks that this release does not know ({told}): their data cannot be"
            " compared with anything. Those that this study does not ask for are set aside.\n\n"
        )
    if disagreeing:
        text += f"**Warning**: {len(disagreeing)} cells have records with different weights; runs should give the same bits.\n\n"
        text += bullets([f"`{key}`" for key in disagreeing[:20]]) + "\n"
    return text


def _refused_witnesses(tables: StudyTables) -> str:
    if not tables.held.refused:
        return ""
    text = "## Refused witnesses\n\nThey were entered here or elsewhere, and count in no table: each was measured again.\n\n"
    return text + bullets([f"{escape(bad.file)}: {escape(bad.reason)}" for bad in tables.held.refused[:50]]) + "\n"


def _findings(tables: StudyTables) -> str:
    """The tables a reader looks at first, in short; the CSV files hold the rest."""
    labels = {"noise_law": "noise", "sigma": "sigma"}
    if (tables.frame["control"] != "none").any():
        labels["control"] = "control"
    where = {"task": "task", "design": "design", "N": "N", "M": "M", **labels, "target": "target"}
    counts = {name: name for name in ("expected", "done", "diverged", "failed", "missing")}
    entry = {"smallest": "smallest", "standing": "standing", "q": "q", "d": "d", "error": "error", "recipe": "recipe"}
    sizes = {**where, **entry, "q_certified": "q >= (floor)", "ties": "ties", "unsettled": "unsettled", **counts}
    law = {
        "law": "law",
        "target": "target",
        "path": "path",
        "sentence": "exponent, 95 %",
        "reason": "note",
    }
    series = {"task": "task", "design": "design", "schedule": "schedule", "sizes": "sizes", **labels}
    fits = {**series, **law, "predicted": "predicted", **counts}
    ray = {"alpha": "alpha", "points": "points (q, n)", "replicates": "replicates", "p_holm": "p (Holm)", "fall": "fall"}
    found = {**series, **ray, "rises": "rises", "verdict": "verdict", **counts}
    leaders, rays, fitted = (tables[name] for name in ("leaderboard", "rays", "exponents"))
    fitted = fitted.assign(reason=_not_identifiable(fitted))
    return (
        "## Smallest sizes that reach each target\n\nWhole table: `leaderboard.csv`; every configuration: `scaling.csv`.\n\n"
        f"{table(leaders, sizes, full='leaderboard.csv')}\n"
        "## Exponents\n\nWhole table: `exponents.csv`; the thresholds they rest on: `thresholds.csv`.\n\n"
        f"{table(fitted, fits, full='exponents.csv')}\n"
        f"## Rays\n\n{table(rays, found, full='rays.csv')}\n"
    )


def _others(tables: StudyTables) -> str:
    """The tables that no section tells of, as they are."""
    text = ""
    for name, rows in tables.written():
        if name not in TOLD:
            shown = plain_table(rows, list(tables.columns[name]), f"{name}.csv")
            text += f"## {name.replace('_', ' ').capitalize()}\n\nWhole table: `{name}.csv`.\n\n{shown}\n"
    return text


def _not_identifiable(fits: pd.DataFrame) -> "pd.Series[str]":
    reason = fits["reason"].fillna("").astype("str")
    return reason.where(fits["identified"] != "no", "not identifiable: " + reason)


def _figures(drawn: "list[Picture] | None", name: str) -> str:
    if drawn is None:
        return f"## Figures\n\nNot drawn here; `python -m bench report {name}` draws them.\n\n"
    if not drawn:
        return "## Figures\n\nNone: no data to draw.\n\n"
    blocks = []
    for picture in drawn:
        caption, path = escape(picture.caption), f"figures/{picture.name}"
        blocks.append(f"![{caption}]({path}.png)\n\n{caption}. [SVG]({path}.svg), [PDF]({path}.pdf)\n")
    return "## Figures\n\n" + "\n".join(blocks) + "\n"


def _cost(frame: pd.DataFrame) -> str:
    names = {**COSTS, "cpu_seconds": "CPU s", "median_cpu_seconds": "median CPU s"}
    rows = costs(frame, ("engine", "recipe"))
    return f"## Cost\n\n{table(rows, {str(name): names[str(name)] for name in rows}, full='records')}\n"


def _columns(tables: StudyTables) -> str:
    """Of the tables that the study has, and of those that it would have."""
    return columns_page(
        {name: tables.columns.get(name, kind.columns(tables.family)) for name, kind in kinds(tables.family).items()}
    )


def _reproduce(manifest: Manifest) -> str:
    return (
        f"## Reproduce\n\n    python -m bench run {manifest.arguments}\n\n(or the study's file in place of its name);"
        f" `python -m bench report {manifest.name}` rebuilds this page from the records."
        " What the columns mean: `columns.md`.\n"
    )
