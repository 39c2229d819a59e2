"""Which tables a page has, in which section, and which of their columns are seen first (the rest is one click away)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.answers.leading import leading
from results.charts.evidence import Evidence
from results.page.columnar import columns
from results.tables.costs import COSTS, costs

WHERE = "task parameters design N M noise_law sigma control target"
SERIES = "task parameters design schedule sizes noise_law sigma control"
OUTCOMES = {"status": "how the cells ended", "cells": "cells", "message": "what the record says"}


@dataclass(frozen=True)
class Spec:
    """A table of a page.

    Attributes:
        section: where it stands.
        name: its name; beside the page lies NAME.csv.
        title: heading.
        note: a sentence above it.
        shown: the columns seen first, separated by blanks; empty: all.
    """

    section: str
    name: str
    title: str
    note: str
    shown: str


FILES = (
    Spec(
        "brackets",
        "brackets",
        "Brackets",
        "A row a question: no net below the lower end can reach the target; the witness of the upper end reaches it and can be"
        " verified again with `python -m bench verify`.",
        f"net_class nets {WHERE} q standing q_lower q_bound q_status q_upper d_lower d_bound d_status d_upper d_ratio d_author"
        " search",
    ),
    Spec(
        "brackets",
        "frontier",
        "Frontier: the smallest d at each q",
        "Slopes of log d against log n at fixed q, and against log q at fixed n, fitted to the witnessed sizes of questions that"
        " fix q; questions of one n, or of one q, may share an error.",
        "net_class nets task design target slope estimate low high if_d_is_n if_q2_d_is_n verdict witnessed",
    ),
    Spec(
        "leaderboard",
        "leaderboard",
        "Smallest sizes that reach each target",
        "Of the sizes this study tried. `q_certified`: any q below it misses the target on these data.",
        f"{WHERE} smallest standing q d error q_certified recipe ties unsettled key",
    ),
    Spec(
        "thresholds",
        "search_exponents",
        "Exponents: of this optimiser, and certified",
        "this optimiser: between the largest q not found and the smallest found. certified: between the largest q that a floor or"
        " a bound excludes and the smallest found, whatever the optimiser.",
        f"{SERIES} target path between exponent low high width reason equal_slopes used predicted",
    ),
    Spec(
        "thresholds",
        "joint_law",
        "One law for all thresholds",
        "Exponents of n, d / q^2 and rho in the smallest sizes found, with what theories would give.",
        "design law term coefficient low high if_counting if_paper_shaped if_rank excluded thresholds data_sets",
    ),
    Spec(
        "thresholds",
        "searches",
        "Thresholds: certified, not found, found",
        "certified: no net of these sizes reaches the target. not found: every training missed it. resolved: not found, and"
        " within 1 % of the floor; still no proof.",
        f"{SERIES} target n N M replicate q_certified certified_by q_not_found below not_found_optimality q_found ratio search"
        " trainings cpu_seconds",
    ),
    Spec(
        "bounds",
        "least_n",
        "From which n on a bound excludes anything",
        "The least n along each path at which a bound demands q >= 2 of the sizes of the series.",
        f"{SERIES} target path bound status assumptions least_n largest_n bites",
    ),
    Spec(
        "thresholds",
        "exponents",
        "Exponents",
        "Fitted to the intervals by interval-censored likelihood (q*), or to the errors (E). The 95 % interval is that of the"
        " slope over the range tried, whatever replicates share; beside it the same fit to the certified floors alone.",
        f"{SERIES} law target path sentence exponent low high floor_exponent identified reason predicted",
    ),
    Spec(
        "thresholds",
        "thresholds",
        "Thresholds",
        "q_low < q* <= q_high, for every replicate. right: no q tried reaches the target; left: the smallest one does."
        " q_floor_low and q_floor_high: the same for the certified floors of the data alone.",
        f"{SERIES} target n N M replicate kind q_low q_high confirmed q_floor_low q_floor_high",
    ),
    Spec(
        "bounds",
        "bounds",
        "Bounds against measurement",
        "`q_demanded`: the least q a bound does not exclude. A certified demand that assumes nothing, above the measured q*,"
        " would be a contradiction.",
        f"{SERIES} target n bound status vacuous probability assumptions q_demanded q_low q_high agrees",
    ),
    Spec(
        "errors",
        "scaling",
        "Every configuration",
        "Errors are of runs that ended as done: best, median and worst over replicates.",
        "task parameters design schedule branch_widths trunk_widths N M noise_law sigma control target q d done reached"
        " relative_best absorbed_best training_mse_best floor floor_status optimality_best test_relative_median",
    ),
    Spec(
        "barrier",
        "barrier",
        "Errors against the number of terms",
        "Medians over replicates. `floor_held_out`: no linear reconstruction with that many terms has a smaller error on these"
        " held-out functions. `linear_rank`: as many terms linear reconstruction would need at least. For linear reconstruction"
        " of jumps slope_l1 is -1 at best.",
        "task architecture rank d relative test_relative floor_held_out test_relative_l1 linear_rank standing slope_l1"
        " slope_floor cpu_seconds done expected",
    ),
    Spec(
        "architectures",
        "barrier",
        "What each architecture paid for its best error",
        "The size of each class with the least held-out error, and the CPU seconds of one training of it, in one run."
        " Recipes differ by class and none is tuned for time.",
        "task architecture rank d test_relative relative cpu_seconds cpu_sizes cpu_to_deeponet done expected",
    ),
    Spec(
        "data-efficiency",
        "data_efficiency",
        "Held-out error against N",
        "`beaten`: linear least squares on as many functions has the smaller error. `span` and `rank_q` read the functions that"
        " they are judged by, and are floors.",
        "task N M net source runs error spread train floor least_squares ridge kernel rank_q span beaten",
    ),
    Spec(
        "baselines",
        "baselines",
        "Regression on the same data",
        "`q_test`, `d_test`: the smallest of the recorded nets whose held-out error lies below that of the line; blank where none"
        " does, which says nothing of nets that were not trained.",
        "task parameters N M noise_law sigma line q status train test nets beaten q_test d_test",
    ),
    Spec(
        "baselines",
        "literature",
        "Published errors of operator nets",
        "Beside a linear map and a kernel on data drawn here from the law that the source states.",
        "task N M net published linear_map linear_map_below kernel kernel_below source law",
    ),
    Spec(
        "baselines",
        "anchors",
        "Published nets, trained here",
        "Nets of the published class and law and of its size within 10 %. met: at most 1.5 times the published error; not reached"
        " is said of these trainings.",
        "task N M net published published_d test factor verdict d train cpu_seconds recipe budget linear_map kernel source law",
    ),
    Spec(
        "rays",
        "rays",
        "Trend tests along rays",
        "Page's one-sided test that the error falls along n = c q^alpha, the points exchanged for all replicates at once,"
        " corrected by Holm over the alphas of a series.",
        f"{SERIES} M alpha points replicates error_first error_last p_holm fall rises verdict",
    ),
    Spec(
        "audit",
        "mechanism",
        "How the noise was absorbed",
        "Tests B.1 to B.6 of docs/theory.md: a statement holds if the whole 95 % interval over replicates lies between"
        " least and most.",
        "test task design noise_law control q d n statistic value low high least most verdict reason used runs",
    ),
    Spec(
        "companion",
        "sci",
        "Sections",
        "One row per section and point: the injection modulus bounds the distance from above, the square section's does not.",
        "",
    ),
    Spec(
        "companion",
        "digits",
        "Nets before the barrier",
        "Errors in units of 10^-K. Nothing that reads so many bits has a mean error below `least_mean`, or a worst one below"
        " `least_worst`.",
        "digits reading samples replicates separation least_mean mean least_worst worst within_K within_one_less",
    ),
    Spec(
        "companion",
        "koopman",
        "Dictionaries",
        "A residual above 0.1 makes an eigenvalue spurious; the invariance defect is what leaves the span.",
        "system dictionary witness scale q replicates rank spurious invariance_defect met",
    ),
    Spec("companion", "pseudospectrum", "Pseudospectra, point by point", "", ""),
    Spec(
        "companion",
        "villani",
        "Growth along rays",
        "`ratio_1e5`: least (|grad F|^2 - Lap F) / (lambda |W|)^2 over the directions at |W| = 1e5. `temperature`: the s up to"
        " which the growth condition is met there.",
        "loss activation strength width replicates ratio_1e1 ratio_1e3 ratio_1e5 inner inner_bound temperature below_bound",
    ),
    Spec("companion", "sampling", "SGD and Langevin dynamics", "", ""),
    Spec("companion", "capacity", "Gaps and bounds", "Means over the trainings of one size; `above` counts each training.", ""),
    Spec(
        "companion",
        "correlations",
        "Rank correlations",
        "Over all sizes 1/sqrt(N P) alone makes a correlation; at one N P it cannot.",
        "",
    ),
    Spec(
        "companion",
        "pinn_thresholds",
        "Where the risk falls below the variance",
        "The smallest width tried whose mean supervision risk is below sigma^2, and below the realised V; blank: not found.",
        "equation engine recipe iterations weight sigma width d width_not wider_above width_realised line_d most_absorbed",
    ),
    Spec(
        "companion",
        "pinn",
        "Risks and the certified line",
        "`absorbed` must not exceed `allowed`; `above` counts the runs whose risk lies below `least_risk`.",
        "equation engine recipe iterations weight sigma width d runs risk energy absorbed allowed clean residual line_risk above",
    ),
    Spec("records", "cells", "Every cell", "", ""),
)
ASKED = "key status task parameters design N M sigma control schedule branch_widths trunk_widths q d recipe replicate restart"
RECORDS_SHOWN = f"{ASKED} relative absorbed floor optimality test_relative"
UNFINISHED_SHOWN = f"{ASKED} message"


def tables(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """Every table that has a row, as plain lists and dictionaries; those of single cells carry no rows of their own."""
    described = {spec.name for spec in FILES}
    written = dict(evidence.tables.written())
    for spec in (*FILES, *(Spec("more", name, name, "", "") for name in written if name not in described)):
        if len(written.get(spec.name, ())):
            yield _table(spec, written[spec.name], evidence.tables.columns[spec.name], file=f"{spec.name}.csv")
    frame = evidence.tables.frame
    bad = frame[frame["status"] != "done"]
    if len(bad):
        counted = bad.fillna({"message": ""}).groupby(["status", "message"]).size().rename("cells").reset_index()
        counted = counted.sort_values(["cells", "status", "message"], ascending=[False, True, True])
        yield _table(Spec("failures", "outcomes", "By outcome", "", " ".join(OUTCOMES)), counted, OUTCOMES)
        yield {**_bare("failures", "Cells that are not done", UNFINISHED_SHOWN), "id": "unfinished", "filter": "status!=done"}
    if frame["cpu_seconds"].notna().any():
        rows = costs(frame, ("engine", "recipe", "task"))
        helps = {name: COSTS[name] for name in map(str, rows)}
        yield _table(Spec("cost", "cost", "By engine, recipe and task", "", " ".join(helps)), rows, helps)
    if len(frame) and "cells" not in written:
        yield {**_bare("records", "Every cell", RECORDS_SHOWN), "id": "records"}


def _table(spec: Spec, rows: pd.DataFrame, helps: Mapping[str, str], *, file: str = "") -> dict[str, Any]:
    return {
        "id": spec.name,
        "section": spec.section,
        "file": file,
        "title": spec.title,
        "note": spec.note,
        "shown": [column for column in spec.shown.split() if column in helps],
        "rows": len(rows),
        "leading": leading(spec.name, rows),
        "columns": columns(rows, helps),
    }


def _bare(section: str, title: str, shown: str) -> dict[str, Any]:
    """A table whose rows are those of the record table."""
    parts = {"note": "", "shown": shown.split(), "columns": [], "rows": 0, "leading": []}
    return {"section": section, "file": "", "title": title, **parts}


def record_table(evidence: Evidence) -> dict[str, Any]:
    """The record table, which charts and the tables of single cells share."""
    records, helps = evidence.records, evidence.record_columns
    return {"rows": len(records), "columns": columns(records, {str(name): helps[str(name)] for name in records})}
