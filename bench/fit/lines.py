"""Reference lines beside a net: what the methods of `operators.baselines` reach on the same functions.

They see the training functions and are judged on the test functions; penalties come from generalised cross-validation, so
validation functions are not needed. Above MOST_POINTS points they are measured on the points that hidden layers are trained on,
which the answer says.
"""

import time
from dataclasses import dataclass

from bench.fit.budget import Budget
from bench.fit.hidden import Ground
from operators.baselines import BASELINES, Sample

LINEAR = ("least-squares", "ridge", "reduced-rank")
NOT_FITTED = ("floor", "asymptotic")
MOST_POINTS = 2048


@dataclass(frozen=True)
class Line:
    """What one method reaches.

    Attributes:
        name: key in `operators.baselines.BASELINES`.
        title: what it is.
        training: relative training error.
        test: relative test error.
        q: rank, for methods that have one: the least whose test error is within a hundredth of its best; None for others.
        fitted: whether it is a method; False: a floor that reads the test outputs.
        curve: (q, training error, test error) for methods that have ranks.
        cpu_seconds: what it took.
    """

    name: str
    title: str
    training: float
    test: float
    q: int | None
    fitted: bool
    curve: tuple[tuple[int, float, float], ...]
    cpu_seconds: float


@dataclass(frozen=True)
class Lines:
    """All lines.

    Attributes:
        lines: in the order of the registry.
        points: at how many points they were measured.
        skipped: names of methods that cost too much for so many functions.
    """

    lines: tuple[Line, ...]
    points: int
    skipped: tuple[str, ...]

    def best_linear(self) -> Line | None:
        """The linear map of least test error."""
        return min((line for line in self.lines if line.name in LINEAR), key=lambda line: line.test, default=None)


def measured_lines(ground: Ground, budget: Budget) -> Lines:
    """Measure every line that applies."""
    data = ground.data
    columns = ground.columns if len(data.points) > MOST_POINTS else slice(None)
    parts = [(data.inputs_of(part), data.outputs_of(part)[:, columns]) for part in ("training", "test")]
    sample = Sample(parts[0][0], parts[0][1], parts[1][0], parts[1][1])
    lines, skipped = [], []
    for name, baseline in BASELINES.items():
        if not baseline.applies(len(sample.inputs)):
            skipped.append(name)
            continue
        started = time.process_time()
        with budget.counted(f"reference line {name}"):
            errors = baseline.measure(sample)
        place = 0
        if errors.q:
            place = int((errors.test_relative <= 1.01 * errors.test_relative.min()).argmax())
        lines.append(
            Line(
                name=name,
                title=baseline.title,
                training=float(errors.relative[place]),
                test=float(errors.test_relative[place]),
                q=errors.q[place] if errors.q else None,
                fitted=baseline.status not in NOT_FITTED,
                curve=tuple(zip(errors.q, map(float, errors.relative), map(float, errors.test_relative), strict=False)),
                cpu_seconds=time.process_time() - started,
            )
        )
    return Lines(tuple(lines), parts[0][1].shape[1], tuple(skipped))
