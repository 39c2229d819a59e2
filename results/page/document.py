"""Writing `report.html`: everything of a study in one file, and `report.json`, what the index says of it.

The page runs only its own script and style, named by their hashes in the content policy, and loads nothing. Text from records
is escaped by the template or enters by `textContent`; the data lie in a script element of type application/json.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic import Field

from operators.atomic_files import write_atomic
from results.answers import Answer
from results.charts import chart_of
from results.charts.evidence import Evidence
from results.charts.model import Drawing, as_json
from results.page.columnar import embedded
from results.page.provenance import facts, outcomes, trouble
from results.page.sections import SECTIONS
from results.page.tables import record_table, tables
from results.programme import strand_of
from results.records.manifest import Manifest
from results.schema.model import Model
from results.schema.sealed import seal

SCRIPTS = ("format.js", "table.js", "scale.js", "chart.js", "heat.js", "page.js")


ALWAYS = {"more", "failures", "companion"}
CARD_SCHEMA = 1


class Card(Model):
    """What the index says of a study: `report.json`."""

    schema_version: int = Field(CARD_SCHEMA, alias="schema")
    name: str
    question: str
    tasks: tuple[str, ...]
    outcomes: dict[str, int]
    questions: int = 0
    closed: int = 0


@cache
def environment() -> Environment:
    """The templates, escaping everything."""
    made = Environment(
        loader=PackageLoader("results.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["coded"] = coded
    return made


def coded(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    parts = text.split("`")
    even = len(parts) % 2 == 1
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if even and i % 2 else escape(part if even or not i else f"`{part}")
        for i, part in enumerate(parts)
    )


@cache
def asset(*names: str) -> str:
    """Files of `assets`, one after another."""
    return "\n".join(files("results.page").joinpath("assets", name).read_text(encoding="utf-8") for name in names)


def policy(*, scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """The content security policy of a page that holds these scripts and styles and nothing else."""
    lists = []
    for texts in (scripts, styles):
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        lists.append(" ".join(f"'sha256-{digest}'" for digest in digests))
    return (
        f"default-src 'none'; script-src {lists[0]}; style-src {lists[1]}; img-src data:; base-uri 'none'; form-action 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    )


def render(template: str, *, scripts: tuple[str, ...], **values: Any) -> bytes:
    """A page from a template, with its scripts, style and policy."""
    style = asset("page.css")
    page = environment().get_template(template)
    text = page.render(
        policy=policy(scripts=scripts, styles=(style,)), style=Markup(style), scripts=[Markup(s) for s in scripts], **values
    )
    return text.encode()


def study_page(evidence: Evidence, drawings: Sequence[Drawing], found: Sequence[Answer]) -> bytes:
    """The page of a study.

    Args:
        evidence: what is shown.
        drawings: its charts.
        found: its answers.
    """
    charts = [{**as_json(drawing), "id": _place(place)} for place, drawing in enumerate(drawings)]
    held = list(tables(evidence))
    sized = "scaling" in evidence.tables
    full = {part["section"] for part in (*charts, *held)} | {"failures", "provenance"}
    data = {"charts": charts, "tables": held, "records": record_table(evidence)}
    return render(
        "study.html.j2",
        scripts=(asset("theme.js"), asset(*SCRIPTS)),
        manifest=evidence.tables.manifest,
        answers=[_answered(answer, drawings, {str(part["file"]): str(part["id"]) for part in held}) for answer in found],
        outcomes=outcomes(evidence.tables.frame),
        expected=len(evidence.tables.frame),
        questions=questions(evidence.tables.manifest),
        closed=closed(evidence),
        sections=[section for section in SECTIONS if section.name in full],
        absent=[section.title for section in SECTIONS if section.name not in full | ALWAYS] if sized else [],
        strand=strand_of(evidence.tables.manifest.name, evidence.tables.family.name),
        facts=facts(evidence),
        trouble=trouble(evidence),
        data=Markup(embedded(data)),
    )


def _place(number: int) -> str:
    """The address of a chart on its page."""
    return f"chart-{number}"


def _answered(answer: Answer, drawings: Sequence[Drawing], held: Mapping[str, str]) -> dict[str, str | bool]:
    """An answer with the addresses of its chart and its table on the page, empty where there is none."""
    place = chart_of(drawings, answer.chart, answer.task, answer.target)
    return {
        "finding": answer.finding,
        "setting": answer.setting,
        "changed_by": answer.changed_by,
        "chart": "" if place is None else _place(place),
        "file": answer.table,
        "table": f"table-{held[answer.table]}" if answer.table and answer.table in held else "",
        "decides": answer.decides,
    }


def questions(manifest: Manifest) -> int:
    """Questions that ask for the smallest q."""
    return sum(bracket.q is None for bracket in manifest.brackets)


def closed(evidence: Evidence) -> int:
    """Questions whose bracket of q is closed."""
    return int((evidence.tables["brackets"]["standing"] == "closed").sum()) if "brackets" in evidence.tables else 0


def write_page(folder: Path, evidence: Evidence, drawings: Sequence[Drawing], found: Sequence[Answer]) -> None:
    """Write `report.html` and `report.json` into a study folder.

    Raises:
        UserError: they cannot be written.
    """
    frame, manifest = evidence.tables.frame, evidence.tables.manifest
    card = Card(
        name=manifest.name,
        question=manifest.question,
        tasks=tuple(sorted(set(frame.get("task", ())) | {bracket.task for bracket in manifest.brackets})),
        outcomes=outcomes(frame),
        questions=questions(manifest),
        closed=closed(evidence),
    )
    write_atomic(folder / "report.html", study_page(evidence, drawings, found))
    write_atomic(folder / "report.json", seal("card", card))
