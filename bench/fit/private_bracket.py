"""Brackets and a leaderboard of a user's own file, in the user's own folder; they never leave it, nor meet the published ones.

A question is a file by its SHA-256, selections, split and target. `bracket.json` holds what is known of it: the certified lower
ends, and the nets that reach the target on the training functions, measured anew from their weights at each fit:

    smallest.npz, economical.npz, model.npz    what the last fits left
    entries/*.npz, entries/*.safetensors       nets of the user's own (`results.models.foreign`; tanh, activated trunk)

A folder answers one question: a fit of another is refused, so that nothing is compared that cannot be.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fit.arrays import FitData
from bench.fit.files import Files
from bench.fit.fitting import relative_error
from bench.fit.report import FitReport
from operators.errors import UserError
from operators.external.source import checksum
from results.models.deeponet_model import DeepONetModel
from results.models.foreign import load_deeponet
from results.witnesses.untrusted_files import Unreadable, read_regular

NAME = "bracket.json"
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
        found = json.loads(read_regular(path, MOST_BYTES))
        key, file = str(found["key"]), str(found["sha256"])
    except (ValueError, KeyError, TypeError, Unreadable, RecursionError):
        raise UserError(f"expected {path} as `bench fit` wrote it, got a damaged one; remove it") from None
    if key != question.key:
        what = "other selections, split, depth or target" if file == question.sha256 else "another data file"
        raise UserError(f"expected a folder of this question, got {folder} with {what}; choose another --out")


def bracket_facts(folder: Path, question: Question, report: FitReport) -> dict[str, Any]:
    """What `bracket.json` says, every net in the folder measured anew; those that were there count beside the new ones."""
    data, lower = report.fitted.data, report.bracket()
    entries = [_entry(name, model, data) for name, model in _nets(folder, report, data)]
    reached = [entry for entry in entries if entry["training"] <= report.fitted.target]
    entries.sort(key=lambda entry: (entry["training"] > report.fitted.target, entry["d"], entry["file"]))
    return {
        "private": True,
        "key": question.key,
        "sha256": question.sha256,
        "asked": question.asked,
        "q_lower": lower["q_lower"],
        "q_upper": min((entry["q"] for entry in reached), default=None),
        "d_lower": lower["d_lower"],
        "d_upper": min((entry["d"] for entry in reached), default=None),
        "leaderboard": entries,
    }


def kept(folder: Path, report: FitReport) -> bool:
    """Whether the smallest net in the folder is smaller than the one just found, and still reaches the target."""
    path, new = folder / "smallest.npz", report.fitted.smallest
    if not path.exists():
        return False
    old = _loaded(path, report.fitted.data)
    if old is None or relative_error(old, report.fitted.data, "training") > report.fitted.target:
        return False
    return new is None or old.net.parameter_count() < new.parameters


def _nets(folder: Path, report: FitReport, data: FitData) -> Iterator[tuple[str, DeepONetModel]]:
    paths = [folder / name for name in OWN]
    paths += sorted(path for path in (folder / "entries").glob("*") if path.suffix.lower() in (".npz", ".safetensors"))
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
    return DeepONetModel(net, weights, data.points)


def _entry(name: str, model: DeepONetModel, data: FitData) -> dict[str, Any]:
    errors = {part: relative_error(model, data, part) for part in data.rows}
    finite: dict[str, float] = {part: error if math.isfinite(error) else 1e300 for part, error in errors.items()}
    return {"file": name, "q": model.net.q, "d": model.net.parameter_count(), **finite}
