"""Answers: of planted studies the right sentence is known, and what is not known is never said."""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from results.answers import ANSWERS, Answer, answers
from results.answers.answer import excluded, fraction, interval, listed
from results.page.sections import SECTIONS
from results.records.manifest import Manifest, Target
from results.tables.brackets import COLUMNS as BRACKETS
from results.tables.frontier import frontier
from results.tables.study_tables import TABLES, StudyTables, study_tables

OUTCOMES = ("failed", "diverged", "missing")


def tables_of(study: Any, **settings: Any) -> StudyTables:
    return study_tables(study.manifest(**settings), study.records)


def square(study: Any, law: Callable[[int], float], *, sizes: Iterable[int] = (8, 16, 32, 64), **settings: Any) -> Any:
    """Noisy square grids on which q absorbs half of the noise exactly from q = law(N) up."""
    for q, size, replicate in itertools.product((1, 2, 4, 8, 16, 32, 64), sizes, range(3)):
        absorbed = 0.5 * min(1.9, q / (law(size) * 1.05**replicate))
        shape = {"q": q, "functions": size, "points": size, "replicate": replicate}
        study.add(**shape, absorbed=absorbed, schedule="tied", branch_widths=[q, q], **settings)
    return study


def about(found: Iterable[Answer], table: str) -> list[Answer]:
    return [answer for answer in found if answer.table == f"{table}.csv"]


def with_table(tables: StudyTables, name: str, frame: pd.DataFrame) -> StudyTables:
    return replace(tables, built={**tables.built, name: frame})


def test_a_planted_half_is_told_with_its_interval_and_excludes_a_quarter_and_one(planted: Any) -> None:
    tables = tables_of(square(planted, lambda size: 0.4 * size))
    row = tables["exponents"].iloc[0]
    (answer,) = about(answers(tables), "exponents")
    low, high = f"{row['low']:.2f}", f"{row['high']:.2f}"
    assert answer.text.startswith(
        f"q* ~ n^{row['exponent']:.2f} [{low}, {high}] over n = 64 .. 4096: 1/4 excluded, 1/2 not, 1 excluded ("
    )
    assert "absorb 0.5, N = M; trained by deepxde adam; measured, 95 % interval)." in answer.text
    assert (answer.chart, answer.task) == ("thresholds", "planted")
    assert "floors" not in answer.text
    assert answer.decides


def test_what_the_floors_alone_would_give_is_told_where_the_table_has_it(planted: Any) -> None:
    tables = tables_of(square(planted, lambda size: 0.4 * size))
    told = tables["exponents"].assign(floor_exponent=0.5, floor_low=0.4, floor_high=float("nan"))
    (answer,) = about(answers(with_table(tables, "exponents", told)), "exponents")
    assert ", the floors alone would give 0.50 [0.40, inf): 1/4 excluded" in answer.text


def test_a_fit_with_one_end_has_no_number_but_its_interval(planted: Any) -> None:
    tables = tables_of(square(planted, lambda size: 0.4 * size))
    nothing = float("nan")
    told = tables["exponents"].assign(identified="one-sided", exponent=nothing, low=0.6, high=nothing)
    (answer,) = about(answers(with_table(tables, "exponents", told)), "exponents")
    assert answer.text.startswith("q* ~ n^b with b in [0.60, inf) over n = 64 .. 4096: 1/4 excluded, 1/2 excluded, 1 not (")
    assert answer.decides


def test_an_interval_that_excludes_nothing_decides_nothing(planted: Any) -> None:
    tables = tables_of(square(planted, lambda size: 0.4 * size))
    told = tables["exponents"].assign(low=0.1, high=1.2)
    (answer,) = about(answers(with_table(tables, "exponents", told)), "exponents")
    assert "1/4 not, 1/2 not, 1 not" in answer.text
    assert not answer.decides
    (several,) = about(
        answers(with_table(tables, "exponents", pd.concat([told.assign(task=task) for task in "abcdefg"]))), "exponents"
    )
    assert not several.decides


def test_many_fits_that_differ_in_task_share_a_sentence(planted: Any) -> None:
    tables = tables_of(square(planted, lambda size: 0.4 * size))
    fits = pd.concat([tables["exponents"].assign(task=task) for task in "abcdefg"])
    (answer,) = about(answers(with_table(tables, "exponents", fits)), "exponents")
    value, low, high = (f"{fits[name].iloc[0]:.2f}" for name in ("exponent", "low", "high"))
    assert answer.text.startswith(
        f"q* ~ n^b with b between {value} and {value}, intervals within [{low}, {high}]: 1/4 excluded by 7 of 7, 1/2 excluded"
        f" by 0 of 7,"
        " 1 excluded by 7 of 7 (7 fits: a, b, c, d and 3 more; grid, tied, rademacher noise"
    )


@pytest.mark.parametrize(
    ("law", "reason"), [(lambda size: 1000.0, "above the sizes tried"), (lambda size: 0.1, "below the sizes tried")]
)
def test_a_study_in_which_nothing_is_identified_says_so(planted: Any, law: Callable[[int], float], reason: str) -> None:
    tables = tables_of(square(planted, law))
    (answer,) = about(answers(tables), "exponents")
    assert re.fullmatch(rf"No exponent is identified of q\*\(n\) \(1 fits\): [^;]*{reason} \(1\)\.", answer.text)
    assert not any("~ n^" in answer.text for answer in answers(tables))
    assert not answer.decides


@pytest.mark.parametrize("status", OUTCOMES)
def test_a_study_without_a_result_has_one_answer(planted: Any, status: str) -> None:
    for q, size in itertools.product((1, 2, 4), (8, 16, 32)):
        planted.add(q=q, functions=size, status=status, absorbed=0.4, schedule="tied")
    (answer,) = answers(tables_of(planted, rays=(1.0,)))
    assert answer.text == f"Nothing is found: none of 9 cells is done (9 {status})."
    assert "python -m bench run" in answer.changed_by


def test_a_study_without_cells_has_an_answer_too(planted: Any) -> None:
    (answer,) = answers(tables_of(planted))
    assert answer.text == "Nothing is found: the study asks for no cell."


def test_cells_without_a_result_are_counted_in_the_sentence(planted: Any) -> None:
    study = square(planted, lambda size: 0.4 * size)
    for status in (*OUTCOMES, "failed"):
        shape = {"functions": 64, "points": 64, "replicate": 4 + len(study.expected)}
        study.add(q=64, absorbed=0.6, status=status, schedule="tied", branch_widths=[64, 64], **shape)
    found = answers(tables_of(study))
    for table in ("exponents", "leaderboard"):
        assert "; of 88 cells 1 diverged, 2 failed, 1 missing" in about(found, table)[0].text


def demands(agrees: list[str], **changes: Any) -> pd.DataFrame:
    """bounds.csv with a certified row, and one of each lesser worth."""
    same = {"task": "planted", "parameters": "", "design": "grid", "sizes": "widths = q", "noise_law": "rademacher", "sigma": 0.5}
    worth = [
        ("certified", False, ""),
        ("certified", False, "norms"),
        ("asymptotic", False, ""),
        ("heuristic", False, ""),
        ("certified", True, ""),
    ]
    rows = pd.DataFrame(worth, columns=["status", "vacuous", "assumptions"]).assign(agrees=agrees, **same)
    rows = rows.assign(control="none", target="absorb 0.5", n=256, bound="noisy-grid", probability="1 - 1e-12")
    return rows.assign(q_demanded=9.0, q_high=pd.array([8] * 5, dtype="Int64"), **changes)


def test_no_contradiction_counts_certified_rows_and_keeps_the_others_apart(planted: Any) -> None:
    planted.add(q=2, absorbed=0.4)
    frame = demands(["yes"] * 5)
    (answer,) = about(answers(with_table(tables_of(planted), "bounds", frame)), "bounds")
    assert answer.text == (
        "No certified demand is contradicted in 1 row (1 of them with a q* that is bounded above on every replicate); of the"
        " other"
        " rows 1 certified under assumptions, 1 asymptotic (1 above the measured q*, which contradicts nothing), 1 heuristic (1"
        " above"
        " the measured q*, which contradicts nothing), 1 vacuous."
    )


def test_a_planted_contradiction_is_told_with_both_sides(planted: Any) -> None:
    planted.add(q=2, absorbed=0.4)
    frame = demands(["no", "yes", "yes", "yes", "yes"])
    (answer,) = about(answers(with_table(tables_of(planted), "bounds", frame)), "bounds")
    assert answer.text == (
        "Contradicted: noisy-grid (certified, probability 1 - 1e-12) demands q >= 9 of planted, grid, widths = q, rademacher"
        " noise,"
        " sigma = 0.5, absorb 0.5 at n = 256, and a run reached the target below it."
    )
    assert "one of the two sides is wrong" in answer.changed_by


def test_where_every_demand_is_vacuous_nothing_is_said_to_be_confirmed(planted: Any) -> None:
    planted.add(q=2, absorbed=0.4)
    frame = demands(["yes"] * 5, vacuous=True)
    (answer,) = about(answers(with_table(tables_of(planted), "bounds", frame)), "bounds")
    assert answer.text == "No certified demand says anything here (5 rows); of the other rows 5 vacuous."
    assert not answer.decides


def bracket_rows(**columns: Any) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    same = {"task": "t", "parameters": "", "q": [None] * count, "search": ["finished"] * count, "q_status": "certified"}
    rows = pd.DataFrame({**same, "d_status": "certified", **columns}).reindex(columns=list(BRACKETS))
    return rows.astype({"d_ratio": "float"})


def test_brackets_are_counted_by_standing_and_vacuous_ends_are_no_certificates(planted: Any) -> None:
    frame = bracket_rows(
        standing=["closed", "closed", "open", "no witness"],
        q_status=["certified", "certified", "vacuous", "certified"],
        d_ratio=[4.0, 5.04, 100.0, None],
        d_status=["certified", "certified", "vacuous", "certified"],
        search=["finished", "finished", "budget", "finished"],
    )
    (answer,) = answers(with_table(tables_of(planted), "brackets", frame))[:1]
    (answer,) = about(answers(with_table(tables_of(planted), "brackets", frame)), "brackets")
    assert answer.text == (
        "2 of 4 q-brackets closed: certified below, reached by a verified witness above; 1 open, 1 no witness; 1 with a vacuous"
        " lower"
        " end; d within a factor 4.6 of its certified lower end (median of 2, at most 5.1); 1 more with a witness and a vacuous"
        " lower"
        " end of d; 1 of 4 searches ended by budget or interruption."
    )


def test_ratios_of_different_classes_of_nets_are_told_apart_and_never_pooled(planted: Any) -> None:
    frame = bracket_rows(
        standing=["closed"] * 4, d_ratio=[1.0, 1.2, 4.0, 6.0], net_class=["tied", "tied", "free", "free"], nets=["2+2"] * 4
    )
    free, tied = about(answers(with_table(tables_of(planted), "brackets", frame)), "brackets")
    assert free.text.startswith("Nets free, 2+2: 2 of 2 q-brackets closed")
    assert tied.text.startswith("Nets tied, 2+2: 2 of 2 q-brackets closed")
    assert "median of 2, at most 6" in free.text
    assert "median of 2, at most 1.2" in tied.text


def test_questions_at_a_fixed_q_tell_what_is_certified_impossible(planted: Any) -> None:
    frame = bracket_rows(standing=["witnessed", "certified impossible", "no witness"], q=[4, 1, 2], d_ratio=[3.0, None, None])
    (answer,) = about(answers(with_table(tables_of(planted), "brackets", frame)), "brackets")
    assert answer.text.startswith(
        "Of 3 questions at a fixed q 1 have a verified witness, 1 are certified impossible, 1 have neither witness nor"
        " certificate;"
    )


@pytest.mark.parametrize(
    ("power", "verdict"),
    [(0.0, "excludes q^2 d = C n, not d = C n"), (-2.0, "excludes d = C n, not q^2 d = C n"), (-1.0, "excludes both")],
)
def test_the_frontier_tells_which_shape_its_slope_excludes(planted: Any, power: float, verdict: str) -> None:
    asked = list(itertools.product((256, 512, 1024), (2, 4, 8), range(2)))
    scatter = [1.01 if i % 2 else 0.99 for i in range(len(asked))]
    same = {"task": "t", "parameters": "", "design": "triples", "noise_law": "gaussian", "sigma": 1.0, "target": "absorb 0.5"}
    same |= {"net_class": "tied", "nets": "1+1 linear tanh"}
    d = [3.0 * n * q**power * s for (n, q, _), s in zip(asked, scatter, strict=True)]
    rows = pd.DataFrame({"n": [a[0] for a in asked], "q": [a[1] for a in asked], "d_upper": d, "standing": "witnessed"}).assign(
        **same
    )
    (answer,) = about(answers(with_table(tables_of(planted), "frontier", frontier(rows))), "frontier")
    of_n, of_q = answer.text.split("; q^")
    assert of_n.startswith("Witnessed d (upper ends) goes like n^1.00 [")
    assert "excludes neither d = C n nor q^2 d = C n" in of_n
    assert of_q.startswith(f"{power:.2f} [")
    assert verdict in of_q
    assert "18 of 18 questions witnessed, 0 certified impossible" in of_q


def test_a_frontier_without_a_slope_says_why(planted: Any) -> None:
    same = {"task": "t", "parameters": "", "design": "triples", "noise_law": "gaussian", "sigma": 1.0, "target": "absorb 0.5"}
    same |= {"net_class": "tied", "nets": "1+1 linear tanh"}
    rows = pd.DataFrame({"n": [8, 8], "q": [2, 4], "d_upper": [9.0, None], "standing": "witnessed"}).assign(**same)
    (answer,) = about(answers(with_table(tables_of(planted), "frontier", frontier(rows))), "frontier")
    assert answer.text.startswith(
        "The frontier of d has no identified slope: n: 1 distinct values, at least 3 needed: responses at one value share"
    )
    assert "; 1 of 2 questions witnessed" in answer.text


def capacity(study: Any, bits: Iterable[float]) -> StudyTables:
    """Noisy runs that absorb 0.4 each, of which bit counting allows so much."""
    for q, allowed in enumerate(bits, 1):
        study.add(q=q, absorbed=0.4)
        record = study.records[-1]
        bounds = record.measured.bounds.model_copy(update={"absorbable_bits": allowed})
        study.records[-1] = record.model_copy(update={"measured": record.measured.model_copy(update={"bounds": bounds})})
    return tables_of(study)


@pytest.mark.parametrize(
    ("bits", "start"),
    [
        (
            (0.5, 0.6, 1.0),
            "No run above its capacity in 2, expected: none (certified, each with probability 1 - 1e-12); bit counting is"
            " vacuous for 1 other noisy runs",
        ),
        ((0.3, 0.6), "1 of 2 runs above their capacity, against what is claimed, expected: none (certified"),
        ((1.0, 1.0), "Bit counting is vacuous for all 2 noisy runs"),
    ],
)
def test_runs_above_their_capacity_are_counted_among_those_that_counting_speaks_of(
    planted: Any, bits: tuple[float, ...], start: str
) -> None:
    first = about(answers(capacity(planted, bits)), "mechanism")[0]
    assert first.text.startswith(start)
    assert first.decides == (min(bits) < 1.0)


def test_tests_that_compare_nothing_are_not_identifiable_and_hold_nothing(planted: Any) -> None:
    *_, last = about(answers(capacity(planted, (0.5,))), "mechanism")
    assert last.text.startswith("Not identifiable: B.2 plateau: no net was asked for at 3 n along a path; B.3 fresh noise:")
    assert "hold" not in last.text
    assert not last.decides


def test_a_permutation_that_changes_nothing_holds(planted: Any) -> None:
    for replicate, control in itertools.product(range(4), ("none", "permuted-noise")):
        noise = {"law": "rademacher", "sigma": 0.5} | ({} if control == "none" else {"control": control})
        planted.add(q=2, replicate=replicate, absorbed=0.3 + 0.001 * replicate, noise=noise)
    (answer,) = [found for found in about(answers(tables_of(planted)), "mechanism") if found.text.startswith("B.6")]
    assert re.match(
        r"B\.6 permutation: ln of rho\(permuted-noise\) / rho\(none\) \S+ \[.*\], expected: 0, within a quarter.*: holds",
        answer.text,
    )


def rays_study(study: Any, fall: float) -> StudyTables:
    for q, replicate in itertools.product((2, 4, 8, 16), range(4)):
        shape = {"q": q, "functions": 4 * q, "points": 16, "replicate": replicate}
        study.add(**shape, relative=0.5 * q**-fall * (1 + 0.01 * replicate), d=3000, schedule="fixed-budget")
    return tables_of(study, rays=(1.0, 2.0))


def test_rays_tell_a_verdict_for_each_alpha(planted: Any) -> None:
    (answer,) = about(answers(rays_study(planted, 0.5)), "rays")
    assert re.match(
        r"Along n = c q\^alpha at fixed d the training error: alpha = 1 falls \(p = \S+, by a factor 2\.83\)"
        r" \(planted; noise-free; d about 3000, 2\+2 hidden layers; trained by deepxde adam; Page's trend test, p corrected by"
        r" Holm\)\.",
        answer.text,
    )


def test_a_rise_is_no_evidence_of_a_fall(planted: Any) -> None:
    (answer,) = about(answers(rays_study(planted, -0.2)), "rays")
    assert "alpha = 1 no evidence of a fall (p = 1, by a factor 1)" in answer.text


def test_few_configurations_tell_their_errors_with_range_over_replicates(planted: Any) -> None:
    for replicate, relative in enumerate((0.2, 0.3, 0.31)):
        planted.add(replicate=replicate, relative=relative)
    planted.add(replicate=3, status="diverged")
    (answer,) = [found for found in answers(tables_of(planted)) if found.chart == "errors" and found.table == "scaling.csv"]
    assert answer.text.startswith(
        "Relative error on the training labels 0.3 (0.2 to 0.31), on held-out functions 0.6 (0.4 to 0.62); mean over functions"
        " 0.3"
    )
    assert answer.finding.endswith("; of 4 cells 1 diverged")
    assert answer.text.endswith("deepxde adam; measured, median and range over 3 runs).")


def test_runs_below_their_floor_are_none_and_unresolved_floors_are_told(planted: Any) -> None:
    for q, floor in ((1, 0.2), (2, 0.125), (3, 1e-9), (4, None)):
        planted.add(q=q, relative=0.5, floor=floor)
    (answer,) = [found for found in answers(tables_of(planted)) if found.chart == "optimality"]
    assert answer.text == (
        "None of 3 runs with a certified floor lies below it; 1 more have none; by these trainings the error is 1.62 times its"
        " floor"
        " in the median, at most 2; the floor of 1 is unresolved."
    )


def test_leaders_are_upper_ends_and_certified_ones_are_counted(planted: Any) -> None:
    planted.add(q=1, relative=0.5, floor=0.2)
    planted.add(q=2, relative=0.05, floor=0.0001)
    planted.add(q=2, relative=0.5, functions=32)
    (answer,) = about(answers(tables_of(planted, targets=(Target(kind="relative", value=0.1),))), "leaderboard")
    assert answer.text == (
        "1 of 2 pairs of problem and target reached, 1 not reached; in 1 of the 1 whose floors certify some q > 1 the smallest"
        " q seen"
        " is the certified one (upper ends, by deepxde adam)."
    )


def test_every_answer_is_a_line_with_its_table_and_chart(new_planted: Any) -> None:
    study = new_planted().fill("died")
    tables = tables_of(study, rays=(1.0, 2.0))
    found = answers(tables)
    assert {answer.table.removesuffix(".csv") for answer in found} >= {"exponents", "rays", "bounds", "leaderboard"}
    sections = {section.name for section in SECTIONS}
    for answer in found:
        assert answer.table.removesuffix(".csv") in tables.columns
        assert answer.chart in sections | {""}
        assert answer.text.endswith(".")
        assert "\n" not in answer.text
        assert "nan" not in answer.text.lower()
        assert "DeepONets" not in answer.text
        assert answer.changed_by
    assert {name for kind in ANSWERS.values() for name in kind.needs} <= set(TABLES)


def test_another_family_has_an_answer(planted: Any) -> None:
    planted.add()
    tables = tables_of(planted)
    asked = Manifest(name="bare", question="?", targets=(), expected=())
    bare = StudyTables(asked, tables.frame[["status", "key"]], tables.held, built=dict.fromkeys(TABLES))
    (answer,) = answers(bare)
    assert answer.text == "Done: 1 of 1 cell; what they measured stands in the tables."


def test_words() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "a"]) == "a and b"
    assert listed("abcde") == "a, b, c, d and e"
    assert listed("abcdefg") == "a, b, c, d and 3 more"
    assert listed([]) == ""
    assert interval(float("-inf"), 0.5) == "(-inf, 0.50]"
    assert excluded(0.4, 0.6, [0.25, 1 / 3, 0.5]) == "1/4 excluded, 1/3 excluded, 1/2 not"
    assert [fraction(value) for value in (0.333333, 0.0, 1.0)] == ["1/3", "0", "1"]


def test_lower_ends_from_samples_are_called_estimated_and_stand_apart(planted: Any) -> None:
    frame = bracket_rows(
        standing=["closed", "open"],
        target=["relative error on new functions 0.1"] * 2,
        q_status=["certified", "statistical"],
        d_status=["certified", "statistical"],
        d_ratio=[1.04, 3.04],
        net_class=["free"] * 2,
        nets=["2+2"] * 2,
    )
    linear, nonlinear = about(answers(with_table(tables_of(planted), "brackets", frame)), "brackets")
    assert "lower ends certified by the spectrum" in linear.text
    assert "1 of 1 q-bracket closed: certified below" in linear.text
    assert "factor 1.1 of its certified lower end" in linear.text
    assert "lower ends statistical, too, from samples" in nonlinear.text
    assert "0 of 1 q-bracket closed: estimated below" in nonlinear.text
    assert "factor 3.1 of its estimated lower end" in nonlinear.text
    assert "certified" not in nonlinear.text
