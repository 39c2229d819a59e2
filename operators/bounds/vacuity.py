"""Who says something where: every bound on the same sizes and data, as a table.

Sizes: m = 40 sensors, 2 coordinates, one hidden layer per net. Scales: layers of Frobenius radius 10, |u|_2 <= sqrt(40), |y|_2
<= sqrt(2), labels in [-1, 1], noise of sigma = 1/2, Rademacher where LAWS says nothing else, delta = 1e-12. Grids are square,
the clean outputs have rank SIGNAL_RANK with the bias. `python -m bench bounds --vacuity` prints the table.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from operators.architectures.activations import Activation
from operators.architectures.deeponet import DeepONet, Ends
from operators.bounds.bound import Bound, on_q
from operators.bounds.lemmas.covering import Norms
from operators.bounds.lemmas.rates import Law
from operators.bounds.outward import rounded_up
from operators.bounds.setting import Setting

SENSORS = 40
COORDINATES = 2
SIGNAL_RANK = 8
TARGET = 0.5
LARGEST_N = 10**13
NORMS = Norms(radius=10.0, input_norm=math.sqrt(SENSORS), point_norm=math.sqrt(COORDINATES), label=1.0)


@dataclass(frozen=True)
class Row:
    """One bound on one declared size.

    Attributes:
        bound: its name.
        status: its status where it is not vacuous.
        sizes: the schedule and the class of ends.
        n: number of labels.
        necessary_q: q needed to absorb TARGET, 1 where the bound is vacuous.
        absorbable: largest rho for q = 32, 1 where the bound is vacuous.
        informative_from: the least n (a power of 2) from which rho < 1 for q = 32; None if above LARGEST_N or never.
        note: why it is silent.
    """

    bound: str
    status: str
    sizes: str
    n: int
    necessary_q: float
    absorbable: float
    informative_from: int | None
    note: str


def tied(activation: Activation, ends: Ends) -> Callable[[int], DeepONet]:
    """All widths = q."""
    return lambda q: DeepONet(SENSORS, COORDINATES, (q,), (q,), q, activation, ends)


def fixed_width(activation: Activation, ends: Ends, width: int = 64) -> Callable[[int], DeepONet]:
    """Hidden widths fixed."""
    return lambda q: DeepONet(SENSORS, COORDINATES, (width,), (width,), q, activation, ends)


SIZES: dict[str, Callable[[int], DeepONet]] = {
    "widths = q, sigmoid ends": tied("tanh", "sigmoid"),
    "widths = q, linear ends, ReLU": tied("relu", "linear"),
    "widths = q, linear ends, Gaussian noise": tied("tanh", "linear"),
    "width 64, sigmoid ends": fixed_width("tanh", "sigmoid"),
}
LAWS: dict[str, Law] = {"widths = q, linear ends, Gaussian noise": "gaussian"}


def setting_of(n: int, size: Callable[[int], DeepONet], law: Law = "rademacher") -> Setting:
    """The setting of the table: a square grid of n labels."""
    side = math.isqrt(n)
    return Setting(n=n, size=size, shape=(side, n // side), law=law, sigma=0.5, norms=NORMS, signal=((SIGNAL_RANK, 0.0),))


def informative_from(bound: Bound, size: Callable[[int], DeepONet], q: int, law: Law = "rademacher") -> int | None:
    """The least power of 2 from which the bound excludes something for this q; None if above LARGEST_N."""
    n = 4
    while n <= LARGEST_N:
        if not bound.attainable(setting_of(n, size, law), q).vacuous:
            return n
        n *= 2
    return None


def vacuity_table(bounds: dict[str, Bound], *, sample_counts: tuple[int, ...] = (10**4, 10**6, 10**8), q: int = 32) -> list[Row]:
    """All bounds of the q that absorbs noise, on the sizes above; those that need the labels themselves are left out."""
    rows = []
    for sizes, size in SIZES.items():
        law = LAWS.get(sizes, "rademacher")
        for bound in on_q(bounds, "absorb", of_labels=False).values():
            first = informative_from(bound, size, q, law)
            for n in sample_counts:
                setting = setting_of(n, size, law)
                needed, reached = bound.necessary(setting, TARGET), bound.attainable(setting, q)
                note = reached.note if first is None else ""
                rows.append(Row(bound.name, bound.status, sizes, n, needed.value, reached.value, first, note))
    return rows


def as_markdown(rows: list[Row]) -> str:
    """One line per bound and size; entries "q, rho" for each n, a dash where the bound is silent."""
    counts = sorted({row.n for row in rows})
    head = ["sizes", "bound", "status", *(f"n = {count:.0e}" for count in counts), "rho < 1 from n"]
    lines = [head, ["---"] * len(head)]
    for sizes, bound in dict.fromkeys((row.sizes, row.bound) for row in rows):
        mine = {row.n: row for row in rows if (row.sizes, row.bound) == (sizes, bound)}
        first = mine[counts[0]]
        start = rounded_up(first.informative_from, 2) if first.informative_from else first.note or "never below 1e13"
        lines.append([sizes, bound, first.status, *(_entry(mine[count]) for count in counts), start])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _entry(row: Row) -> str:
    q = f"q >= {row.necessary_q:.0f}" if row.necessary_q > 1.0 else "-"
    return f"{q}, rho <= {rounded_up(row.absorbable, 2)}" if row.absorbable < 1.0 else f"{q}, -"
