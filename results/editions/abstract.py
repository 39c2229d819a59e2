"""The opening of findings.md: the open questions of the programme, each with one sentence that is computed from published tables.

The word before a sentence says what it is worth: `certified` (theorems for these data), `witnessed` (an upper end that anybody
can verify), `measured` (said of these trainings), `open` (the tables do not decide it), `beyond any run`. A question that no
published table speaks of is open, and says so.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from operators.bounds import paper_shaped as published_inequality
from operators.bounds.outward import rounded_up
from results.answers.answer import counted, listed
from results.answers.claim import Claim
from results.editions.contributions import classes, contributions
from results.editions.contributions import told as contributed
from results.report.markdown import escape
from results.statistics.interval_censored import FEWEST_POINTS
from results.tables.data_efficiency import HERE
from results.tables.exponents import THRESHOLD_LAW
from results.tables.frame import check_floors
from results.tables.search_exponents import CERTIFIED
from results.tables.study_tables import StudyTables

Frames = Mapping[str, StudyTables | Mapping[str, pd.DataFrame]]
QUARTER, QUADRATIC = 0.25, 2.0
LONGEST = 2000
NOT_ASKED = "no published table speaks of it"


@dataclass(frozen=True)
class Evidence:
    """What an abstract is computed from.

    Attributes:
        standing: standings.csv.
        frames: the tables of each published study, by study and name.
        floors: runs that were held to a certified floor, none of which lies below it.
    """

    standing: pd.DataFrame
    frames: Frames
    floors: int

    def table(self, name: str) -> pd.DataFrame:
        """The rows of one table over all studies, with `study`; empty where no study has it."""
        parts = [tables[name].assign(study=study) for study, tables in self.frames.items() if name in tables]
        return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else pd.DataFrame()


def evidence_of(standing: pd.DataFrame, tables: Mapping[str, StudyTables]) -> Evidence:
    """What is to be read of all studies, by name."""
    return Evidence(standing, tables, sum(check_floors(found.frame) for found in tables.values()))


def abstract(evidence: Evidence) -> str:
    """The sentences as a Markdown list."""
    return "".join(map(_line, claims(evidence)))


def _line(claim: Claim) -> str:
    sentence = escape(claim.sentence, LONGEST)
    return f"- **{escape(claim.question)}** *{claim.worth.capitalize()}:* {sentence} (`{claim.table}`).\n"


def claims(evidence: Evidence) -> Iterator[Claim]:
    """One claim per question of QUESTIONS."""
    for question, (table, answer) in QUESTIONS.items():
        worth, sentence = answer(evidence)
        yield Claim(question, worth, sentence, table)


def known_sizes(evidence: Evidence) -> tuple[str, str]:
    """How many questions are closed."""
    standing = evidence.standing
    if standing.empty:
        return "open", NOT_ASKED
    closed = {name: int((standing["status"] == name).sum()) for name in ("closed in d", "closed in q", "open", "contradicted")}
    return (
        "certified and witnessed",
        f"of {counted(len(standing), 'numbered question')} {closed['closed in q'] + closed['closed in d']} are closed in q, of"
        f" these {closed['closed in d']} in d too, {closed['open']} are open, {closed['contradicted']} contradicted; none of"
        f" {counted(evidence.floors, 'run')} with a certified floor lies below it",
    )


def smallest(evidence: Evidence) -> tuple[str, str]:
    """The gap between both ends of d, of each study and class apart, and what closed it."""
    standing = evidence.standing
    both = standing[(standing["d_status"] == "certified") & standing["d_ratio"].notna()] if len(standing) else standing
    if both.empty:
        return "open", NOT_ASKED
    gaps = [
        f"{net_class} {rounded_up(float(ratio.median()), 2)} (at most {rounded_up(float(ratio.max()), 2)},"
        f" {counted(len(ratio), 'question')} of {study})"
        for (study, net_class), ratio in both.groupby(["study", classes(both)], sort=True)["d_ratio"]
    ]
    return (
        "certified and witnessed",
        f"the smallest d known over its certified lower end, in the median by class of nets: {'; '.join(gaps)};"
        f" {contributed(contributions(standing))}",
    )


def paper_shaped(evidence: Evidence) -> tuple[str, str]:
    """What the bounds say, and whether the absorbed fraction rises with q at fixed d, which q^2 would allow."""
    bounds, tests = evidence.table("bounds"), evidence.table("mechanism")
    rows = bounds[bounds["bound"] == published_inequality.BOUND.name] if len(bounds) else bounds
    slopes = tests[tests["statistic"] == "slope of ln rho against ln q"] if len(tests) else tests
    if rows.empty and slopes.empty:
        return "open", NOT_ASKED
    silent = int(rows["vacuous"].map(_yes).sum()) if len(rows) else 0
    verdicts = {
        name: int((slopes["verdict"] == name).sum()) if len(slopes) else 0 for name in ("holds", "fails", "not identifiable")
    }
    decided = verdicts["holds"] + verdicts["fails"]
    return (
        "measured" if decided else "open",
        f"the inequality with q^2 is vacuous in {silent} of {counted(len(rows), 'row')}, its localised form has no q on the"
        f" right; that the absorbed fraction does not rise with q at fixed d holds in {verdicts['holds']} comparisons, fails in"
        f" {verdicts['fails']}, and is not identifiable in {verdicts['not identifiable']}",
    )


def fixed_size(evidence: Evidence) -> tuple[str, str]:
    """On which rays the error falls."""
    rays = evidence.table("rays")
    if rays.empty:
        return "open", NOT_ASKED
    falls, steep = rays["verdict"] == "falls", rays["alpha"].astype(float) >= QUADRATIC
    parts = [
        f"with alpha {sign} 2 the error falls on {int((falls & chosen).sum())} of {counted(int(chosen.sum()), 'ray')}"
        for sign, chosen in (("<", ~steep), (">=", steep))
    ]
    seen = bool((falls & ~steep).any())
    said = "a fall needs no n ~ q^2 on these" if seen else "no fall was seen with less data than q^2"
    return "measured", f"along n = c q^alpha at one d, {' and '.join(parts)}: {said}, by trends over the sizes tried"


def quarter(evidence: Evidence) -> tuple[str, str]:
    """Intervals of the exponent of q*(n) for noisy labels that lie above 1/4, below it, or hold it."""
    fits, sought = evidence.table("exponents"), evidence.table("search_exponents")
    noisy = fits[_over_n(fits) & _noisy(fits)] if len(fits) else fits
    of_any = sought[(sought["between"] == CERTIFIED) & _noisy(sought)] if len(sought) else sought
    if noisy.empty and of_any.empty:
        return "open", NOT_ASKED
    told, decided = [], 0
    by_these, by_any = f"over {FEWEST_POINTS} n or more, of these trainings,", "of any optimiser, between certified and found,"
    for rows, of in ((noisy, by_these), (of_any, by_any)):
        if len(rows):
            above, below, held = _beside(rows, QUARTER)
            decided += above + below
            told.append(
                f"of {counted(len(rows), 'fit')} of q*(n) to noisy labels {of} {above} lie above 1/4, {below} below, {held} hold"
                f" it and {len(rows) - above - below - held} have no interval"
            )
    return "measured" if decided else "open", f"{'; '.join(told)}; over the n tried, not in the limit"


def linear_maps(evidence: Evidence) -> tuple[str, str]:
    """Published errors of DeepONets that a linear map on data of the same law goes below."""
    single, curves = evidence.table("literature"), evidence.table("data_efficiency")
    found: dict[tuple[str, int, str], bool] = {}
    for rows, error, beaten in ((single, "published", "linear_map_below"), (curves, "error", "beaten")):
        mine = rows[rows["net"].str.startswith("DeepONet") & (rows.get("source", "") != HERE)] if len(rows) else rows
        for row in mine.to_dict("records"):
            if not pd.isna(row[beaten]) and row[beaten] != "":
                found[(str(row["task"]), int(row["N"]), f"{float(row[error]):.3g}")] = _yes(row[beaten])
    if not found:
        return "open", NOT_ASKED
    names = {told: [f"{task} at N = {n} ({error})" for (task, n, error), is_below in sorted(found.items()) if is_below == told]
             for told in (True, False)}  # fmt: skip
    return (
        "measured",
        f"of {counted(len(found), 'published error')} of DeepONets a linear map, on data drawn here from the stated law, goes"
        f" below {len(names[True])}: {listed(names[True]) or 'none'}; not below {listed(names[False]) or 'any other'}",
    )


def undecided(evidence: Evidence) -> tuple[str, str]:
    """What the tables leave open, and what no table of runs can hold."""
    bounds, fits = evidence.table("bounds"), evidence.table("exponents")
    silent = int(bounds["vacuous"].map(_yes).sum()) if len(bounds) else 0
    fits = fits[_over_n(fits)] if len(fits) else fits
    without = int((fits["identified"] == "no").sum()) if len(fits) else 0
    return (
        "beyond any run",
        "a law at infinity; that no smaller net exists where none is certified not to; what real weights could do that stored"
        f" ones do not. Here {silent} of {counted(len(bounds), 'demand')} of bounds are vacuous and {without} of"
        f" {counted(len(fits), 'fit')} of q*(n) over {FEWEST_POINTS} n or more not identified",
    )


def _over_n(fits: pd.DataFrame) -> "pd.Series[bool]":
    """Fits of q*(n) over as many n as a slope needs: not those of sizes that a search passed through at one n or two."""
    return (fits["law"] == THRESHOLD_LAW) & (fits["thresholds"].astype(str).str.count("n=") >= FEWEST_POINTS)


def _noisy(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Rows on noisy labels, without controls."""
    return (rows["sigma"].astype(float) > 0.0) & (rows["control"] == "none")


def _beside(rows: pd.DataFrame, value: float) -> tuple[int, int, int]:
    """Intervals above a value, below it, and around it; an end that is not known is infinite, two such are no interval."""
    low, high = rows["low"].astype(float), rows["high"].astype(float)
    above, below = low > value, high < value
    known = low.map(_finite) | high.map(_finite)
    return int(above.sum()), int(below.sum()), int((known & ~above & ~below).sum())


def _finite(value: float) -> bool:
    return abs(value) < float("inf")


def _yes(value: Any) -> bool:
    """Whether a cell of a table, as it is held or as its file has it, says yes."""
    return value is True or str(value) in ("yes", "True")


QUESTIONS: dict[str, tuple[str, Callable[[Evidence], tuple[str, str]]]] = {
    "What is known of the sizes?": ("standings.csv", known_sizes),
    "How small can a DeepONet be?": ("contributions.csv", smallest),
    "Is the q^2 of the paper-shaped bound real?": ("bounds.csv, mechanism.csv", paper_shaped),
    "Is n ~ q^2 needed at a fixed size?": ("rays.csv", fixed_size),
    "Where does 1/4 stand?": ("exponents.csv, search_exponents.csv", quarter),
    "Which published figures of DeepONets does a linear map beat?": ("literature.csv, data_efficiency.csv", linear_maps),
    "What can no run decide?": ("bounds.csv, exponents.csv", undecided),
}
