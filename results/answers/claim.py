"""A question of the programme with the sentence that answers it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A question, what the answer is worth, the answer, and the name of the tables that it is read off."""

    question: str
    worth: str
    sentence: str
    table: str
