"""The answer of `bench fit` as text, JSON and a figure. What matters most is said first: whether a linear map is as good."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.fit.arrays import PARTS
from bench.fit.capacity import Reached, text
from bench.fit.fitting import Fitted, Measured
from bench.fit.lines import Line
from bench.fit.unaligned.labels import UnalignedData
from operators.bounds.rank_to_parameters import NetClass, necessary_parameters
from operators.sizing.required_size import Size, tails_with
from results.sizing.report import SizeReport

if TYPE_CHECKING:
    from results.figures.fit import FitCurves

AS_GOOD = 1.05
FAR_ABOVE = 3.0
DIGITS = 4


@dataclass(frozen=True, eq=False)
class FitReport:
    """An answer with where its data come from."""

    fitted: Fitted
    file: str
    outputs: str

    def verdict(self) -> str:
        """The first sentence."""
        fitted = self.fitted
        net, linear = fitted.best.errors["test"], fitted.lines.best_linear()
        kernel = next((line for line in fitted.lines.lines if line.name == "kernel"), None)
        ours = f"the DeepONet of {fitted.best.parameters:,} parameters {_figure(net)}"
        if linear is not None and linear.test <= AS_GOOD * net:
            better = kernel is not None and kernel.test <= min(linear.test, net) / AS_GOOD
            more = f"; a kernel is better than both: {_figure(kernel.test)}" if kernel is not None and better else ""
            return f"A linear map is as good: {linear.title} has test error {_figure(linear.test)}, {ours}{more}."
        if kernel is not None and kernel.test <= net / AS_GOOD:
            return f"A kernel is better: {kernel.title} has test error {_figure(kernel.test)}, {ours}."
        if linear is None:
            return f"Test error: {ours}."
        return f"A DeepONet is better than a linear map: {ours}, {linear.title} {_figure(linear.test)} (test errors)."

    def bracket(self) -> dict[str, int | None]:
        """Certified below, found above: q and d for the target on the training functions; None: nothing certified, or found."""
        fitted, size = self.fitted, self.fitted.size
        return {
            "q_lower": None if size is None else max(1, size.ranks["scalar"].certified),
            "q_upper": None if fitted.narrowest is None else fitted.narrowest.model.net.q,
            "d_lower": None if size is None else self._least_parameters(size),
            "d_upper": None if fitted.smallest is None else fitted.smallest.parameters,
        }

    def _least_parameters(self, size: Size) -> int:
        """The least d of both classes searched: of these depths, and with a branch without hidden layers."""
        net = self.fitted.best.model.net
        linear = NetClass(net.sensors, net.coordinates, 0, len(net.trunk_widths), net.ends)
        return int(min(size.parameters["d_certified"].value, necessary_parameters(linear, size.ranks["scalar"].certified)))

    def notes(self) -> list[str]:
        """What to try, and what must be known."""
        fitted, best, notes = self.fitted, self.fitted.best, []
        capacity = fitted.capacity
        if fitted.narrowest is None:
            closest = f", the closest has {_figure(capacity.closest)}" if capacity.trainings else ""
            notes.append(
                f"no net of the search reached {fitted.target:g} on the training functions{closest}: not found in"
                f" {capacity.trainings} trainings, which is no limit of any size"
            )
        if not capacity.complete:
            notes.append("the search for the smallest sizes ended by its budget: more CPU seconds may find smaller ones")
        if not fitted.selected.complete:
            notes.append("not all sizes were tried on validation functions: more CPU seconds may find a better net")
        if best.errors["test"] > FAR_ABOVE * best.errors["training"] and best.errors["test"] > fitted.target:
            notes.append(
                "the test error is far above the training error: more functions, a smaller q or a larger penalty help, a larger"
                " net does not (docs/fit.md)"
            )
        if best.float32 > 1.01 * best.errors["test"]:
            notes.append(f"rounded to float32 the test error is {_figure(best.float32)}: shift inputs or outputs nearer to 0")
        notes += self._line_notes()
        if fitted.size is None:
            notes.append(
                "without common points the outputs are no matrix, and no rank floor exists: q >= 1 is vacuous, not certified, and"
                " a q that the search missed is not excluded"
            )
        noise = None if fitted.size is None else fitted.size.noise
        if noise is not None:
            clean = noise.statements["q_clean"]
            notes.append(
                f"of the certified q the clean outputs demand {clean.text()} themselves ({clean.worth}); noise is"
                f" {_figure(noise.relative)} of the outputs, and no test error against noisy outputs lies much below it"
            )
        notes.append("errors on new functions are measured on the test functions; nothing certified bounds them")
        return notes

    def _line_notes(self) -> list[str]:
        """Which reference lines are not of all points, or not drawn."""
        lines, points = self.fitted.lines, len(self.fitted.data.points)
        if isinstance(self.fitted.data, UnalignedData):
            return [
                f"reference lines that compare whole rows of outputs need common points, not drawn: {', '.join(lines.skipped)}"
            ]
        partly = [f"reference lines were measured at {lines.points} of {points} points"] if lines.points < points else []
        costly = [f"reference line {name} was left out: it costs too much for so many functions" for name in lines.skipped]
        return partly + costly

    def _shape(self) -> str:
        """Sensors, and how many points or labels there are."""
        data = self.fitted.data
        unaligned = isinstance(data, UnalignedData)
        places = f"{len(data.points)} labels at points of each function's own" if unaligned else f"{len(data.points)} points"
        return f"{data.inputs.shape[1]} sensors, {places} in {data.points.shape[1]} dimensions"

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        fitted = self.fitted
        return {
            "file": self.file,
            "outputs": self.outputs,
            "verdict": self.verdict(),
            "functions": {part: fitted.data.count(part) for part in PARTS},
            "sensors": fitted.data.inputs.shape[1],
            "design": "unaligned" if fitted.size is None else "grid",
            ("points" if fitted.size is not None else "labels"): len(fitted.data.points),
            "coordinates": fitted.data.points.shape[1],
            "target": fitted.target,
            "bracket": self.bracket(),
            "certified": (
                None if fitted.size is None else SizeReport(fitted.size, self.file, self.outputs, fitted.target).as_json()
            ),
            "best": {
                **_facts(fitted.best),
                "branch": fitted.selected.kind,
                "steps": fitted.selected.steps,
                "penalty": fitted.selected.penalty,
                "tried": fitted.selected.tried,
            },
            "economical": None if fitted.economical is None else _facts(fitted.economical),
            "smallest": None if fitted.smallest is None else _facts(fitted.smallest),
            "search": {
                "trainings": fitted.capacity.trainings,
                "complete": fitted.capacity.complete,
                "smallest_q": _reached(fitted.capacity.smallest_q),
                "smallest_d": _reached(fitted.capacity.smallest_d),
            },
            "lines": [{key: value for key, value in asdict(line).items() if key != "curve"} for line in fitted.lines.lines],
            "lines_points": fitted.lines.points,
            "least_validation": [list(pair) for pair in fitted.selected.best],
            "cpu_seconds": fitted.cpu_seconds,
            "wall_seconds": fitted.wall_seconds,
            "notes": self.notes(),
        }

    def as_text(self) -> str:
        """What the command prints."""
        fitted, data = self.fitted, self.fitted.data
        counts = ", ".join(f"{data.count(part)} {part}" for part in PARTS)
        nets = {
            "DeepONet: smallest found for the target, training": fitted.smallest,
            "DeepONet: smallest tried for the target, validation": fitted.economical,
            "DeepONet: best on validation": fitted.best,
        }
        lines = [
            self.verdict(),
            "",
            f"data      {counts} functions; {self._shape()} ({self.file}, outputs {self.outputs})",
            "",
            *_table(
                ["relative L2 error", "q", "d", "training", "validation", "test"],
                [
                    *(_line_row(line) for line in fitted.lines.lines),
                    *(_net_row(name, net) for name, net in nets.items() if net is not None),
                ],
            ),
            "",
            *self._bracket_lines(),
            "",
            f"chosen    widths {_widths(fitted.best)}, q = {fitted.best.model.net.q}, branch {fitted.selected.kind}, stopped"
            f" after {fitted.selected.steps} steps, penalty {fitted.selected.penalty:g}; {fitted.selected.tried} candidates, each"
            " with every q",
            f"took      {fitted.cpu_seconds:.1f} CPU s, {fitted.wall_seconds:.1f} s",
            "",
            *(f"note: {note}" for note in self.notes()),
        ]
        return "\n".join(lines)

    def _bracket_lines(self) -> list[str]:
        fitted, bracket = self.fitted, self.bracket()
        found = {name: "not found" if value is None else f"{value:,}" for name, value in bracket.items()}
        lower = {"q": f"{found['q_lower']} (certified)", "d": f"{found['d_lower']} (certified)"}
        if fitted.size is None:
            lower = {"q": "1 (vacuous: no floor without common points)", "d": "no lower end"}
        smallest = "" if fitted.smallest is None else f", widths {_widths(fitted.smallest)}"
        return [
            f"target    {fitted.target:g} on the training functions",
            f"q         {lower['q']} to {found['q_upper']} (attained)",
            f"d         {lower['d']} to {found['d_upper']} (attained{smallest})",
        ]

    def curves(self) -> "FitCurves":
        """What the figure shows."""
        from results.figures.fit import FitCurves

        fitted, selected = self.fitted, self.fitted.selected
        floors = () if fitted.size is None else tails_with(fitted.size.spectrum, "scalar").lower ** 0.5
        most = max((q for q, *_ in selected.curve), default=1)
        ranked = next((line for line in fitted.lines.lines if line.name == "reduced-rank"), None)
        curves = (
            {}
            if fitted.size is None
            else {
                "floor (certified, training)": tuple((q, float(floors[q])) for q in range(1, min(most + 1, len(floors)))),
            }
        )
        curves |= {
            "DeepONet chosen, training": tuple((q, training) for q, training, _ in selected.curve),
            "DeepONet chosen, validation": tuple((q, validation) for q, _, validation in selected.curve),
            "best of all tried, validation": selected.best,
        }
        if ranked is not None:
            curves["linear map of rank q, test"] = tuple((q, test) for q, _, test in ranked.curve if q <= most)
        shown = ("mean", "ridge", "kernel")
        without = {line.name: line.test for line in fitted.lines.lines if line.name in shown}
        data = fitted.data
        title = f"{data.count('training')} training functions x {len(data.points)} points"
        if fitted.size is None:
            title = f"{data.count('training')} training functions, {len(data.outputs_of('training'))} labels, no common points"
        return FitCurves(title, fitted.target, curves, (fitted.best.model.net.q, fitted.best.errors["test"]), without)


def _figure(error: float) -> str:
    return f"{error:.{DIGITS - 1}g}"


def _facts(net: Measured) -> dict[str, Any]:
    architecture = net.model.net
    return {
        "q": architecture.q,
        "branch_widths": list(architecture.branch_widths),
        "trunk_widths": list(architecture.trunk_widths),
        "parameters": net.parameters,
        "errors": net.errors,
        "test_error_float32": net.float32,
    }


def _reached(found: Reached | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"q": found.q, "widths": [list(part) for part in found.hidden.widths], "parameters": found.parameters}


def _widths(net: Measured) -> str:
    return text((net.model.net.branch_widths, net.model.net.trunk_widths))


def _line_row(line: Line) -> list[str]:
    rank = "" if line.q is None else str(line.q)
    what = line.title if line.fitted else f"{line.title} (reads test outputs)"
    return [what, rank, "", _figure(line.training), "", _figure(line.test)]


def _net_row(name: str, net: Measured) -> list[str]:
    return [name, str(net.model.net.q), f"{net.parameters:,}", *(_figure(net.errors[part]) for part in PARTS)]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [head, *rows]
    ]
