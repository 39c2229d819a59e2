"""standings.csv of the reference: how every numbered question stands, over all published studies.

The ladder: `open` - `closed in q` (q_upper = q_lower, or the fixed q is certified impossible) - `closed in d` (d_upper =
d_lower); beside it `contradicted` (a witness that passes every check lies below a certified bound, both
computed again) and `withdrawn`.

A witness stands here only with the checks that it passed on the day of the edition: `float` (NumPy, float64, with the margin that
entering asks for), `disturbed` (again with rounded data and reversed sums), `ball` (proved, `results.witnesses.ball`),
`independent` (`results.witnesses.independent`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from operators.bounds import BOUNDS
from operators.data.function_cache import BlockCache
from results.editions import questions
from results.editions.contradictions import contradicting, contradicts
from results.editions.published import Published, all_published
from results.tables.brackets import MADE, as_asked
from results.witnesses.submissions import Entries, Held

FILE = "standings.csv"
ASKED = ("task", "parameters", "design", "n", "N", "M", "noise_law", "sigma", "replicate", "target", "net_class", "nets", "q")
FOUND = (
    *("q_lower", "q_bound", "q_status", "q_upper", "q_witness", "q_author", "q_method"),
    *("d_lower", "d_bound", "d_status", "d_upper", "d_ratio", "d_witness", "d_author", "d_method"),
    *("q_made", "d_made", *(f"d_{made}{what}" for what in ("", "_witness") for made in MADE)),
)
COLUMNS: dict[str, str] = {
    "id": "permanent number of the question",
    "status": "open; closed in q; closed in d; contradicted; withdrawn",
    "study": "the published study that asks it",
    "edition": "of that study",
    "added": "date on which the question got its number",
    **{name: f"as in brackets.csv: {name}" for name in (*ASKED, *FOUND)},
    "q_source": "of the bound q_bound",
    "d_source": "of the bound d_bound",
    "q_checks": "checks that the witness for q_upper passed",
    "d_checks": "checks that the witness for d_upper passed",
    "checked": "date of the edition, on which bounds and witnesses were last computed again",
}


def standings(
    reference: Path, cache: BlockCache | None = None, read: Sequence[tuple[Published, Entries]] | None = None
) -> pd.DataFrame:
    """The table, computed from the published studies; `read`: these with their witnesses, where they have been read."""
    if read is None:
        read = [(study, study.entries()) for study in all_published(reference, cache)]
    known = {one.question: one for one in questions.load_questions(reference)}
    against = contradicting(reference, cache)
    rows = [row for study, held in read for row in _rows(study, held.accepted, known, against)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values("id", kind="stable", ignore_index=True)


def _rows(
    study: Published, held: Sequence[Held], known: Mapping[str, questions.Numbered], against: Sequence[Held]
) -> list[dict[str, object]]:
    manifest, costs = study.asked(), dict[str, float]()
    checks, rows = study.checks(), list[dict[str, object]]()
    asked = as_asked(manifest, held, costs).to_dict("records")
    for bracket, row in zip(manifest.brackets, asked, strict=True):
        numbered = known[questions.question_text(bracket)]
        rows.append(
            {
                "id": numbered.id,
                "status": _status(numbered, row, contradicted=any(contradicts(one, bracket) for one in against)),
                "study": study.edition.study,
                "edition": study.edition.edition,
                "added": numbered.added,
                **{name: row[name] for name in (*ASKED, *FOUND)},
                **{f"{size}_source": _source(str(row[f"{size}_bound"])) for size in ("q", "d")},
                **{f"{size}_checks": checks.get(str(row[f"{size}_witness"]), "") for size in ("q", "d")},
                "checked": study.edition.published.isoformat(),
            }
        )
    return rows


def _status(numbered: questions.Numbered, row: Mapping[Any, Any], *, contradicted: bool) -> str:
    if numbered.withdrawn:
        return "withdrawn"
    if contradicted:
        return "contradicted"
    if not pd.isna(row["d_upper"]) and row["d_upper"] == row["d_lower"]:
        return "closed in d"
    return "closed in q" if row["standing"] in ("closed", "certified impossible") else "open"


def _source(bound: str) -> str:
    return BOUNDS[bound].citation if bound in BOUNDS else ""
