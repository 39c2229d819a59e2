"""Pruning the questions of a study: the explicit net of each, then smaller ones, entered into the study's folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.question import Question
from bench.search.constructed import constructed_witness, pruned_witnesses
from bench.search.lower_ends import lower_ends
from bench.study import Study
from operators.architectures import DeepONet
from operators.data.dataset import BlockCache
from operators.errors import UserError, WriteError
from results.records.manifest import Bracket
from results.witnesses.file import Witness
from results.witnesses.submissions import Held, claim_of, enter, entries


@dataclass(frozen=True)
class Found:
    """The witnesses that a question got: those that entered, and those that the folder held before."""

    question: Question
    bracket: Bracket
    held: tuple[Held, ...]

    def sizes(self) -> str:
        """How the witnesses were made, and their sizes."""
        nets = [(one.header.origin.kind, one.header.net(), one.d) for one in self.held]
        return ", ".join(f"{made} q = {net.q} d = {d}" for made, net, d in nets if isinstance(net, DeepONet)) or "none"


def prune(study: Study, folder: Path, cache: BlockCache, *, cpu_seconds: float) -> Iterator[Found]:
    """Construct and prune for every question of a study, in its order.

    Args:
        study: a study of brackets.
        folder: the results folder that receives the witnesses.
        cache: where generated functions and measurements are kept.
        cpu_seconds: of pruning, per question.

    Raises:
        UserError: a study without questions, or a file that cannot be written.
    """
    if not study.brackets:
        raise UserError(f"expected a study that asks for brackets, got {study.name!r}, which trains a grid of cells")
    claims = {held.claim: held for held in entries(folder, cache).accepted}
    for question in study.brackets:
        bracket = lower_ends(question, cache)
        constructed = constructed_witness(question, bracket.q_lower, cache)
        made = [] if constructed is None else [constructed]
        made += pruned_witnesses(question, bracket.q_lower, cache, cpu_seconds=cpu_seconds)
        held = (_entered(witness, folder, cache, claims) for witness in made)
        yield Found(question, bracket, tuple(one for one in held if one is not None))


def _entered(witness: Witness, folder: Path, cache: BlockCache, claims: dict[str, Held]) -> Held | None:
    """The witness as the folder holds it; None if it is refused."""
    known = claims.get(claim_of(witness))
    if known is not None:
        return known
    try:
        return enter(witness, folder, cache=cache, claims=claims, limits=None)
    except WriteError:
        raise
    except UserError:
        return None
