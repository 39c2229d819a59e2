"""From a study folder to its tables, figures and `report.md`, all computed from `study.json` and the records."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from operators.atomic_files import write_atomic
from results.charts.evidence import Evidence
from results.figures.catalogue import Picture, pictures
from results.figures.style import METADATA, rendered
from results.page.document import write_page
from results.page.index import write_index
from results.records.manifest import Manifest, load_manifest
from results.records.store import Quarantined, Store
from results.report.bracket_section import BRACKET_COLUMNS, bracket_section
from results.report.markdown import MOST_ROWS, bullets, escape, table
from results.report.print_tables import print_tables
from results.report.theory_section import theory_section
from results.tables import bounds, exponents, leaderboard, mechanism, rays, scaling, thresholds
from results.tables.csv_files import documented, write_csv
from results.tables.demands import demand_columns, demanded_q, with_demands
from results.tables.frame import build_frame, check_floors
from results.tables.series import with_series
from results.tables.study_tables import Tables
from results.witnesses.submissions import entries

COLUMNS: dict[str, Mapping[str, str]] = {
    "scaling.csv": {**scaling.COLUMNS, **demand_columns()},
    "leaderboard.csv": leaderboard.COLUMNS,
    "thresholds.csv": thresholds.COLUMNS,
    "exponents.csv": exponents.COLUMNS,
    "rays.csv": rays.COLUMNS,
    "bounds.csv": bounds.COLUMNS,
    "mechanism.csv": mechanism.COLUMNS,
}
OUTCOMES = ("done", "diverged", "timeout", "oom", "data_invalid", "failed", "missing")


@dataclass(frozen=True)
class Summary:
    """How a study stands: its cells by outcome, refused lines, records that have a floor."""

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
    floors: int

    def sentence(self) -> str:
        """One sentence for a terminal."""
        others = [f"{getattr(self, name)} {name}" for name in OUTCOMES[1:] if getattr(self, name)]
        text = f"study {self.name}: {self.expected} cells, {self.done} done"
        text += f", {', '.join(others)}" if others else ""
        text += f"; none of {self.floors} records with a floor lies below it"
        return f"{text}; {self.quarantined} lines quarantined" if self.quarantined else text


def write_tables(folder: Path, manifest: Manifest | None = None) -> Summary:
    """Read a study folder, write its CSV files, printed tables, figures, `columns.md`, `report.md` and `report.html`.

    `index.html` beside the study folder is brought up to date too.

    Args:
        folder: the study folder.
        manifest: what the study expects; read from `study.json` by default.

    Raises:
        UserError: there is no readable `study.json`, or a file cannot be written.
        FloorViolation: a record lies below its certified floor.
    """
    manifest = manifest if manifest is not None else load_manifest(folder)
    store = Store(folder)
    frame = with_series(build_frame(manifest, store.changes()))
    manifest = manifest.without_cells()
    located = thresholds.thresholds(frame, manifest)
    rows = with_series(scaling.scaling_table(frame, manifest))
    demanded = demanded_q(frame, manifest)
    tables = Tables(
        frame=frame,
        scaling=with_demands(rows, demanded),
        located=located,
        exponents=exponents.exponent_table(frame, located),
        rays=rays.ray_table(frame, manifest),
        demanded=demanded,
    )
    held = entries(folder)
    leaders = leaderboard.leaderboard(frame, manifest, held.accepted)
    compared = bounds.against_theory(frame, located, tables.demanded)
    absorbed = mechanism.mechanism(frame)
    written = (tables.scaling, leaders, tables.located, tables.exponents, tables.rays, compared, absorbed)
    for (name, columns), table_rows in zip(COLUMNS.items(), written, strict=True):
        write_csv(folder / name, table_rows[list(columns)])
    drawn = list(pictures(tables))
    for picture in drawn:
        for kind in METADATA:
            write_atomic(folder / "figures" / f"{picture.name}.{kind}", rendered(picture.figure, kind))
    store.quarantine()
    summary = _summary(manifest, frame, store)
    bracketed = bracket_section(folder, manifest, frame, held=held)
    findings = f"{bracketed}{_findings(tables, leaders)}{theory_section(compared, absorbed)}"
    sections = f"{_head(manifest, summary, frame)}{_refused(store)}{findings}{_figures(drawn)}{_cost(frame)}"
    write_atomic(folder / "columns.md", _columns().encode())
    write_atomic(folder / "report.md", f"{sections}{_reproduce(manifest)}".encode())
    print_tables(folder)
    columns_of = {**COLUMNS, **BRACKET_COLUMNS}
    write_page(folder, Evidence.gathered(folder, manifest, tables=tables, store=store, columns=columns_of))
    write_index(folder.parent)
    return summary


def _summary(manifest: Manifest, frame: pd.DataFrame, store: Store) -> Summary:
    return Summary(
        name=manifest.name,
        expected=len(frame),
        **{name: int((frame["status"] == name).sum()) for name in OUTCOMES},
        quarantined=len(store.quarantined()),
        floors=check_floors(frame),
    )


def _head(manifest: Manifest, summary: Summary, frame: pd.DataFrame) -> str:
    counts = pd.DataFrame([{name: getattr(summary, name) for name in ("expected", *OUTCOMES)}])
    lines = [f"# Study {escape(manifest.name)}\n", f"> {escape(manifest.question)}\n", "## Cells by outcome\n"]
    lines.append(table(counts, {name: name for name in ("expected", *OUTCOMES)}, most=1, full="report.md"))
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
        lines.append(table(messages, {"status": "status", "cells": "cells", "message": "message"}, most=20, full="records"))
    return "\n".join(lines) + "\n"


def _refused(store: Store) -> str:
    text, refused, disagreeing = "", store.quarantined(), store.disagreeing()
    if refused:
        rows = pd.DataFrame([[bad.file, bad.line, bad.reason] for bad in refused], columns=list(Quarantined.__slots__))
        names = {"file": "file", "line": "line", "reason": "reason"}
        text += "## Refused record lines\n\nCopies lie in `quarantine/`; their cells run again with the next run.\n\n"
        text += table(rows, names, most=50, full="quarantine/") + "\n"
    if disagreeing:
        text += f"**Warning**: {len(disagreeing)} cells have records with different weights; runs should give the same bits.\n\n"
        text += bullets([f"`{key}`" for key in disagreeing[:20]]) + "\n"
    return text


def _findings(tables: Tables, leaders: pd.DataFrame) -> str:
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
        "exponent": "exponent",
        "low": "low",
        "high": "high",
        "reason": "note",
    }
    series = {"task": "task", "design": "design", "schedule": "schedule", "sizes": "sizes", **labels}
    fits = {**series, **law, "predicted": "predicted", **counts}
    ray = {"alpha": "alpha", "points": "points (q, n)", "replicates": "replicates", "p_holm": "p (Holm)", "fall": "fall"}
    found = {**series, **ray, "rises": "rises", "verdict": "verdict", **counts}
    fitted = tables.exponents.assign(reason=_not_identifiable(tables.exponents))
    fitted = fitted.sort_values("identified", ascending=False, kind="stable")
    return (
        "## Smallest sizes that reach each target\n\nWhole table: `leaderboard.csv`; every configuration: `scaling.csv`.\n\n"
        f"{table(leaders, sizes, most=MOST_ROWS, full='leaderboard.csv')}\n"
        "## Exponents\n\nWhole table: `exponents.csv`; the thresholds they rest on: `thresholds.csv`.\n\n"
        f"{table(fitted, fits, most=MOST_ROWS, full='exponents.csv')}\n"
        f"## Rays\n\n{table(tables.rays, found, most=MOST_ROWS, full='rays.csv')}\n"
    )


def _not_identifiable(fits: pd.DataFrame) -> "pd.Series[str]":
    reason = fits["reason"].fillna("").astype("str")
    return reason.where(fits["identified"] != "no", "not identifiable: " + reason)


def _figures(drawn: list[Picture]) -> str:
    if not drawn:
        return "## Figures\n\nNone: no data to draw.\n\n"
    blocks = []
    for picture in drawn:
        caption, path = escape(picture.caption), f"figures/{picture.name}"
        blocks.append(f"![{caption}]({path}.png)\n\n{caption}. [SVG]({path}.svg), [PDF]({path}.pdf)\n")
    return "## Figures\n\n" + "\n".join(blocks) + "\n"


def _cost(frame: pd.DataFrame) -> str:
    ran = frame[frame["cpu_seconds"].notna()]
    costs = ran.groupby(["engine", "recipe"]).agg(
        runs=("key", "size"), cpu=("cpu_seconds", "sum"), middle=("cpu_seconds", "median"), flops=("flops", "sum")
    )
    names = {"engine": "engine", "recipe": "recipe", "runs": "runs", "cpu": "CPU s", "middle": "median CPU s", "flops": "flops"}
    return f"## Cost\n\n{table(costs.reset_index(), names, most=MOST_ROWS, full='records')}\n"


def _columns() -> str:
    parts = [f"## {name}\n\n{documented(columns)}" for name, columns in {**COLUMNS, **BRACKET_COLUMNS}.items()]
    return "# Columns of the tables\n\n" + "\n".join(parts)


def _reproduce(manifest: Manifest) -> str:
    return (
        f"## Reproduce\n\n    python -m bench run {manifest.name}\n\n(or the study's file in place of its name);"
        f" `python -m bench report {manifest.name}` rebuilds this page from the records."
        " What the columns mean: `columns.md`.\n"
    )
