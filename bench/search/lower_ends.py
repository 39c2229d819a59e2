"""What is certified of a question before its search begins (`results.witnesses.lower_ends`)."""

from bench.question import Question
from operators.data.dataset import BlockCache
from results.records.manifest import Bracket
from results.witnesses.lower_ends import Certified
from results.witnesses.lower_ends import certified as certified_of


def lower_ends(question: Question, cache: BlockCache) -> Bracket:
    """The bracket of a question with its lower ends."""
    return certified(question, cache).bracket


def certified(question: Question, cache: BlockCache) -> Certified:
    """All that is certified below of a question."""
    return certified_of(question.asked(), cache)
