"""Hidden widths of branch or trunk in a table: a value, written `64x64`, or `none` without hidden layers."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Widths:
    """Hidden widths from the input onwards; ordered layer by layer.

    No sequence, so that a table takes it for one value.
    """

    layers: tuple[int, ...]

    def __str__(self) -> str:
        return "x".join(map(str, self.layers)) or "none"
