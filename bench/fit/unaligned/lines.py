"""Reference lines without common points: least squares in products of features of u and of y.

    mean     (1) x T(y)                          the mean function, by regression on y alone
    ridge    (x_1, ..., x_k, 1) x T(y)           linear in u: k leading principal components, at most MOST
    kernel   (Matern features of u, 1) x T(y)    K(u, z) K(z, z)^(-1/2) with at most MOST landmarks z: the approximation of
                                                 Williams and Seeger (2001); lengths are LENGTHS of the median distance

T(y) are TRUNK random tanh features of y. Penalties are the best on validation functions; test functions choose nothing. Nearest
neighbours, projection, least squares and reduced rank compare whole rows of outputs: they are not drawn.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy

from bench.fit.budget import Budget
from bench.fit.hidden import random_hidden
from bench.fit.lines import Line, Lines
from bench.fit.unaligned.ground import UnalignedGround
from bench.fit.unaligned.heads import Labels, ends_of, full
from bench.fit.unaligned.selection import PENALTIES, relative
from operators.arrays import Array
from operators.baselines import BASELINES
from operators.baselines.kernel import RESOLUTION, matern

Features = Callable[[UnalignedGround, Labels], Array]

TRUNK, MOST = 32, 48
LENGTHS = (1.0, 3.0, 9.0)
TITLES = {
    "mean": "mean function, by regression on y",
    "ridge": "linear map of u, features of y (ridge)",
    "kernel": f"kernel in u ({MOST} landmarks), features of y (ridge)",
}


def measured_lines(ground: UnalignedGround, budget: Budget) -> Lines:
    """Measure the lines that make sense without common points."""
    hidden = random_hidden(ground, ((1,), (TRUNK,)), seed=0)
    parts = [ground.labels_of(part) for part in ("training", "validation", "test")]
    trunks = [ground.features(hidden.trunk, labels.points).copy() for labels in parts]
    made: dict[str, tuple[Features, ...]] = {
        "mean": (_constant,),
        "ridge": (_components,),
        "kernel": tuple(partial(_landmarks, ratio=ratio) for ratio in LENGTHS),
    }
    lines = []
    for name, choices in made.items():
        started = time.process_time()
        with budget.counted(f"reference line {name}"):
            tried = [_errors(ground, parts, [features(ground, labels) for labels in parts], trunks) for features in choices]
            training, _, test = min(tried, key=lambda errors: errors[1])
        lines.append(Line(name, TITLES[name], training, test, None, True, (), time.process_time() - started))
    return Lines(tuple(lines), len(parts[0].values), tuple(name for name in BASELINES if name not in made))


def _errors(ground: UnalignedGround, parts: list[Labels], branches: list[Array], trunks: list[Array]) -> tuple[float, ...]:
    """Training, validation and test error with the penalty that is best on validation functions."""
    ends = ends_of(branches[0], trunks[0])

    def errors(solution: Array) -> tuple[float, ...]:
        values = zip(branches, trunks, parts, strict=True)
        return tuple(relative(branch @ solution, trunk @ ends.back, labels, ground) for branch, trunk, labels in values)

    return min((errors(solution) for solution in full(ends, parts[0], PENALTIES)), key=lambda found: found[1])


def _constant(ground: UnalignedGround, labels: Labels) -> Array:
    return np.ones((len(labels.inputs), 1))


def _components(ground: UnalignedGround, labels: Labels) -> Array:
    return np.hstack([labels.inputs[:, :MOST], np.ones((len(labels.inputs), 1))])


def _landmarks(ground: UnalignedGround, labels: Labels, *, ratio: float) -> Array:
    training = ground.labels.inputs
    marks = training[np.linspace(0, len(training) - 1, min(MOST, len(training))).astype(int)]
    between = scipy.spatial.distance.cdist(marks, marks)
    length = ratio * (float(np.median(between[between > 0.0])) if np.any(between > 0.0) else 1.0)
    values, vectors = np.linalg.eigh(matern(between, length))
    root = vectors / np.sqrt(np.maximum(values, RESOLUTION * values[-1]))
    found = matern(scipy.spatial.distance.cdist(labels.inputs, marks), length) @ root
    return np.hstack([found, np.ones((len(found), 1))])
