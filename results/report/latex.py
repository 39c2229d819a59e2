"""LaTeX from text nobody vouches for: whatever a name or message holds is typeset as it is and never run.

Each character that TeX treats specially becomes a control word or a group of its own; brackets and stars too, which TeX reads as
an argument after the end of a row. Ligatures are broken up. Letters of Latin-1 stay, other characters outside ASCII become
[U+XXXX]. The control words are those of the T1 encoding.
"""

import re
from collections.abc import Sequence

LONGEST_TEXT = 400
LONGEST_TABULAR = 40
DOUBLE = re.compile(r"([-,'])(?=\1)")
_SPECIAL = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    **{character: f"{{{character}}}" for character in "[]*"},
    "`": "\\textasciigrave{}",
    "\\": "\\textbackslash{}",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
}


def escape(text: str) -> str:
    """Text that LaTeX typesets as it is, on one line, cut at LONGEST_TEXT characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
    return DOUBLE.sub(r"\1{}", "".join(map(_escaped, text)))


def _escaped(character: str) -> str:
    if character.isascii() or ("\u00c0" <= character <= "\u00ff" and character.isalpha()):
        return _SPECIAL.get(character, character)
    return f"{{[}}U+{ord(character):04X}{{]}}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool], note: str) -> str:
    """A table with the rules of booktabs: `tabular`, or `longtable` above LONGEST_TABULAR rows.

    Args:
        headings: LaTeX, trusted.
        rows: text, escaped here.
        numeric: which columns are set flush right.
        note: a comment at the top, on one line.
    """
    long = len(rows) > LONGEST_TABULAR
    name = "longtable" if long else "tabular"
    columns = "".join("r" if flag else "l" for flag in numeric)
    head = [" & ".join(headings) + r" \\", r"\midrule", *([r"\endhead"] if long else [])]
    body = [" & ".join(map(escape, row)) + r" \\" for row in rows]
    packages = "booktabs, longtable, textcomp" if long else "booktabs, textcomp"
    lines = [
        f"% {' '.join(note.split())}",
        f"% packages: {packages}; \\usepackage[T1]{{fontenc}}",
        f"\\begin{{{name}}}{{{columns}}}",
        r"\toprule",
        *head,
        *body,
        r"\bottomrule",
        f"\\end{{{name}}}",
    ]
    return "\n".join(lines) + "\n"
