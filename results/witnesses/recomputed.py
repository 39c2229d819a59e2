"""What of a study follows from its data, computed again: the lower ends of its questions, what is certified of its thresholds.

study.json states them beside the questions, as whoever wrote it found them. Tables, entries and standings rest on what this
version computes and on nothing else. Where it cannot, because a task or its data are not here or a stranger's file asks for more
than verifying a witness may take, nothing is certified (NOT_HERE):
what the file states closes no question and contradicts no witness.
"""

from operators.data.function_cache import BlockCache
from operators.errors import DataInvalid, UserError, WriteError
from results.records.manifest import Bracket, Manifest, SoughtThreshold
from results.witnesses.certified_q import certified_q
from results.witnesses.cost import Limits
from results.witnesses.lower_ends import ENDS, certified

NOT_HERE = "none: its task or data are not here, or take more than verifying may"
LIMITS = Limits()


def recomputed(manifest: Manifest, cache: BlockCache | None = None) -> Manifest:
    """The study with what is certified as this version computes it.

    Args:
        manifest: as `study.json` has it.
        cache: where generated functions and findings are kept.

    Raises:
        UserError: the cache cannot be written.
    """
    if not manifest.brackets and not manifest.thresholds:
        return manifest
    found = cache or BlockCache(None)
    brackets = tuple(_bracket(one, found) for one in manifest.brackets)
    thresholds = tuple(_threshold(one, found) for one in manifest.thresholds)
    return manifest.model_copy(update={"brackets": brackets, "thresholds": thresholds})


def misstated(manifest: Manifest, computed: Manifest) -> int:
    """Of how many questions and thresholds a manifest states another certified end than was computed of it."""
    pairs = [(*_ends(one), *_ends(other)) for one, other in zip(manifest.brackets, computed.brackets, strict=True)]
    return sum(q != q_here or d != d_here for q, d, q_here, d_here in pairs) + sum(
        one.q_certified != other.q_certified for one, other in zip(manifest.thresholds, computed.thresholds, strict=True)
    )


def not_computed(computed: Manifest) -> int:
    """Of how many questions and thresholds the certified ends could not be computed."""
    by = [one.q_bound for one in computed.brackets] + [one.certified_by for one in computed.thresholds]
    return by.count(NOT_HERE)


def _ends(bracket: Bracket) -> tuple[int, int | None]:
    return bracket.q_lower, bracket.d_lower


def _bracket(bracket: Bracket, cache: BlockCache) -> Bracket:
    try:
        here = certified(bracket, cache, LIMITS).bracket
    except WriteError:
        raise
    except (UserError, DataInvalid):
        nothing = {"lower": 1, "bound": NOT_HERE, "status": "vacuous"}
        return bracket.model_copy(update={f"{size}_{what}": value for size in ("q", "d") for what, value in nothing.items()})
    return bracket.model_copy(update={name: getattr(here, name) for name in ENDS})


def _threshold(sought: SoughtThreshold, cache: BlockCache) -> SoughtThreshold:
    found = 0, NOT_HERE
    if sought.nets is not None:
        try:
            found = certified_q(sought, sought.nets, cache, LIMITS)
        except WriteError:
            raise
        except (UserError, DataInvalid):
            pass
    return sought.model_copy(update={"q_certified": found[0], "certified_by": found[1]})
