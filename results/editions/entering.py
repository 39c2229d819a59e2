"""A witness from outside enters the reference: where it leads a numbered question it is kept, and everything is computed again.

A witness that passes every check and yet lies below a certified bound enters nowhere; it is kept as a contradiction
(`results.editions.contradictions`), because then the bound, the data or an evaluation is wrong.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from operators.atomic_files import sweep
from operators.bounds import eckart_young
from operators.data.dataset import build
from operators.data.function_cache import BlockCache
from operators.errors import UserError
from results.editions import questions
from results.editions.contradictions import Contradiction, below_certified, keep
from results.editions.leading import keep_leading
from results.editions.overview import write_overview
from results.editions.published import Published, all_published
from results.records.manifest import Bracket
from results.tables.brackets import answers, brackets, size_of
from results.witnesses.cost import Limits
from results.witnesses.file import Witness, load_witness
from results.witnesses.independent import independent_error
from results.witnesses.submissions import Held, enter, entries, held_of
from results.witnesses.verification import STANDARD, request_of, verify


@dataclass(frozen=True)
class Asked:
    """A numbered question that a witness answers, with the smallest q and d that were witnessed before."""

    id: str
    study: Published
    bracket: Bracket
    least: Mapping[str, int | None]


@dataclass(frozen=True)
class Entered:
    """What became of a witness.

    Attributes:
        sentences: per question that it answers, in q and in d, whether it leads.
        leads: whether it leads anywhere, and so is kept.
        contradiction: what it contradicts; None if nothing.
    """

    sentences: tuple[str, ...]
    leads: bool
    contradiction: Contradiction | None = None


def enter_reference(
    path: Path,
    reference: Path,
    author: str | None = None,
    *,
    cache: BlockCache | None = None,
    dry: bool = False,
    limits: Limits = STANDARD,
) -> Entered:
    """Measure a witness and enter it where it leads.

    Args:
        path: the file, from anyone.
        reference: folder of the published studies.
        author: who enters it; the author named in the file by default.
        cache: where generated functions and measurements are kept.
        dry: only say where it would stand.
        limits: of what all evaluations may take by the header, the independent one of a leader among them.

    Raises:
        UserError: with the reason: no witness, misses its target, answers no numbered question, or a file cannot be written.
    """
    witness = load_witness(path)
    if not dry:
        sweep(reference)
    try:
        request_of(witness.header, limits, independent=True)
    except UserError as error:
        raise UserError(f"witness not entered: {error}") from None
    found = verify(witness, cache, entering=True, limits=limits)
    if not found.passed and not (found.measured is not None and found.measured.below_floor):
        raise UserError(f"witness not entered: {found.reason}")
    held = held_of(witness, found, author)
    asked = _asked(held, reference, cache)
    if not asked:
        raise UserError(
            "expected a witness for a numbered question, got one whose data, target and q are those of none;"
            f" {questions.FILE} lists them"
        )
    told = [(one, size, value) for one in asked for size in ("q", "d") if (value := size_of(held, one.bracket, size)) is not None]
    against = _contradiction(witness, held, asked, told, cache=cache)
    if against is not None:
        if not dry:
            keep(reference, witness, against)
            write_overview(reference, cache)
        return Entered((against.sentence(),), False, against)
    ahead = [one for one, size, value in told if _leads(value, one.least[size])]
    if not dry:
        leads = {one.study.folder for one in ahead}
        for study in {one.study.folder: one.study for one in asked}.values():
            entered = held.claim in {one.claim for one in study.entries().accepted}
            if study.folder in leads and not entered:
                enter(witness, study.folder, author, cache=cache, limits=limits)
            if study.folder in leads or entered:  # entered before all that follows was written, if its writer was killed
                keep_leading(study, reference)
                leads.add(study.folder)
        if leads:
            write_overview(reference, cache)
    return Entered(tuple(_sentence(*one) for one in told), bool(ahead))


def enter_folder(source: Path, reference: Path, *, cache: BlockCache | None = None, dry: bool = False) -> tuple[str, ...]:
    """Enter the witnesses of a results folder that lead published questions, and compute everything that follows once.

    Args:
        source: a results folder, as `bench prune` or a run leaves it.
        reference: folder of the published studies.
        cache: where generated functions and measurements are kept.
        dry: only say what would stand.

    Returns:
        A sentence per study.

    Raises:
        UserError: no witnesses, one below a certified bound, which is to be handed in alone, or a file cannot be written.
    """
    found = entries(source, cache)
    if not found.accepted:
        raise UserError(f"expected witnesses in {source} that reach their targets, found none ({len(found.refused)} refused)")
    sentences = list[str]()
    for study in all_published(reference, cache):
        manifest = study.asked()
        answering = [(held, bracket) for bracket in manifest.brackets for held in found.accepted if answers(held, bracket)]
        for held, bracket in answering:
            _require_above(held, bracket)
        ours = {held.witness for held, _ in answering}
        if ours and not dry:
            kept = keep_leading(study, reference, source)
            ours &= {held.witness for held in kept.entries().accepted}
        if ours:
            verb = "answer questions of" if dry else "stand in the tables of"
            sentences.append(f"{len(ours)} of {len(found.accepted)} witnesses {verb} {manifest.name}")
    if sentences and not dry:
        write_overview(reference, cache)
    return tuple(sentences)


def _require_above(held: Held, bracket: Bracket) -> None:
    """Refuse a witness below a certified bound.

    Raises:
        UserError: with its address.
    """
    for size in ("q", "d"):
        value = size_of(held, bracket, size)
        if value is not None and below_certified(bracket, size, value):
            raise UserError(
                f"expected {size} >= {getattr(bracket, f'{size}_lower')} by {getattr(bracket, f'{size}_bound')}, got {value} in"
                f" witness {held.witness};"
                " hand it in alone: a contradiction is kept with the numbers of both sides"
            )


def _asked(held: Held, reference: Path, cache: BlockCache | None) -> list[Asked]:
    """The numbered questions that a witness answers."""
    numbers = {one.question: one.id for one in questions.load_questions(reference)}
    found = []
    for study in all_published(reference, cache):
        manifest = study.asked()
        answered = [bracket for bracket in manifest.brackets if answers(held, bracket)]
        known = study.entries().accepted if answered else ()
        for bracket in answered:
            (row,) = brackets(manifest.model_copy(update={"brackets": (bracket,)}), known, {}).to_dict("records")
            least = {size: None if pd.isna(row[f"{size}_upper"]) else int(row[f"{size}_upper"]) for size in ("q", "d")}
            found.append(Asked(numbers[questions.question_text(bracket)], study, bracket, least))
    return found


def _contradiction(
    witness: Witness, held: Held, asked: list[Asked], told: list[tuple[Asked, str, int]], *, cache: BlockCache | None
) -> Contradiction | None:
    """What a witness that passed contradicts: the floor of its rank, or the certified q or d of a question.

    Args:
        witness: its weights.
        held: what was measured of it.
        asked: the questions that it answers.
        told: its q and its d, per question where it has them.
        cache: where generated functions are kept.
    """
    measured = held.measured
    below = [
        (getattr(one.bracket, f"{size}_bound"), size, float(getattr(one.bracket, f"{size}_lower")), float(value))
        for one, size, value in told
        if below_certified(one.bracket, size, value)
    ]
    if measured.below_floor and measured.floor is not None:
        below.insert(0, (eckart_young.BOUND.name, "relative error", measured.floor, measured.error))
    if not below:
        return None
    bound, quantity, certified, seen = below[0]
    return Contradiction(
        witness=held.witness,
        questions=tuple(sorted({one.id for one in asked})),
        bound=bound,
        quantity=quantity,
        certified=certified,
        measured=seen,
        independent=independent_error(witness, build(request_of(witness.header, None), cache)),
        found=datetime.datetime.now(datetime.UTC).date(),
    )


def _leads(value: int, least: int | None) -> bool:
    return least is None or value < least


def _sentence(asked: Asked, size: str, value: int) -> str:
    before = asked.least[size]
    if before is None:
        return f"{asked.id}: {size} = {value} leads: no witness was known"
    if value < before:
        return f"{asked.id}: {size} = {value} leads: the smallest known was {before}"
    how = "equals the smallest known" if value == before else f"does not lead: the smallest known is {before}"
    return f"{asked.id}: {size} = {value} {how}"
