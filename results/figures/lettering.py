"""Text of figures: broken into lines, with what the font lacks replaced, and with q*, d* and powers set as mathematics."""

import re
import textwrap
from functools import cache

from matplotlib.font_manager import findfont, get_font
from matplotlib.ft2font import FT2Font

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
STARRED = re.compile(r"\b([qd])\*")
POWER = re.compile(r"\b([A-Za-z])\^(-?\d+(?:\.\d+)?)")


@cache
def _font() -> FT2Font:
    return get_font(findfont("DejaVu Sans"))


def lettered(text: str, width: int) -> str:
    """A text for a figure, in lines of at most so many characters; dollars stay dollars."""
    known = "".join(c if c.isprintable() and _font().get_char_index(ord(c)) else UNKNOWN for c in text)
    lines = textwrap.wrap(known, width, break_on_hyphens=False) or [""]
    return "\n".join(POWER.sub(r"$\1^{\2}$", STARRED.sub(r"$\1^*$", line.replace("$", r"\$"))) for line in lines)
