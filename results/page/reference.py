"""The page over all published studies: the programme's questions in short, what each study found, how every question stands.

It is made as the page of a study is: one file, its own script and style named by their hashes, nothing loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from results.answers import Answer
from results.answers.claim import Claim
from results.page.columnar import columns, embedded
from results.page.document import SCRIPTS, asset, render
from results.tables.brackets import MADE

SHOWN = (
    *("id", "status", "net_class", "nets", "task", "N", "M", "noise_law", "sigma", "target", "q"),
    *("q_lower", "q_upper", "q_file", "d_lower", "d_upper", "d_ratio", "d_file", "d_author", "d_checks", "verify"),
    *("d_explicit", "d_trained", "d_pruned"),
)
FILES = {
    "q_file": "q_witness",
    "d_file": "d_witness",
    **{f"{made}_file": f"d_{made}_witness" for made in MADE},
}
"""Columns with addresses, and those of the witnesses that they lead to."""
KINDS = {**dict.fromkeys(FILES, "file"), "verify": "command"}


@dataclass(frozen=True)
class Told:
    """A published study on the page.

    Attributes:
        name: of the study.
        edition: its number and date, and what it cost, in words.
        found: its answers.
    """

    name: str
    edition: str
    found: Sequence[Answer]


def reference_page(short: Sequence[Claim], told: Sequence[Told], standings: pd.DataFrame, helps: dict[str, str]) -> bytes:
    """The page.

    Args:
        short: the questions of the programme with their answers.
        told: the studies.
        standings: how the questions stand, with addresses of witnesses in the columns FILES, relative to the page.
        helps: the columns of `standings` with their meanings.
    """
    held = [{**column, "kind": KINDS.get(column["name"], column["kind"])} for column in columns(standings, helps)]
    table = {
        "id": "standings",
        "section": "standings",
        "file": "",
        "title": "Questions",
        "note": "A row a question. `verify` computes again what its witnesses reach, in a clone of the project.",
        "shown": [name for name in SHOWN if name in helps],
        "rows": len(standings),
        "leading": [],
        "columns": held,
    }
    data = {"charts": [], "tables": [table] if len(standings) else [], "records": {"rows": 0, "columns": []}}
    counts = standings["status"].value_counts().to_dict() if len(standings) else {}
    return render(
        "reference.html.j2",
        scripts=(asset("theme.js"), asset(*SCRIPTS)),
        short=short,
        told=told,
        questions=len(standings),
        counts=counts,
        data=Markup(embedded(data)),
    )
