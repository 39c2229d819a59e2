"""brackets.csv: for each question a certified lower end, a witnessed upper end, and the gap between them.

The upper ends are the smallest q and the smallest d among all witnesses that were verified on entering this folder, whoever made
them: those of the search, and those submitted. A witness counts for a question if it was made for the very data (task,
constants, design, N, M, noise, replicate) and a target at least as strict; for d it must also belong to the declared family
(depths, ends, activation), because only there d_lower is certified.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from results.frame import ASKED
from results.study import Bracket, Manifest, Target
from results.submit import Entry

COLUMNS: dict[str, str] = {
    **{name: ASKED[name] for name in ("task", "parameters", "design", "n", "N", "M", "noise_law", "sigma", "replicate")},
    "target": "what a fit must reach",
    "q_lower": "no smaller q can reach the target",
    "q_bound": "what certifies q_lower",
    "q_status": "certified, or vacuous (nothing is excluded)",
    "q_upper": "smallest q of a verified witness",
    "q_gap": "q_upper - q_lower",
    "q_closed": "yes: q_upper = q_lower",
    "q_witness": "address of the witness for q_upper",
    "d_lower": "no net of the family with fewer parameters can reach the target",
    "d_bound": "what certifies d_lower",
    "d_status": "certified, or vacuous",
    "d_upper": "smallest d of a verified witness of the family",
    "d_ratio": "d_upper / d_lower",
    "d_witness": "address of the witness for d_upper",
    "d_branch_widths": "its hidden branch widths",
    "d_trunk_widths": "its hidden trunk widths",
    "d_q": "its q",
    "family": "depths of branch and trunk, ends, activation",
    "author": "who made the witness for d_upper",
    "method": "how",
    "entered": "when it entered this folder (UTC date)",
    "witnesses": "verified witnesses of this question",
    "trainings": "trainings the search asked for",
    "search": "finished; budget (ended by its budget or interrupted)",
}


def brackets(manifest: Manifest, entries: Iterable[Entry]) -> pd.DataFrame:
    """One row a question, sorted by task, design, n, noise and target."""
    known = list(entries)
    rows = [_row(bracket, [entry for entry in known if answers(entry, bracket)]) for bracket in manifest.brackets]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["task", "parameters", "design", "n", "N", "sigma", "replicate", "target"], kind="stable", ignore_index=True
    )


def answers(entry: Entry, bracket: Bracket) -> bool:
    """Whether a witness was made for this question's data and a target at least as strict."""
    data = entry.header.data
    same = (
        (data.task, data.parameters, data.design, data.functions, data.points)
        == (bracket.task, bracket.parameters, bracket.design, bracket.functions, bracket.points)
        and (data.noise_law, data.sigma, data.replicate) == (bracket.noise_law, bracket.sigma, bracket.replicate)
    )  # fmt: skip
    return same and _as_strict(entry.header.target, bracket.target)


def _as_strict(claimed: Target, asked: Target) -> bool:
    if claimed.kind != asked.kind:
        return False
    return claimed.value >= asked.value if asked.kind == "absorb" else claimed.value <= asked.value


def of_family(entry: Entry, bracket: Bracket) -> bool:
    """Whether a witness belongs to the family in which d_lower is certified."""
    net = entry.header.net
    return (len(net.branch_widths), len(net.trunk_widths), net.ends, net.activation) == (
        bracket.branch_depth,
        bracket.trunk_depth,
        bracket.ends,
        bracket.activation,
    )


def _row(bracket: Bracket, found: Sequence[Entry]) -> dict[str, object]:
    by_q = min(found, key=lambda entry: (entry.header.net.q, entry.d, entry.witness), default=None)
    family = [entry for entry in found if of_family(entry, bracket)]
    by_d = min(family, key=lambda entry: (entry.d, entry.header.net.q, entry.witness), default=None)
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {
        "task": bracket.task,
        "parameters": ",".join(f"{name}={value:g}" for name, value in sorted(bracket.parameters.items())),
        "design": bracket.design,
        "n": bracket.functions * bracket.points,
        "N": bracket.functions,
        "M": bracket.points,
        "noise_law": bracket.noise_law,
        "sigma": bracket.sigma,
        "replicate": bracket.replicate,
        "target": bracket.target.label,
        "q_lower": bracket.q_lower,
        "q_bound": bracket.q_bound,
        "q_status": bracket.q_status,
        "q_closed": "no",
        "d_lower": bracket.d_lower,
        "d_bound": bracket.d_bound,
        "d_status": bracket.d_status,
        "family": f"{bracket.branch_depth}+{bracket.trunk_depth} {bracket.ends} {bracket.activation}",
        "witnesses": len(found),
        "trainings": len(bracket.tried),
        "search": "finished" if bracket.finished else "budget",
    }
    if by_q is not None:
        q = by_q.header.net.q
        row |= {"q_upper": q, "q_gap": q - bracket.q_lower, "q_witness": by_q.witness}
        row["q_closed"] = "yes" if q == bracket.q_lower else "no"
    if by_d is not None:
        net, origin = by_d.header.net, by_d.header.origin
        row |= {
            "d_upper": by_d.d,
            "d_ratio": by_d.d / bracket.d_lower,
            "d_witness": by_d.witness,
            "d_branch_widths": "x".join(map(str, net.branch_widths)),
            "d_trunk_widths": "x".join(map(str, net.trunk_widths)),
            "d_q": net.q,
            "author": origin.author,
            "method": origin.method,
            "entered": by_d.entered.date().isoformat(),
        }
    return row


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Per task: questions, closed q-brackets, and the range of d_upper / d_lower."""
    rows = []
    for task, part in table.groupby("task", sort=True):
        ratios = part["d_ratio"].dropna().astype(float)
        rows.append(
            {
                "task": task,
                "questions": len(part),
                "q_closed": int((part["q_closed"] == "yes").sum()),
                "q_open": int(((part["q_closed"] == "no") & part["q_upper"].notna()).sum()),
                "no_witness": int(part["q_upper"].isna().sum()),
                "d_ratio_least": ratios.min() if len(ratios) else None,
                "d_ratio_median": ratios.median() if len(ratios) else None,
                "d_ratio_greatest": ratios.max() if len(ratios) else None,
            }
        )
    return pd.DataFrame(rows)
