"""The file names of figures, which a text may give without drawing anything."""

import hashlib
import re


def name_of(figure: str, task: str) -> str:
    """A file name of letters, digits, hyphens and underscores, distinct for distinct tasks."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", task.partition(" ")[0])[:60]
    return f"{figure}-{plain}" + ("" if plain == task else "-" + hashlib.sha256(task.encode()).hexdigest()[:8])
