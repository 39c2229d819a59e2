"""The answer to "how big must my DeepONet be?" as JSON and as text.

Every number goes with its status: certified, asymptotic, heuristic or vacuous.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from operators.bounds import eckart_young
from operators.bounds.bound import Statement, at_least_q, probability_text
from operators.bounds.eckart_young import Offset
from operators.bounds.outward import rounded_down
from operators.sizing.noise import NoiseForces
from operators.sizing.required_size import Size

if TYPE_CHECKING:
    from results.sizing.prediction import Prediction

OFFSETS: dict[Offset, tuple[str, str]] = {
    "none": ("", "neither bias nor mean function"),
    "scalar": ("_bias", "a trained scalar bias"),
    "mean-function": ("_mean", "a free mean function of the point"),
}
ROW_RATIO = 1.3


@dataclass(frozen=True, eq=False)
class SizeReport:
    """An answer with where it comes from.

    Attributes:
        size: the answer.
        file: name of the file.
        array: name of the array in it.
        target: as the user gave it.
        predictions: of a study; None if no study was given.
    """

    size: Size
    file: str
    array: str
    target: float
    predictions: "Sequence[Prediction] | None" = None

    def as_json(self) -> dict[str, Any]:
        """What `python -m bench size --json` prints."""
        size, demand = self.size, self.size.demand
        facts: dict[str, Any] = {
            "file": self.file,
            "array": self.array,
            "shape": list(demand.shape),
            "target": self.target,
            "absolute": demand.absolute,
            "target_relative": demand.target,
            "target_absolute": demand.target * demand.rms,
            "rms": demand.rms,
            "method": size.spectrum.method,
            "unresolved_from": size.unresolved_from(),
            "status": {},
        }
        for offset, (suffix, _) in OFFSETS.items():
            rank = size.ranks[offset]
            facts[f"q_certified{suffix}"] = rank.certified
            facts[f"q_attained{suffix}"] = rank.attained
            facts["status"][f"q_certified{suffix}"] = _status(rank.certified)
            facts[f"floors{suffix}"] = [list(pair) for pair in size.floors(offset)]
        facts["parameters"] = {name: _statement(one) for name, one in size.parameters.items()}
        facts["noise"] = None if size.noise is None else _noise_json(size.noise)
        if self.predictions is not None:
            facts["predictions"] = [{**asdict(one), "status": "heuristic"} for one in self.predictions]
        facts["notes"] = self.notes()
        return facts

    def notes(self) -> list[str]:
        """What a reader must know besides the numbers."""
        size = self.size
        side, certified = min(size.demand.shape), size.ranks["none"]
        notes = ["training error on these very outputs; nothing here bounds the error on new functions"]
        if certified.certified != certified.attained:
            notes.append(
                f"between q = {certified.certified} and {certified.attained} the floor is not settled"
                + (
                    "; min(N, M) is too large for all singular values"
                    if size.spectrum.method == "projection"
                    else " beyond rounding"
                )
            )
        if size.unresolved_from() < side:
            notes.append(
                f"floors from q = {size.unresolved_from()} on are not resolved: true, but possibly far below the exact ones"
            )
        if certified.attained >= side:
            notes.append(f"q = min(N, M) = {side} is always enough; more functions and points may demand more")
        if size.constant_rows:
            notes.append(f"{size.constant_rows} functions have outputs that do not depend on the point")
        if self.predictions is not None and not self.predictions:
            notes.append("the study has no identified law q*(n) for a target of this kind")
        return notes

    def as_text(self) -> str:
        """What `python -m bench size` prints."""
        size, demand = self.size, self.size.demand
        lines = [
            f"outputs   {demand.shape[0]} functions x {demand.shape[1]} points, root mean square {demand.rms:.6g}"
            f" ({self.file}, array {self.array})",
            f"target    relative L2 error {demand.target:.6g}, root mean square error {demand.target * demand.rms:.6g}",
            "",
            *_table(
                ["a DeepONet with", "needs q >=", "status", "rank that suffices"],
                [
                    [
                        words,
                        str(size.ranks[offset].certified),
                        _status(size.ranks[offset].certified),
                        str(size.ranks[offset].attained),
                    ]
                    for offset, (_, words) in OFFSETS.items()
                ],
            ),
        ]
        if size.parameters:
            lines += ["", *_statements("parameters", size.parameters)]
        if size.noise is not None:
            lines += ["", _noise_sentence(size.noise), *_statements("what the noise forces", size.noise.statements)]
        if self.predictions:
            lines += ["", *_prediction_rows(self.predictions)]
        lines += ["", *_floor_rows(size), "", *(f"note: {note}" for note in self.notes())]
        return "\n".join(lines)


def _status(rank: int) -> str:
    return eckart_young.BOUND.says("q", at_least_q(rank)).worth


def _number(value: float) -> int | float:
    return int(value) if math.isfinite(value) and float(value).is_integer() else float(value)


def _statement(one: Statement) -> dict[str, Any]:
    return {
        "value": _number(one.value),
        "status": one.worth,
        "probability": one.probability,
        "bound": one.bound,
        "note": one.note,
    }


def _noise_json(forced: NoiseForces) -> dict[str, Any]:
    noise = forced.noise
    return {
        "sigma": noise.sigma,
        "sigma_interval": [noise.low, noise.high],
        "source": noise.source,
        "law": noise.law,
        "failure_probability": noise.failure_probability,
        "relative": forced.relative,
        "absorbed": forced.absorbed,
        **{name: _statement(one) for name, one in forced.statements.items()},
    }


def _noise_sentence(forced: NoiseForces) -> str:
    noise = forced.noise
    where = (
        f"the target lies below it: a net must absorb {forced.absorbed:.4g} of the noise"
        if forced.absorbed > 0.0
        else "the target lies above it: no noise need be absorbed"
    )
    return (
        f"noise     sigma = {noise.sigma:.6g} ({noise.source}; {noise.law}), relative {forced.relative:.6g}; {where};"
        f" certified means with probability {probability_text(1.0 - noise.failure_probability)}"
    )


def _statements(title: str, statements: dict[str, Statement]) -> list[str]:
    rows = [[name, one.text(max(6, len(f"{one.value:.0f}"))), one.worth, one.note] for name, one in statements.items()]
    return _table([title, "value", "status", ""], rows)


def _prediction_rows(predictions: "Sequence[Prediction]") -> list[str]:
    rows = [
        [one.series, f"{one.q:.3g}", f"{one.low:.3g} to {one.high:.3g}", f"{one.factor:.3g}", "heuristic"] for one in predictions
    ]
    return _table(["trained nets of the study would need", "q", "range", "n / n0", "status"], rows)


def _floor_rows(size: Size) -> list[str]:
    columns = [size.floors(offset) for offset in OFFSETS]
    certified, last = size.ranks["none"].certified, size.ranks["none"].attained + 1
    rows, shown = [], -1
    for floors in zip(*columns, strict=True):
        q = floors[0][0]
        if (q >= ROW_RATIO * shown or abs(q - certified) <= 1) and q <= last:
            rows.append([str(q), *(rounded_down(floor, 5) for _, floor in floors)])
            shown = q
    return _table(["floor of the relative error (certified)    q", "no offset", "scalar bias", "mean function"], rows, right=True)


def _table(head: list[str], rows: list[list[str]], *, right: bool = False) -> list[str]:
    """Columns in fixed widths; the first flush right if `right`."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [cell.rjust(width) if right else cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines
