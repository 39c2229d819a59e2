"""Where a study's numbers come from: versions, hardware, seeds, hashes, and the commands that make them again."""

import hashlib
from dataclasses import dataclass

import pandas as pd

from results.charts.evidence import Evidence

OUTCOMES = {
    "done": "done",
    "diverged": "diverged",
    "timeout": "over time",
    "oom": "out of memory",
    "data_invalid": "invalid data",
    "failed": "failed",
    "missing": "missing",
}


@dataclass(frozen=True)
class Fact:
    """A term and what is to be said of it, line by line; a warning is set apart."""

    term: str
    lines: tuple[str, ...]
    warning: bool = False


def outcomes(frame: pd.DataFrame) -> dict[str, int]:
    """Cells by outcome, in words; those that do not occur are left out, but for `done`."""
    counts = {words: int((frame["status"] == status).sum()) for status, words in OUTCOMES.items()}
    return {words: count for words, count in counts.items() if count or words == "done"}


def facts(evidence: Evidence) -> list[Fact]:
    """Provenance of the records and tables."""
    frame = evidence.tables.frame
    ran = frame[frame["status"] != "missing"]
    found = [Fact("Tables", (evidence.computed, "What is asked (targets, rays, questions) is what study.json says now."))]
    for name, what in (("versions", "package versions"), ("hardware", "hardware")):
        groups = ran[name].fillna("").value_counts().sort_index()
        lines = tuple(f"{count} records: {text or 'not stated'}" for text, count in groups.items())
        if len(groups) > 1:
            found.append(
                Fact(f"Mixed {what}", (f"The records come from {len(groups)} sets of {what}; compare with care.",), True)
            )
        if lines:
            found.append(Fact(what.capitalize(), lines))
    replicates = sorted(set(frame.get("replicate", ())))
    if replicates:
        seeds = (
            "every stream (inputs, points, noise, init, batches, test, reference) is derived by SHA-256 from task and replicate"
        )
        found.append(Fact("Seeds", (f"Replicates {', '.join(map(str, replicates))}; {seeds}.",)))
    found.append(Fact("Digest of the results", (_digest(ran), "SHA-256 over the sorted pairs of key and hash of weights.")))
    found += [Fact(f"SHA-256 of {name}", (digest,)) for name, digest in evidence.digests.items()]
    return found


def _digest(ran: pd.DataFrame) -> str:
    pairs = sorted(f"{key} {weights}\n" for key, weights in zip(ran["key"], ran["weights_sha256"].fillna(""), strict=True))
    return hashlib.sha256("".join(pairs).encode()).hexdigest()


def trouble(evidence: Evidence) -> list[Fact]:
    """Refused lines and witnesses, and records that disagree."""
    found = []
    refused = evidence.quarantined
    if refused:
        lines = tuple(f"{bad.file}, line {bad.line}: {bad.reason}" for bad in refused[:50])
        rest = (f"and {len(refused) - 50} more",) if len(refused) > 50 else ()
        found.append(Fact(f"{len(refused)} refused record lines (copies in quarantine/)", (*lines, *rest), True))
    witnesses = evidence.tables.held.refused
    if witnesses:
        lines = tuple(f"{bad.file}: {bad.reason}" for bad in witnesses[:50])
        found.append(Fact(f"{len(witnesses)} refused witnesses, which count in no table", lines, True))
    if evidence.disagreeing:
        shown = tuple(evidence.disagreeing[:20])
        found.append(Fact(f"{len(evidence.disagreeing)} cells have records with different weights", shown, True))
    return found
