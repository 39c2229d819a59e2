"""Brackets and a leaderboard of a user's own file, in the user's own folder; they never leave it, nor meet the published ones.

A question is a file by its SHA-256, selections, split and target. `bracket.json`, one sealed line, holds what is known of it: the
certified lower ends, and the nets that reach the target on the training functions, measured anew from their weights at each fit.
Of an earlier one nothing is taken but which question it answers:

    smallest.npz, economical.npz, model.npz    what the last fits left
    entries/*                                  nets of the user's own (`results.models.foreign`; tanh, activated trunk)

A folder answers one question: a fit of another is refused, so that nothing is compared that cannot be.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from bench.fit.arrays import PARTS, FitData
from bench.fit.files import Files
from bench.fit.fitting import relative_error
from bench.fit.report import FitReport
from operators.errors import UserError
from operators.external.source import checksum
from results.models.deeponet_model import DeepONetModel
from results.models.foreign import SUFFIXES, load_deeponet
from results.schema.model import Model
from results.schema.sealed import Damaged, read_sealed
from results.witnesses.untrusted_files import Unreadable, read_regular

NAME, KIND, SCHEMA = "bracket.json", "bracket", 1
MOST_BYTES = 2**22
OWN = ("smallest.npz", "economical.npz", "model.npz")


@dataclass(frozen=True)
class Question:
    """What is asked of a file.

    Attributes:
        sha256: of the file.
        asked: selections, split and target.
    """

    sha256: str
    asked: dict[str, Any]

    @property
    def key(self) -> str:
        """SHA-256 of all of it."""
        text = json.dumps([self.sha256, self.asked], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Entry(Model):
    """A net of the folder: its file, its sizes, and |Y - H| / |Y| over each part; None where its predictions are not finite."""

    file: str
    q: int
    d: int
    training: float | None
    validation: float | None
    test: float | None

    def reaches(self, target: float) -> bool:
        """Whether its training error is a number, and no larger than this."""
        return self.training is not None and self.training <= target


class PrivateBracket(Model):
    """What is known of a question.

    Attributes:
        private: that none of it belongs to what is published.
        key: `Question.key`; `sha256` and `asked` are those of the question.
        q_lower: certified, as d_lower; None where nothing is, as without common points.
        q_upper: of the nets of the folder that reach the target, as d_upper; None if none does.
        leaderboard: the nets of the folder, those that reach the target first, by d.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    private: Literal[True] = True
    key: str
    sha256: str
    asked: dict[str, Any]
    q_lower: int | None
    q_upper: int | None
    d_lower: int | None
    d_upper: int | None
    leaderboard: tuple[Entry, ...]


def question_of(files: Files, target: float, depth: int) -> Question:
    """The question that a fit answers."""
    asked = {
        "inputs": files.inputs,
        "outputs": files.outputs,
        "points": files.points,
        "split": files.split or f"drawn, seed {files.seed}",
        "target": target,
        "depth": depth,
    }
    return Question(checksum(files.data), asked)


def require_same_question(folder: Path, question: Question) -> None:
    """Refuse a folder that answers another question.

    Raises:
        UserError: it does, or its bracket is damaged.
    """
    path = folder / NAME
    if not path.exists():
        return
    try:
        found = read_sealed(KIND, PrivateBracket, read_regular(path, MOST_BYTES), schema=SCHEMA)
    except (Damaged, Unreadable) as error:
        raise UserError(f"expected {path} as `bench fit` wrote it, got a damaged one ({error}); remove it") from None
    if found.key != question.key:
        what = "other selections, split, depth or target" if found.sha256 == question.sha256 else "another data file"
        raise UserError(f"expected a folder of this question, got {folder} with {what}; choose another --out")


def bracket_of(folder: Path, question: Question, report: FitReport) -> PrivateBracket:
    """What `bracket.json` says, every net in the folder measured anew; those that were there count beside the new ones."""
    data, lower, target = report.fitted.data, report.bracket(), report.fitted.target
    entries = [_entry(name, model, data) for name, model in _nets(folder, report, data)]
    reached = [entry for entry in entries if entry.reaches(target)]
    return PrivateBracket(
        key=question.key,
        sha256=question.sha256,
        asked=question.asked,
        q_lower=lower["q_lower"],
        q_upper=min((entry.q for entry in reached), default=None),
        d_lower=lower["d_lower"],
        d_upper=min((entry.d for entry in reached), default=None),
        leaderboard=tuple(sorted(entries, key=lambda entry: (not entry.reaches(target), entry.d, entry.file))),
    )


def kept(folder: Path, report: FitReport) -> bool:
    """Whether the smallest net in the folder is smaller than the one just found, and still reaches the target."""
    path, new = folder / "smallest.npz", report.fitted.smallest
    if not path.exists():
        return False
    old = _loaded(path, report.fitted.data)
    if old is None or not _entry(path.name, old, report.fitted.data).reaches(report.fitted.target):
        return False
    return new is None or old.net.parameter_count() < new.parameters


def _nets(folder: Path, report: FitReport, data: FitData) -> Iterator[tuple[str, DeepONetModel]]:
    paths = [folder / name for name in OWN]
    paths += sorted(path for path in (folder / "entries").glob("*") if path.suffix.lower() in SUFFIXES)
    for path in paths:
        model = _loaded(path, data) if path.exists() else None
        if model is not None:
            yield str(path.relative_to(folder)), model


def _loaded(path: Path, data: FitData) -> DeepONetModel | None:
    """A net of the folder on the points of the data; None where it cannot be read, or is of other sizes."""
    try:
        net, weights = load_deeponet(path)
    except UserError:
        return None
    if (net.sensors, net.coordinates) != (data.inputs.shape[1], data.points.shape[1]):
        return None
    return DeepONetModel(net, weights, data.places)


def _entry(name: str, model: DeepONetModel, data: FitData) -> Entry:
    with np.errstate(over="ignore", invalid="ignore"):
        errors = {part: relative_error(model, data, part) for part in PARTS}
    known = {str(part): error if math.isfinite(error) else None for part, error in errors.items()}
    return Entry(file=name, q=model.net.q, d=model.net.parameter_count(), **known)
