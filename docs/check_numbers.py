"""The numbers of the pages: what computes each, and whether the page says what comes out.

A statement is a piece of a page with fields in it; the numbers computed fill the fields, and the result must stand in the page.

    python docs/check_numbers.py                           # what takes seconds; the tests do the same
    python docs/check_numbers.py --minutes                 # also what takes minutes: searches, trainings
    python docs/check_numbers.py --smoke results/out/smoke # also what is read off the records of the study smoke

docs/measured.md lists the statements of the last two kinds and those that no function here computes.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
DELTA = 1e-12


@dataclass(frozen=True)
class Statement:
    """Words of a page, with fields, and the function whose values fill them.

    Attributes:
        page: path below the repository.
        words: a format string; white space counts as one blank.
        values: what fills it.
    """

    page: str
    words: str
    values: Callable[..., tuple[float | str, ...]]

    def filled(self, *given: Any) -> str:
        """The words with their numbers."""
        return self.words.format(*self.values(*given))


def text_of(page: str) -> str:
    """A page with white space made single blanks."""
    return " ".join((REPOSITORY / page).read_text().split())


# What takes seconds


def nats_per_parameter() -> tuple[float]:
    """Nats of a number of 32 bits."""
    return (32 * math.log(2.0),)


def cost_of_certainty() -> tuple[float, float]:
    """Nats that the failure probability of a statement costs, and how many parameters of 32 bits hold them."""
    from operators.bounds.setting import FAILURE_PROBABILITY

    nats = -math.log(FAILURE_PROBABILITY)
    return nats, nats / (32 * math.log(2.0))


def pseudo_dimension_per_parameter() -> tuple[float, float]:
    """Least and largest bound on the pseudo-dimension by d, rounded outwards: ReLU, one hidden layer, widths = q, m = 40."""
    from operators.architectures.deeponet import DeepONet, Ends
    from operators.bounds.pseudo_dimension import pseudo_dimension

    kinds: tuple[Ends, ...] = ("linear", "activated-trunk")
    nets = [DeepONet(40, 1, (q,), (q,), q, "relu", ends) for ends in kinds for q in (2**k for k in range(1, 10))]
    ratios = [pseudo_dimension(net) / net.parameter_count() for net in nets]
    return math.floor(10 * min(ratios)) / 10, math.ceil(10 * max(ratios)) / 10


def box_tail() -> tuple[float]:
    """Lim q tail_q for boxes of generic width translated at random: 16 / pi^4."""
    return (16 / math.pi**4,)


def first_informative_n() -> tuple[float, float, float]:
    """The n from which the paper-shaped inequality (best and equal split) and its localised form exclude half of the noise."""
    from operators.bounds import localised_iid, paper_shaped
    from operators.bounds.paper_shaped import BoundedClass

    functions, eps, variance = BoundedClass(500, math.log(1e5), 1.0, 8.0), 0.125, 0.25

    def first(excludes: Callable[[float], bool]) -> float:
        low, high = math.log(1e3), math.log(1e13)
        for _ in range(60):
            middle = (low + high) / 2.0
            low, high = (low, middle) if excludes(math.exp(middle)) else (middle, high)
        return math.exp(high)

    def equal_split(n: float) -> bool:
        return paper_shaped.log_terms(eps, n, (0.25, 0.25, 0.25, 0.25), functions=functions)[2] < math.log(DELTA)

    return (
        first(lambda n: paper_shaped.excess(eps, n, functions, failure_probability=DELTA) < 0.0),
        first(equal_split),
        first(lambda n: localised_iid.excess(eps, n, functions, variance=variance, failure_probability=DELTA) < 0.0),
    )


def gain_over_the_net_argument() -> tuple[float, float]:
    """Rank that `grid_in_probability` demands by that of `lemmas.subgaussian_ranks`, where one is above 1: least and largest."""
    from operators.bounds import grid_in_probability
    from operators.bounds.lemmas import subgaussian_ranks
    from operators.bounds.lemmas.rates import Law

    laws: tuple[Law, ...] = ("rademacher", "uniform")
    cases = [(law, (side, side), rho) for law in laws for side in (100, 300, 1000) for rho in (0.1, 0.5, 0.9)]
    ranks = [
        (
            grid_in_probability.necessary_rank(law, shape, rho, failure_probability=DELTA),
            subgaussian_ranks.necessary_rank(shape, rho, failure_probability=DELTA),
        )
        for law, shape, rho in cases
    ]
    gains = [ours / theirs for ours, theirs in ranks if max(ours, theirs) > 1.0]
    return min(gains), max(gains)


def planning_factor() -> tuple[float]:
    """The factor of the bound `effective-parameters`."""
    from operators.bounds.effective_parameters import FACTOR

    return (FACTOR,)


def published_brackets(study: str, *, digits: int) -> tuple[int, int, str, str]:
    """Published questions that are closed in q, all of them, and the median and largest ratio of the ends of d, rounded up.

    Of those about nets without sigmoid ends whose lower end is certified.
    """
    table = _published(study, "brackets")
    table = table[(table["q_status"] == "certified") & ~table["nets"].str.contains("sigmoid")]
    return int((table["standing"] == "closed").sum()), len(table), *_median_and_largest(table["d_ratio"], digits, digits)


def burgers_on_new_functions() -> tuple[int | str, ...]:
    """Ends of q at relative errors 0.1 and 0.05 on new functions of Burgers' equation, and the largest ratio of those of d."""
    from operators.bounds.outward import rounded_up

    table = _published("new-functions", "brackets")
    rows = table[table["q_status"] == "statistical"].sort_values("target", ascending=False)
    return *rows[["q_lower", "q_upper"]].to_numpy().astype(int).ravel().tolist(), rounded_up(float(rows["d_ratio"].max()), 2)


def sigmoid_ends() -> tuple[int, int, int, int]:
    """Questions about sigmoid ends, of these open in q, those whose lower end is that of the ends, and the largest gap of q."""
    table = _published("brackets", "brackets")
    rows = table[table["nets"].str.contains("sigmoid")]
    by_ends = rows["q_bound"] == "bounded-ends"
    return len(rows), int((rows["standing"] == "open").sum()), int(by_ends.sum()), int(rows["q_gap"].max())


def _median_and_largest(values: Any, of_median: int, of_largest: int) -> tuple[str, str]:
    """Of a column, each rounded up to so many digits."""
    from operators.bounds.outward import rounded_up

    numbers = values.astype(float)
    return rounded_up(float(numbers.median()), of_median), rounded_up(float(numbers.max()), of_largest)


def published_classes() -> tuple[int | str, ...]:
    """Of nets of one width and of equal widths: questions, median and largest ratio of the ends of d, rounded up.

    Then the questions where leaving hidden layers out needs fewer parameters than the smallest net with two a side, and all.
    """
    table, said = _published("net-classes", "brackets"), list[int | str]()
    for name in ("one-width-per-net", "tied"):
        ratios = table["d_ratio"][table["net_class"] == name]
        said += [len(ratios), *_median_and_largest(ratios, 3, 2)]
    asked = ["task", "N", "M", "target"]
    both = table[table["net_class"] == "free-depth"].merge(_published("brackets", "brackets"), on=[*asked, "nets"])
    return *said, int((both["d_upper_x"] < both["d_upper_y"]).sum()), len(both)


def _published(study: str, table: str) -> Any:
    """A published table."""
    from results.tables.csv_files import read_csv

    return read_csv(REPOSITORY / "results" / "reference" / study / f"{table}.csv")


def searched_exponents() -> tuple[str, ...]:
    """Exponents of q*(n) found at rho = 0.1 on N = M, widths = q, with their intervals, and the hull of those certified."""
    from operators.bounds.outward import rounded_down, rounded_up

    table = _published("threshold-search", "search_exponents")
    table = table[(table["path"] == "N = M") & (table["schedule"] == "tied") & (table["target"] == "absorb 0.1")]
    found = table[table["between"] == "this optimiser"].set_index("task")
    certified = table[table["between"] == "certified"]
    said = list[str]()
    for task in ("advection", "antiderivative", "burgers"):
        said += _exponent(found.loc[task])
    hull = rounded_down(certified["low"].min(), 2), rounded_up(certified["high"].max(), 2)
    return (f"{int(found['least_n'].min()):,}", f"{int(found['largest_n'].max()):,}", *said, *hull)


def searched_triples() -> tuple[str, ...]:
    """The exponent of q*(n) found on i.i.d. triples, with its interval, and the least and largest n."""
    table = _published("threshold-search", "search_exponents")
    (one,) = table[(table["design"] == "triples") & (table["between"] == "this optimiser")].to_dict("records")
    return *_exponent(one), f"{one['least_n']:,}", f"{one['largest_n']:,}"


def _exponent(row: Any) -> tuple[str, str, str]:
    """An exponent with its interval, rounded outward."""
    from operators.bounds.outward import rounded_down, rounded_up

    return f"{row['exponent']:.2f}", rounded_down(row["low"], 2), rounded_up(row["high"], 2)


def searched_thresholds() -> tuple[int, ...]:
    """q* at the largest n and rho = 0.1: the least and largest found, and the least and largest certified too small."""
    table = _published("threshold-search", "searches")
    table = table[(table["n"] == table["n"].max()) & (table["target"] == "absorb 0.1")]
    return tuple(int(f(table[name])) for name in ("q_found", "q_certified") for f in (min, max))


def ridge_unbeaten() -> tuple[int, int]:
    """Data sets of the study `baselines` with nets on which none has the smaller held-out error than ridge, and all with nets."""
    table = _published("baselines", "baselines")
    ridge = table[(table["line"] == "ridge") & (table["nets"] > 0)]
    return int((ridge["beaten"] == "no").sum()), len(ridge)


def lines_of_the_published_run() -> tuple[float, float, float, float]:
    """Ridge and the best map of rank 64 on the data of the study `outside-run`: training and held-out errors."""
    table = _published("outside-run", "baselines")
    ridge = table[table["line"] == "ridge"].iloc[0]
    ranked = table[(table["line"] == "reduced-rank") & (table["q"] == 64)].iloc[0]
    return ridge["train_mean"], ridge["test_mean"], ranked["train_mean"], ranked["test_mean"]


def functions_that_least_squares_needs() -> tuple[str, float, float]:
    """Least N of `elliptic` from which on least squares beats all published nets; its error and their least at N = 1000."""
    table = _published("elliptic", "data_efficiency")
    theirs = table[table["source"].str.startswith("doi:")]
    beaten = theirs.groupby("N")["beaten"].agg(lambda said: bool((said == "yes").all())).sort_index()
    always = beaten[::-1].cumprod()[::-1].astype(bool)
    last = theirs[theirs["N"] == 1000]
    return str(always[always].index[0]), float(last["least_squares"].iloc[0]), float(last["error"].min())


def anchors_met() -> tuple[Any, ...]:
    """Of `anchors`: figures met, figures; FNO, DeepONet, both as published, and the kernel, on Burgers and on Darcy."""
    table = _published("anchors", "anchors")
    best = table.sort_values("test").drop_duplicates(["task", "N", "net"]).set_index(["task", "net"])
    both = [(best.loc[(task, "FNO")], best.loc[(task, "DeepONet")]) for task in ("burgers", "darcy")]
    told = [(one["test"], other["test"], one["published"], other["published"], one["kernel"]) for one, other in both]
    return int((best["verdict"] == "met").sum()), len(best), *told[0], *told[1]


def published_parameters() -> tuple[int]:
    """Parameters of the net of the study `outside-run`."""
    from bench.studies.outside_run import STUDY

    return (next(iter(STUDY.cells)).net().parameter_count(),)


def held_out_components() -> tuple[float, float]:
    """Mean norm of the inputs in the units that the net of `outside-run` sees at N = 156: held-out and training functions."""
    problem = _published_problem(156)
    return tuple(float(np.linalg.norm(u, axis=1).mean()) for u in (problem.test_inputs, problem.inputs))  # type: ignore[return-value]


def recovery_by_svd() -> tuple[int, float, float, float]:
    """Random loads, the error that they leave of Poisson's solution operator on 29 x 29 nodes, the best of that rank, the law."""
    from operators.numerics import five_point, randomised_svd
    from operators.seeds import stream

    n, k, p = 28, 45, 5
    spectrum = np.sort(1.0 / five_point.eigenvalues(n).ravel())[::-1]

    def solution(columns: np.ndarray) -> np.ndarray:
        return five_point.solve(columns.T.reshape(-1, n - 1, n - 1)).reshape(columns.shape[1], -1).T

    loads = stream("inputs", "recovery by svd").standard_normal(((n - 1) ** 2, k + p))
    basis, rows = randomised_svd.recover(solution, solution, loads)
    left = np.linalg.norm(solution(np.eye((n - 1) ** 2)) - basis @ rows)
    best, law = np.sqrt(np.sum(spectrum[k + p :] ** 2)), randomised_svd.expected_error(spectrum, k, p)
    return (k + p, *(float(value / np.linalg.norm(spectrum)) for value in (left, best, law)))


def recovery_by_peeling() -> tuple[int, float, int, float]:
    """Products, and what they leave of the operator on the middle line, at ranks 4 and 12 of 256 points."""
    from operators.numerics.middle_line import greens_function
    from operators.numerics.peeling import peel
    from operators.seeds import stream

    green, found = greens_function(256), []
    for rank in (4, 12):
        peeled = peel(lambda v: green @ v, lambda v: green.T @ v, 256, rank, 16, stream("inputs", "recovery", str(rank)))
        error = np.linalg.norm(green - peeled.matrix, 2) / np.linalg.norm(green, 2)
        found += [peeled.products, float(error)]
    return found[0], found[1], found[2], found[3]


def linear_line() -> tuple[float, ...]:
    """Largest shares of the noise that the linear count leaves on the labels of Taylor-Green vortices at delta = 0.05."""
    from operators.bounds.lemmas.counted_risk import linear_share

    return tuple(linear_share(12288, 96 * w * math.log(2.0), failure_probability=0.05) for w in (5, 10, 20, 30, 50, 70))


def certified_line() -> tuple[float, ...]:
    """The shares that both counts leave there at DELTA, rounded up."""
    from operators.bounds.lemmas.counted_risk import least_risk

    nats = (96 * w * math.log(2.0) for w in (5, 20, 50, 100, 200))
    return tuple(math.ceil(1e3 * (1.0 - least_risk(12288, one, sigma=1.0, energy=1.0))) / 1e3 for one in nats)


def line_on_the_boundary() -> tuple[float]:
    """The share left to a net of width 10 on the labels of Poisson's equation, rounded up."""
    from operators.bounds.lemmas.counted_risk import least_risk

    return (math.ceil(1e2 * (1.0 - least_risk(596, 640 * math.log(2.0), sigma=1.0, energy=1.0))) / 1e2,)


def price_of_a_head() -> tuple[float, float]:
    """Nats of one more dimension where a share x = 0.06 of them absorbs rho = 1/2, -d/dx of kl(x || rho) / 2; and of 32 bits."""
    share, rho = 0.06, 0.5
    return -0.5 * math.log(share * (1.0 - rho) / (rho * (1.0 - share))), 32.0 * math.log(2.0)


def left_by_one_sign() -> tuple[float]:
    """The least |u v^T - b t^T - b0|^2 where t >= 0: over the direction of b and b0, the best t known."""
    outputs = np.outer((1.0, 2.0), (1.0, -1.0, 0.0))
    angles, offsets = np.linspace(0.0, 2.0 * math.pi, 2001), np.linspace(-3.0, 3.0, 1201)
    left = outputs[None, :, :] - offsets[:, None, None]
    along = np.stack([np.cos(angles), np.sin(angles)])
    reached = np.maximum(np.einsum("ia,oij->aoj", along, left), 0.0)
    return (float(np.min(np.sum(left**2, axis=(1, 2))[None, :] - np.sum(reached**2, axis=2))),)


@dataclass(frozen=True)
class Covered:
    """A row of a coverage table: its cells but for the counts, its coverage, and why it may cover more."""

    told: tuple[str, ...]
    coverage: float
    reason: str


def coverage_tables(head: str) -> list[list[Covered]]:
    """The coverage tables of docs/theory.md that begin with `head`."""
    text = (REPOSITORY / "docs/theory.md").read_text().partition("<!-- coverage tables -->")[2]
    text = text.partition("<!-- end of coverage tables -->")[0]
    tables = [table.strip().splitlines()[2:] for table in text.split("\n\n") if table.strip().startswith(head)]
    cells = [[[cell.strip() for cell in line.split("|")[1:-1]] for line in table] for table in tables]
    return [[Covered(tuple(row[:-6]), float(row[-3]), row[-1]) for row in table] for table in cells]


def coverage_beside_scatter() -> tuple[float, float, float]:
    """Of thresholds: the most where they scatter by less than the step between two q; the ends where by as much, all seen."""
    (rows,) = coverage_tables("| design | beta |")
    steps = {"`threshold`, 6 n x 3": ("0.3", "0"), "powers of 2, 4 n x 3": ("0.5", "0.5")}
    wide = [row.coverage for row in rows if steps.get(row.told[0]) == row.told[2:4] and not row.reason]
    return max(row.coverage for row in rows if "step" in row.reason), min(wide), max(wide)


def coverage_beyond_every_q() -> tuple[float, float, float]:
    """Of thresholds beyond every q: with these q as well; the ends where scatter is wide."""
    (rows,) = coverage_tables("| design | beta |")
    (further,) = [row.coverage for row in rows if "512" in row.told[0]]
    known = [((design, beta, first), (alone, shared), row) for row in rows for design, beta, alone, shared, first in [row.told]]
    beyond = {planted for planted, _, row in known if "beyond" in row.reason}
    wide = [row.coverage for planted, scatter, row in known if planted in beyond and scatter in (("0.3", "0.3"), ("0.5", "0.5"))]
    return further, min(wide), max(wide)


def coverage_of_either_sign() -> tuple[float, float]:
    """Of exponents of errors, E_inf of either sign: the ends."""
    _, rows = coverage_tables("| design | a |")
    return min(row.coverage for row in rows), max(row.coverage for row in rows)


COMPUTED = (
    Statement(
        "docs/theory.md",
        "Scatter below the step between two q is what lets rows of thresholds cover up to {:.3f}: with scatter as wide as the"
        " step the same designs cover {:.3f} to {:.3f}.",
        coverage_beside_scatter,
    ),
    Statement(
        "docs/theory.md",
        "with them between two q (q to 512) the row of beta = 1 covers {:.3f}, and with wider scatter the same designs cover"
        " {:.3f} to {:.3f}.",
        coverage_beyond_every_q,
    ),
    Statement("docs/theory.md", "in the same rows it covers {:.3f} to {:.3f}", coverage_of_either_sign),
    Statement("docs/theory.md", "a number of a head costs {:.1f} nats at x = 0.06, rho = 1/2, not {:.2f}", price_of_a_head),
    Statement("docs/theory.md", "the squared error is at least {:.3f}, where the squared norm is 10", left_by_one_sign),
    Statement(
        "docs/programme.md",
        "From {} random loads and as many of the adjoint the randomised singular value decomposition leaves {:.2f} of it in the"
        " Frobenius norm, where the best map of that rank leaves {:.2f} and the law allows {:.2f} in the root mean square.",
        recovery_by_svd,
    ),
    Statement("docs/programme.md", "{} products leave {:.0e} of it in the spectral norm, {} leave {:.0e}", recovery_by_peeling),
    Statement(
        "docs/programme.md",
        "the shares {:.3f}, {:.3f}, {:.3f}, {:.3f}, {:.3f} and {:.3f} of the noise to widths 5, 10, 20, 30, 50 and 70",
        linear_line,
    ),
    Statement(
        "docs/programme.md",
        "leave {:.3f}, {:.3f}, {:.3f}, {:.3f} and {:.3f} to widths 5, 20, 50, 100 and 200",
        certified_line,
    ),
    Statement("docs/programme.md", "the line leaves {:.2f} already at width 10", line_on_the_boundary),
    Statement("docs/theory.md", "That costs ln(1/delta) = {:.0f} nats, {:.2f} parameters of 32 bits", cost_of_certainty),
    Statement("docs/theory.md", "For b = 32 that is {:.2f} nats a parameter", nats_per_parameter),
    Statement("docs/theory.md", "{} to {} times d for one hidden layer of width q", pseudo_dimension_per_parameter),
    Statement("docs/theory.md", "Boxes translated at random: about {:.3f} / q", box_tail),
    Statement(
        "docs/theory.md",
        "near n = {:.1e} (best split; {:.1e} with the equal split), the localised form under the same assumptions near {:.1e}",
        first_informative_n,
    ),
    Statement(
        "docs/theory.md",
        "which is {:.1f} to {:.1f} times sharper, on square grids of side 100 to 1,000 where either demands a rank above 1",
        gain_over_the_net_argument,
    ),
    Statement("docs/theory.md", "| effective-parameters | rho ~ {} d_eff / n, a figure for planning", planning_factor),
    Statement("docs/theory.md", "`effective-parameters` plans with rho = {} d_eff / n", planning_factor),
    Statement("docs/size.md", "parameters to plan with: n rho / {};", planning_factor),
    Statement(
        "README.md",
        "Of {} published questions (an operator, a data size, a target) the smallest q is known for {}:",
        lambda: published_brackets("brackets", digits=2)[1::-1],
    ),
    Statement(
        "README.md",
        "From n = {} to {} labels on square grids, widths = q, the smallest q found to absorb a tenth of the noise grows like"
        " n^{} [{}, {}] on advection, n^{} [{}, {}] on antiderivatives and n^{} [{}, {}] on Burgers' equation",
        lambda: searched_exponents()[:11],
    ),
    Statement("README.md", "of any optimiser, the exponent lies within [{}, {}]", lambda: searched_exponents()[11:]),
    Statement(
        "README.md",
        "a fifth of the noise is absorbed from q like n^{} [{}, {}] on (n = {} to {}, antiderivatives, one replicate",
        searched_triples,
    ),
    Statement(
        "README.md",
        "At a million labels the smallest q found is {} to {}, and up to {} to {} none can",
        searched_thresholds,
    ),
    Statement(
        "README.md",
        "On functions that a net has never seen, {} of {} questions about linear operators are closed in q, with d within a"
        " factor {} of what is certified in the median, at most {}",
        lambda: published_brackets("new-functions", digits=3),
    ),
    Statement(
        "README.md",
        "at a relative error of 0.1 q lies within {} and {}, at 0.05 within {} and {}, d within a factor {}",
        burgers_on_new_functions,
    ),
    Statement(
        "README.md",
        "Of {} questions about sigmoid ends {} are open, {} with a lower end from what such ends can span; the ends of q are at"
        " most {} apart",
        sigmoid_ends,
    ),
    Statement(
        "README.md",
        "Of nets with one hidden width a side the ends of d lie, in {} questions, within a factor {} in the median, at most {};"
        " of nets with all hidden widths equal, in {}, within {}, at most {}. Nets that may leave hidden layers out need fewer"
        " parameters than the smallest found with two a side in {} of {} questions",
        published_classes,
    ),
    Statement("README.md", "within a factor {} in the median, at most {}.", lambda: published_brackets("brackets", digits=2)[2:]),
    Statement("README.md", "than every DeepONet trained beside it on {} of {} data sets", ridge_unbeaten),
    Statement(
        "README.md",
        "ridge regression from the sensors to the points has {:.3f} in training and {:.3f} in test, the best linear map of rank"
        " 64 has {:.3f} and {:.3f} (medians)",
        lines_of_the_published_run,
    ),
    Statement(
        "README.md",
        "than each of three published nets from N = {} on ({:.4f} against {:.4f} for the best at N = 1,000;",
        functions_that_least_squares_needs,
    ),
    Statement(
        "README.md",
        "come within a factor 1.5 of {} of {} published errors (study `anchors`): on Burgers' equation a Fourier neural operator"
        " has {:.4f} and a DeepONet {:.4f}, where {:.4f} and {:.4f} are published and a kernel has {:.4f}; on Darcy flow they"
        " have {:.4f} and {:.4f}, where {:.4f} and {:.4f} are published and the kernel has {:.4f}.",
        anchors_met,
    ),
    Statement("README.md", "widths = q = 64, {:,} parameters", published_parameters),
    Statement("README.md", "(mean norm {:.1f} against {:.1f})", held_out_components),
)


# What takes minutes


def widest_offset_gap() -> tuple[float, int]:
    """Largest relative gap of the search over the bias at floors above 1e-6 of the variance, in percent, and its q."""
    from operators import TASKS
    from operators.bounds.lemmas.offset import offset_tails
    from operators.data.dataset import Request, build

    request = Request(TASKS["advection-diffusion-reaction"], design="grid", functions=256, points=128)
    labels = build(request).labels.reshape(256, 128)
    tails = offset_tails(labels, np.ones(256), np.ones(128))
    visible = tails.upper > 1e-6 * float(np.sum((labels - labels.mean()) ** 2))
    gaps = np.where(visible, (tails.upper - tails.lower) / np.maximum(tails.upper, 1e-300), 0.0)
    return 100.0 * float(gaps.max()), int(gaps.argmax())


def test_error_at_156() -> tuple[float, float]:
    """Mean relative test error of `outside-run` at N = 156: as it is, and without components below 1 % of the first."""
    from bench.engines.threads import pinned_tensorflow

    pinned_tensorflow(1)
    return _test_error(0.0), _test_error(0.01)


def _published_cell(functions: int) -> Any:
    from bench.studies.outside_run import BATCH, HALVE_EVERY_EPOCHS, STUDY

    cell = next(iter(STUDY.cells))
    training = cell.training.model_copy(update={"decay_steps": HALVE_EVERY_EPOCHS * functions // BATCH})
    return cell.model_copy(update={"functions": functions, "test_functions": functions, "training": training})


def _published_problem(functions: int) -> Any:
    from bench.families.deeponet.trial import problem_of
    from operators.data.dataset import build

    cell = _published_cell(functions)
    return problem_of(cell, build(cell.request()))


def _test_error(cut: float) -> float:
    from dataclasses import replace

    from bench.engines import find_engine
    from bench.engines.base import Control
    from operators.data.dataset import build
    from operators.data.normalisation import predict_test

    cell = _published_cell(156)
    dataset, problem = build(cell.request()), _published_problem(156)
    deviations = np.linalg.svd(dataset.inputs - dataset.inputs.mean(axis=0), compute_uv=False)
    kept = np.arange(problem.inputs.shape[1]) < int(np.sum(deviations > cut * deviations[0]))
    problem = replace(problem, inputs=problem.inputs * kept, test_inputs=problem.test_inputs * kept)
    fit = find_engine(cell.training.engine).train([cell], [problem], Control((0.0,)))[0]
    error = predict_test(cell.net(), fit.weights, problem, dataset.test_index) - dataset.test_outputs
    return float(np.mean(np.linalg.norm(error, axis=1) / np.linalg.norm(dataset.test_outputs, axis=1)))


def modes_of_burgers() -> tuple[int, int]:
    """What new functions of Burgers' equation ask of q and of the first layer: relative error 0.05, as in `new-functions`."""
    from bench.studies.new_functions import NONLINEAR
    from operators.bounds.lemmas.sampled_modes import least_modes
    from operators.seeds import stream

    task = NONLINEAR[0].template.request().task
    modes = least_modes(task, 0.05, stream("reference", "modes", task.identity()))
    return modes.rank, modes.first


def slope_of_floors() -> tuple[float, float, float]:
    """Exponent, with its interval, of the least ranks whose floors allow rho = 0.2: advection, square grids of `threshold`."""
    from bench.families.deeponet.trial import problem_of
    from bench.studies import threshold
    from operators.data.dataset import build
    from operators.data.function_cache import BlockCache
    from operators.diagnostics.floor import floors_of, least_rank
    from results.statistics.interval_censored import fit_slope

    tied = [cell for cell in threshold.STUDY.cells if cell.task == "advection" and cell.architecture.schedule == "tied"]
    tried = np.log(sorted({cell.architecture.q for cell in tied}))
    x, ranks = [], []
    for cell in tied:
        if cell.architecture.q == 1 and cell.design == "grid" and cell.functions == cell.points:
            data = build(cell.request(), BlockCache(None))
            problem = problem_of(cell, data)
            floors = floors_of(problem)
            assert floors is not None
            x.append(math.log(cell.n))
            ranks.append(least_rank(0.8 * data.noise_energy, problem, floors))
    place = np.searchsorted(tried, np.log(ranks) - 1e-9)
    fit = fit_slope(np.array(x), tried[place - 1], tried[place])
    return fit.value, fit.low, fit.high


MINUTES = (
    Statement("docs/theory.md", "allow rho = 0.2 from ranks that go like n^{:.2f} [{:.2f}, {:.2f}]", slope_of_floors),
    Statement("docs/theory.md", "asks for q >= {}, but of the first layer only w_1 >= {},", modes_of_burgers),
    Statement("docs/theory.md", "is {:.1f} % (advection-diffusion-reaction, replicate 0, q = {};", widest_offset_gap),
    Statement(
        "README.md",
        "ends at {:.2f} in place of 1.06, without the components below 1 % of the first at {:.2f},",
        test_error_at_156,
    ),
)


# What is read off records


def noisy_runs(folder: Path) -> Iterator[dict[str, Any]]:
    """Runs with noise of the study smoke: task, n, d_eff, rho, what rank q allows, and whether the net can interpolate."""
    for file in sorted((folder / "records").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            record = json.loads(line)["record"]
            cell, measured = record["cell"], record["measured"]
            if measured and cell["noise"]["law"] != "none":
                errors, bounds, sizes = measured["errors"], measured["bounds"], measured["sizes"]
                yield {
                    "task": cell["task"],
                    "sigma": cell["noise"]["sigma"],
                    "n": sizes["n"],
                    "d_eff": sizes["d_eff"],
                    "rho": errors["absorbed"],
                    "allowed": 1.0 - bounds["floor"] / errors["noise_energy"],
                    "trivial": bounds["trivial"],
                }


def share_of_rank(folder: Path) -> tuple[float, float, float]:
    """Median, least and largest rho by what rank q allows: Burgers, n >= 1024, nets that cannot interpolate."""
    shares = [
        run["rho"] / run["allowed"]
        for run in noisy_runs(folder)
        if run["task"] == "burgers" and run["n"] >= 1024 and not run["trivial"]
    ]
    return float(np.median(shares)), min(shares), max(shares)


def nats_used(folder: Path) -> tuple[float]:
    """Most nats n R(rho) by d_eff of a run."""
    from operators.bounds.lemmas.rates import rate

    return (max(run["n"] * float(rate("rademacher", run["rho"])) / run["d_eff"] for run in noisy_runs(folder)),)


def absorbed_per_parameter(folder: Path) -> tuple[float, float]:
    """Median and largest n rho / d_eff: noise of half the signal, n >= d_eff, rho > 0, nets that cannot interpolate."""
    factors = [
        run["n"] * run["rho"] / run["d_eff"]
        for run in noisy_runs(folder)
        if run["sigma"] == 0.5 and run["n"] >= run["d_eff"] and run["rho"] > 0.0 and not run["trivial"]
    ]
    return float(np.median(factors)), max(factors)


SMOKE = (
    Statement("README.md", "{:.2f} of it in the median at n >= 1024, from {:.2f} to {:.2f}", share_of_rank),
    Statement("docs/theory.md", "no run of `smoke` took more than {:.2f} nats n R(rho) / d_eff", nats_used),
    Statement("docs/theory.md", "reached {:.2f} d_eff / n in the median and {:.2f} d_eff / n at most", absorbed_per_parameter),
)


def main() -> int:
    """Print what does not agree; 1 if anything does not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", action="store_true", help="also what takes minutes")
    parser.add_argument("--smoke", type=Path, metavar="FOLDER", help="also what is read off the records of the study smoke")
    asked = parser.parse_args()
    sys.path.insert(0, str(REPOSITORY))
    given: list[tuple[Statement, tuple[Path, ...]]] = [(statement, ()) for statement in COMPUTED]
    given += [(statement, ()) for statement in MINUTES if asked.minutes]
    given += [(statement, (asked.smoke,)) for statement in SMOKE if asked.smoke]
    wrong = 0
    for statement, arguments in given:
        words = statement.filled(*arguments)
        agrees = words in text_of(statement.page)
        wrong += not agrees
        print(f"{'agrees' if agrees else 'DIFFERS'}  {statement.page}: {words}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
