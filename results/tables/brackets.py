"""brackets.csv: for each question a certified lower end, a witnessed upper end, and the gap between them.

The upper ends are the smallest q and the smallest d among all witnesses of this folder that this version has measured and
that pass, whoever made them: those of the search, and those submitted. A witness counts for a question if it was made for the
very data (task, constants, design, N, M, noise, replicate) and a target at least as strict; for d it must also belong to the
declared class (depths, ends, activation, rule for the hidden widths), because only there d_lower is certified. Two classes
ask two questions: a narrower one raises both ends, so ratios of different classes are never pooled, and the class stands
first in each row.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import get_args

import pandas as pd

from operators.architectures import DeepONet
from operators.bounds import rank_to_parameters
from operators.bounds.rank_to_parameters import NetClass
from results.families.deeponet import parameters_text
from results.records.manifest import Bracket, Manifest, Target
from results.records.record import pairs_text
from results.schema.widths import Widths
from results.tables.frame import ASKED
from results.witnesses.header import Data, Made
from results.witnesses.submissions import Held

WITNESS: dict[str, str] = {
    "witness": "its address",
    "author": "who made it",
    "method": "engine and recipe, or how else",
    "made": "explicit (constructed, not trained), trained or pruned, as its author declares; empty: not declared",
    "cpu_seconds": "of the training that returned its weights, if that has a record here",
    "created": "date it was made",
    "entered": "date it entered this folder (UTC), as its entry says",
    "versions": "versions of the packages that made it",
}
MADE: tuple[Made, ...] = get_args(Made)
COLUMNS: dict[str, str] = {
    "net_class": "declared class of nets: free (every hidden width its own), one-width-per-net, tied (all hidden widths equal),"
    " non-increasing (in either net), no-hidden-layer, free-depth (free, with at most the declared depths)",
    "nets": "its depths of branch and trunk, ends, activation",
    **{name: ASKED[name] for name in ("task", "parameters", "design", "n", "N", "M", "noise_law", "sigma", "replicate")},
    "target": "what a fit must reach",
    "q": "the only q asked about, if the question fixes one",
    "standing": "closed (q_upper = q_lower); open; no witness; certified impossible (the fixed q is below q_lower, or no net of"
    " the class reaches the rank); of a fixed q that was reached: witnessed",
    "q_lower": "no smaller q can reach the target",
    "q_bound": "what certifies q_lower, computed again from the data; `none` with the reason where nothing does",
    "q_status": "certified; statistical (estimated from samples, new functions alone); or vacuous (nothing is excluded)",
    "q_upper": "smallest q of a verified witness",
    "q_gap": "q_upper - q_lower",
    **{f"q_{name}": f"of the witness for q_upper: {what}" for name, what in WITNESS.items()},
    "d_lower": "no net of the class (with the fixed q, if there is one) with fewer parameters can reach the target; empty if none"
    " can at all",
    "d_bound": "what certifies d_lower",
    "d_status": "the same of d_lower",
    "d_upper": "smallest d of a verified witness of the class",
    "d_ratio": "d_upper / d_lower",
    "d_wide": "where d_ratio exceeds 3.5: what was tried, and whether the bound could be raised (docs/theory.md, section 4)",
    **{f"d_{name}": f"of the witness for d_upper: {what}" for name, what in WITNESS.items()},
    "d_branch_widths": "its hidden branch widths",
    "d_trunk_widths": "its hidden trunk widths",
    "d_q": "its q",
    **{f"d_{made}": f"smallest d of a verified witness of the class that is {made}" for made in MADE},
    **{f"d_{made}_witness": f"address of that witness: {made}" for made in MADE},
    "witnesses": "verified witnesses of this question",
    "trainings": "trainings the search asked for",
    "cpu_seconds": "of those trainings that ended",
    "grid": "trainings of a grid that answers the same for tied widths: every q up to q_upper, every width at q_upper",
    "search": "what the search says of itself: finished; budget (ended by its budget or interrupted)",
}


WHOLE = (
    *("n", "N", "M", "replicate", "q", "q_lower", "q_upper", "q_gap", "d_lower", "d_upper", "d_q"),
    *(f"d_{made}" for made in MADE),
    *("witnesses", "trainings", "grid"),
)
REAL = ("sigma", "q_cpu_seconds", "d_cpu_seconds", "d_ratio", "cpu_seconds")


WIDE = 3.5
IMPOSSIBLE = "certified impossible"
STANDINGS = ("closed", "open", "witnessed", "no witness", IMPOSSIBLE)


def brackets(manifest: Manifest, entries: Iterable[Held], costs: Mapping[str, float]) -> pd.DataFrame:
    """One row per question, sorted by class, task, design, n, noise and target.

    Args:
        manifest: the questions.
        entries: verified witnesses.
        costs: CPU seconds of trainings (`training_costs`).
    """
    return as_asked(manifest, entries, costs).sort_values(
        ["net_class", "nets", "task", "parameters", "design", "n", "N", "sigma", "replicate", "target", "q"],
        kind="stable",
        ignore_index=True,
    )


def as_asked(manifest: Manifest, entries: Iterable[Held], costs: Mapping[str, float]) -> pd.DataFrame:
    """The rows of `brackets` in the order of the questions."""
    held: dict[Hashable, list[Held]] = {}
    for entry in entries:
        held.setdefault(_data(entry.header.data), []).append(entry)
    rows = []
    for bracket in manifest.brackets:
        row = _row(bracket, [entry for entry in held.get(_data(bracket), ()) if answers(entry, bracket)], costs)
        rows.append({**row, "cpu_seconds": sum(costs.get(key, 0.0) for key in bracket.tried)})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**dict.fromkeys(WHOLE, "Int64"), **dict.fromkeys(REAL, "float")})


def answers(entry: Held, bracket: Bracket) -> bool:
    """Whether a witness was made for this question's data and a target at least as strict."""
    same_data = _data(entry.header.data) == _data(bracket)
    return same_data and as_strict(entry.header.target, bracket.target) and bracket.q in (None, q_of(entry))


def _data(of: Data | Bracket) -> Hashable:
    """The data that a witness was made for, or that a question is about."""
    where = (of.task, frozenset(of.parameters.items()), of.design, of.functions, of.points)
    return where, (of.noise_law, of.sigma, of.replicate)


def training_costs(frame: pd.DataFrame) -> dict[str, float]:
    """CPU seconds of the trainings of a tidy frame that have an outcome, by key and by the hash of the weights they returned."""
    costs: dict[str, float] = {}
    for name in ("weights_sha256", "key"):
        known = frame.dropna(subset=["cpu_seconds", name])
        costs |= dict(zip(known[name].astype(str), known["cpu_seconds"].astype(float), strict=True))
    return costs


def as_strict(claimed: Target, asked: Target) -> bool:
    """Whether what reaches `claimed` reaches `asked`."""
    if claimed.kind != asked.kind:
        return False
    return claimed.value >= asked.value if asked.kind == "absorb" else claimed.value <= asked.value


def q_of(entry: Held) -> int | None:
    """q of a witness whose output rank is limited by it: what a certified q is about; None of any other architecture."""
    net = entry.header.net()
    return None if net.output_rank() is None else getattr(net, "q", None)


def q_for(entry: Held, bracket: Bracket) -> int | None:
    """q of a witness as an answer to a question; None of other ends where it asks about sigmoid ends, of which q_lower speaks."""
    net = entry.header.net()
    if bracket.ends == "sigmoid" and not (isinstance(net, DeepONet) and net.ends == "sigmoid"):
        return None
    return q_of(entry)


def of_class(entry: Held, bracket: Bracket) -> bool:
    """Whether a witness belongs to the class of nets in which d_lower is certified."""
    net = entry.header.net()
    if not isinstance(net, DeepONet):
        return False
    return net.activation == bracket.activation and _declared(bracket, net).holds(net)


def size_of(held: Held, bracket: Bracket, size: str) -> int | None:
    """The q, or the d, of a witness that answers a question, where the lower end is about nets like it."""
    if size == "q":
        return q_for(held, bracket)
    return held.d if of_class(held, bracket) else None


def _declared(bracket: Bracket, net: DeepONet) -> NetClass:
    """The class that a question declares, for the inputs and points of a net that answers it."""
    depths = (bracket.branch_depth, bracket.trunk_depth)
    return NetClass(net.sensors, net.coordinates, *depths, bracket.ends, bracket.net_class)


def _row(bracket: Bracket, found: Sequence[Held], costs: Mapping[str, float]) -> dict[str, object]:
    ranked = [(q, entry) for entry in found if (q := q_for(entry, bracket)) is not None]
    q, by_q = min(ranked, key=lambda pair: (pair[0], pair[1].d, pair[1].witness), default=(0, None))
    declared = [entry for entry in found if of_class(entry, bracket)]
    by_d = min(declared, key=lambda entry: (entry.d, q_of(entry), entry.witness), default=None)
    row: dict[str, object] = dict.fromkeys(COLUMNS)
    row |= {
        "task": bracket.task,
        "parameters": parameters_text(bracket.parameters),
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
        "q": bracket.q,
        "standing": _standing(bracket, q if by_q is not None else None),
        "d_lower": bracket.d_lower,
        "d_bound": bracket.d_bound,
        "d_status": bracket.d_status,
        "net_class": bracket.net_class,
        "nets": f"{bracket.branch_depth}+{bracket.trunk_depth} {bracket.ends} {bracket.activation}",
        "witnesses": len(found),
        "trainings": len(bracket.tried),
        "search": "finished" if bracket.finished else "budget",
    }
    if by_q is not None:
        row |= {"q_upper": q, "q_gap": q - bracket.q_lower, **_provenance(by_q, "q", costs)}
        row["grid"] = bracket.width + (q if bracket.q is None else 0)
    if by_d is not None:
        net = by_d.header.net()
        assert isinstance(net, DeepONet)
        row |= {
            "d_upper": by_d.d,
            "d_ratio": by_d.d / bracket.d_lower if bracket.d_lower else None,
            "d_wide": _wide(bracket, by_d, net),
            **_provenance(by_d, "d", costs),
            "d_branch_widths": Widths(net.branch_widths),
            "d_trunk_widths": Widths(net.trunk_widths),
            "d_q": net.q,
            **_smallest_of_each(declared),
        }
    return row


def _wide(bracket: Bracket, smallest: Held, net: DeepONet) -> str | None:
    """Why the ends of d stay apart, where they do."""
    if not bracket.d_lower or smallest.d <= WIDE * bracket.d_lower:
        return None
    made = smallest.header.origin.kind
    text = f"nothing smaller than {f'this {made} net' if made else 'this net'} in {len(bracket.tried)} trainings"
    by_rank = bracket.d_bound == rank_to_parameters.BOUND.name
    attained = by_rank and rank_to_parameters.attained_by_sines(_declared(bracket, net))
    return f"{text}; nets of sines attain the bound" if attained else text


def _smallest_of_each(declared: Sequence[Held]) -> dict[str, object]:
    """The smallest d of the witnesses of the class by how they were made, and whose it is."""
    found: dict[str, object] = {}
    for made in MADE:
        of_kind = [entry for entry in declared if entry.header.origin.kind == made]
        least = min(of_kind, key=lambda entry: (entry.d, q_of(entry), entry.witness), default=None)
        if least is not None:
            found |= {f"d_{made}": least.d, f"d_{made}_witness": least.witness}
    return found


def _standing(bracket: Bracket, q: int | None) -> str:
    if bracket.d_lower is None or (bracket.q is not None and bracket.q < bracket.q_lower):
        return IMPOSSIBLE
    if q is None:
        return "no witness"
    if bracket.q is not None:
        return "witnessed"
    return "closed" if q == bracket.q_lower else "open"


def provenance(entry: Held, costs: Mapping[str, float]) -> dict[str, object]:
    """Who made a witness, how, when and with what: WITNESS; CPU seconds where the training of its weights has a record here."""
    origin = entry.header.origin
    return {
        "witness": entry.witness,
        "author": origin.author,
        "method": origin.method,
        "made": origin.kind,
        "cpu_seconds": costs.get(entry.weights),
        "created": origin.created.isoformat(),
        "entered": entry.entered.date().isoformat(),
        "versions": pairs_text(origin.versions),
    }


def _provenance(entry: Held, size: str, costs: Mapping[str, float]) -> dict[str, object]:
    return {f"{size}_{name}": value for name, value in provenance(entry, costs).items()}


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Per class and task: questions by standing, the range of d_upper / d_lower, and trainings against the grid's."""
    rows = []
    for (net_class, nets, task), part in table.groupby(["net_class", "nets", "task"], sort=True):
        ratios = part["d_ratio"].dropna().astype(float)
        rows.append(
            {
                "net_class": net_class,
                "nets": nets,
                "task": task,
                "questions": len(part),
                **{name.replace(" ", "_"): int((part["standing"] == name).sum()) for name in STANDINGS},
                "d_ratio_least": ratios.min() if len(ratios) else None,
                "d_ratio_median": ratios.median() if len(ratios) else None,
                "d_ratio_greatest": ratios.max() if len(ratios) else None,
                "trainings": int(part["trainings"].sum()),
                "cpu_seconds": float(part["cpu_seconds"].sum()),
                "grid": int(part["grid"].fillna(0).sum()),
            }
        )
    return pd.DataFrame(rows)
