"""Shards: a study dealt among N drivers that know nothing of each other, such as the jobs of an array.

Groups are dealt in turn, the costliest first, so shards cost about the same. The deal depends on the study alone: not on
what has run, nor on where.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from operators.errors import UserError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, 1 <= index <= count."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read i/N.

        Raises:
            UserError: not of that form, or not 1 <= i <= N.
        """
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UserError(f"expected --shard i/N with 1 <= i <= N, for example 2/8, got {text!r}")
        return cls(int(match[1]), int(match[2]))

    def of(self, items: Sequence[Item]) -> list[Item]:
        """This part of a sequence."""
        return list(items[self.index - 1 :: self.count])

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


WHOLE = Shard()
