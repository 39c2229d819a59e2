"""The opening of findings.md says what the tables say: planted tables, and the published ones counted again."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from repository import REPOSITORY

from results.editions.abstract import NOT_ASKED, QUESTIONS, Claim, Evidence, abstract, claims
from results.editions.contributions import contributions
from results.editions.figures import print_contributions
from results.tables.csv_files import read_csv

REFERENCE = REPOSITORY / "results" / "reference"
MADE = ("explicit", "trained", "pruned")


def standing(*rows: tuple[str, str, int, float | None, float | None, float | None]) -> pd.DataFrame:
    """Class, status, certified d and the least explicit, trained and pruned d of each question."""
    table = pd.DataFrame(rows, columns=["net_class", "status", "d_lower", *(f"d_{made}" for made in MADE)])
    table["d_ratio"] = table[[f"d_{made}" for made in MADE]].astype(float).min(axis=1) / table["d_lower"]
    return table.assign(study="planted", d_status="certified", nets="2+2 activated-trunk tanh")


def told(question: str, frames: Mapping[str, pd.DataFrame], known: pd.DataFrame | None = None, floors: int = 0) -> Claim:
    evidence = Evidence(pd.DataFrame() if known is None else known, {"planted": frames}, floors)
    (found,) = [claim for claim in claims(evidence) if question in claim.question]
    return found


def test_questions_about_sigmoid_ends_are_never_pooled_with_others() -> None:
    known = standing(("free", "open", 10, None, 20, None), ("free", "open", 10, None, 60, None))
    known["nets"] = ["2+2 activated-trunk tanh", "2+2 sigmoid tanh"]
    assert contributions(known)[["net_class", "d_ratio"]].to_numpy().tolist() == [["free", 2.0], ["free, sigmoid ends", 6.0]]
    said = told("How small", {}, known).sentence
    assert "free 2 (at most 2, 1 question of planted)" in said
    assert "free, sigmoid ends 6 (at most 6, 1 question of planted)" in said


def test_contributions_count_ties_for_all_and_leads_for_one() -> None:
    table = contributions(
        standing(
            ("free", "open", 10, 40, 20, 30), ("free", "open", 10, 20, 20, None), ("no-hidden-layer", "open", 10, None, 15, None)
        )
    ).set_index("made")
    assert table.loc["trained", ["questions", "smallest", "alone"]].tolist() == [2, 2, 1]
    assert table.loc["explicit", ["questions", "smallest", "alone"]].tolist() == [2, 1, 0]
    assert table.loc["pruned", ["questions", "smallest", "alone"]].tolist() == [1, 0, 0]
    assert table.loc["no hidden layer", ["questions", "alone", "d_ratio"]].tolist() == [1, 1, 1.5]
    assert table.loc["explicit", "d_ratio"] == pytest.approx(3.0)


def test_sizes_are_counted_by_their_status_and_their_gap() -> None:
    known = standing(
        ("free", "closed in d", 10, 10, None, None),
        ("free", "closed in q", 10, None, 25, None),
        ("free", "open", 10, 20, None, None),
    )
    claim = told("known of the sizes", {}, known, floors=7)
    assert (
        "of 3 numbered questions 2 are closed in q, of these 1 in d too, 1 are open, 0 contradicted; none of 7 runs"
        in claim.sentence
    )
    assert "free 2 (at most 2.5, 3 questions of planted)" in told("How small", {}, known).sentence


@pytest.mark.parametrize(("verdicts", "worth"), [(["not identifiable"] * 2, "open"), (["holds", "fails"], "measured")])
def test_the_squared_q_is_open_until_a_comparison_decides(verdicts: list[str], worth: str) -> None:
    bounds = pd.DataFrame({"bound": ["paper-shaped", "paper-shaped", "localised"], "vacuous": [True, "yes", False]})
    tests = pd.DataFrame({"statistic": "slope of ln rho against ln q", "verdict": verdicts})
    claim = told("q^2 of the paper-shaped", {"bounds": bounds, "mechanism": tests})
    assert claim.worth == worth
    assert "is vacuous in 2 of 2 rows" in claim.sentence
    assert f"holds in {verdicts.count('holds')} comparisons, fails in {verdicts.count('fails')}" in claim.sentence


def test_rays_are_told_apart_at_alpha_two() -> None:
    rays = pd.DataFrame({"alpha": [1.0, 1.5, 2.0, 3.0], "verdict": ["falls", "no evidence of a fall", "falls", "falls"]})
    claim = told("n ~ q^2 needed", {"rays": rays})
    assert "with alpha < 2 the error falls on 1 of 2 rays and with alpha >= 2 the error falls on 2 of 2 rays" in claim.sentence
    assert "a fall needs no n ~ q^2 on these" in claim.sentence
    assert "no fall was seen with less data" in told("n ~ q^2 needed", {"rays": rays[rays["alpha"] != 1.0]}).sentence


def test_intervals_stand_above_below_or_around_a_quarter() -> None:
    inf, nan = float("inf"), float("nan")
    ends = [(0.3, 0.6), (0.1, 0.2), (0.1, 0.4), (nan, nan), (0.26, inf), (-inf, inf), (0.3, 0.6), (0.3, 0.6)]
    fits = pd.DataFrame(ends, columns=["low", "high"]).assign(law="q* ~ n^beta", sigma=1.0, control="none", identified="yes")
    fits.loc[6, "sigma"] = 0.0
    fits.loc[7, "control"] = "permuted-noise"
    fits["thresholds"] = "n=64: (1, 2]; n=256: (2, 4]; n=1024: (4, 8]"
    of_a_search = fits.assign(thresholds="n=64: (1, 2]; n=256: (2, 4]")
    fits = pd.concat([fits, of_a_search], ignore_index=True)
    claim = told("Where does 1/4", {"exponents": fits})
    assert claim.worth == "measured"
    assert (
        "of 6 fits of q*(n) to noisy labels over 3 n or more, of these trainings, 2 lie above 1/4, 1 below, 1 hold it and 2"
        " have no interval" in claim.sentence
    )
    assert told("Where does 1/4", {"exponents": fits.iloc[2:4]}).worth == "open"


def test_published_figures_of_deeponets_alone_are_compared() -> None:
    literature = pd.DataFrame(
        {
            "task": "burgers",
            "N": 100,
            "net": ["DeepONet", "FNO", "DeepONet, q = 8"],
            "published": [0.1, 0.2, 0.3],
            "linear_map_below": ["yes", "yes", "no"],
        }
    )
    curves = pd.DataFrame(
        {
            "task": "poisson",
            "N": [10, 20],
            "net": "DeepONet",
            "error": [0.5, 0.4],
            "beaten": ["yes", "yes"],
            "source": ["doi:x", "trained here"],
        }
    )
    claim = told("linear map beat", {"literature": literature, "data_efficiency": curves})
    assert "of 3 published errors of DeepONets" in claim.sentence
    assert (
        "goes below 2: burgers at N = 100 (0.1) and poisson at N = 10 (0.5); not below burgers at N = 100 (0.3)" in claim.sentence
    )


def test_what_no_table_speaks_of_is_open() -> None:
    found = list(claims(Evidence(pd.DataFrame(), {}, 0)))
    assert [claim.question for claim in found] == list(QUESTIONS)
    assert all((claim.worth, claim.sentence) == ("open", NOT_ASKED) for claim in found[:-1])
    assert found[-1].worth == "beyond any run"


@pytest.fixture(scope="module")
def published() -> Evidence:
    """The published tables, as their files have them."""
    frames: dict[str, dict[str, pd.DataFrame]] = {}
    for path in REFERENCE.glob("*/*.csv"):
        frames.setdefault(path.parent.name, {})[path.stem] = read_csv(path)
    return Evidence(read_csv(REFERENCE / "standings.csv"), frames, 0)


def rows(pattern: str, *needles: str) -> int:
    """Lines of published CSV files that hold all these texts."""
    lines = [line for path in REFERENCE.glob(pattern) for line in path.read_text().splitlines()[1:]]
    return sum(all(needle in line for needle in needles) for line in lines)


def test_of_the_published_tables_it_says_what_their_lines_say(published: Evidence) -> None:
    text = abstract(published)
    assert len(text.splitlines()) == len(QUESTIONS)
    assert f"of {len((REFERENCE / 'standings.csv').read_text().splitlines()) - 1} numbered questions" in text
    silent, said = rows("*/bounds.csv", ",paper-shaped,certified,yes,"), rows("*/bounds.csv", ",paper-shaped,")
    assert f"is vacuous in {silent} of {said} rows" in text
    assert f"of {rows('*/bounds.csv')} demands of bounds" in text
    over_three = [
        line for path in REFERENCE.glob("*/exponents.csv") for line in path.read_text().splitlines() if line.count("n=") >= 3
    ]
    assert f"of {len(over_three)} fits of q\\*(n) over 3 n or more not identified" in text
    counts = [int(part.split()[0]) for part in text.partition("along n = c q^alpha")[2].split("falls on ")[1:3]]
    assert sum(counts) == rows("*/rays.csv", ",falls,")


def test_the_page_opens_with_it_and_its_table_is_printed(first: Path, tmp_path: Path) -> None:
    text = (first / "findings.md").read_text()
    opening = text.partition("## In short\n\n")[2].partition("\n## small\n")[0]
    assert len(opening.splitlines()) == len(QUESTIONS)
    assert all(line.startswith("- **") for line in opening.splitlines())
    table = read_csv(first / "contributions.csv")
    assert table["questions"].sum() > 0
    print_contributions(first, tmp_path)
    lines = (tmp_path / "tables" / "contributions.tex").read_text().splitlines()
    body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    printed = [[cell.strip() for cell in line.removesuffix(r"\\").split("&")][:6] for line in body]
    assert printed == table.iloc[:, :6].astype(str).to_numpy().tolist()
