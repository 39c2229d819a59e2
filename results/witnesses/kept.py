"""What this machine has computed from generated data, kept so that tables need not compute it again.

    <cache>/<kind>/<name>.json      sealed: what was found, of what (its SHA-256), and by which version of the code

Written here only, beside the generated data and outside every study folder, so that nothing that is merged or downloaded as a
study brings one along. What another version found counts for nothing.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from operators.atomic_files import write_atomic
from operators.data.function_cache import BlockCache
from operators.file_names import inside
from results.schema.model import Model, canonical
from results.schema.sealed import Damaged, read_sealed, seal
from results.witnesses.measurements import code_version
from results.witnesses.untrusted_files import Unreadable, read_regular

SCHEMA = 1
MAXIMUM_BYTES = 8192


class Finding(Model):
    """What was found.

    Attributes:
        code: `code_version` of what found it.
        of: SHA-256 of what it was found of.
    """

    schema_version: int = Field(SCHEMA, alias="schema")
    code: str
    of: str


Found = TypeVar("Found", bound=Finding)


def kept(kind: str, model: type[Found], of: Any, cache: BlockCache, find: Callable[[], dict[str, Any]]) -> Found:
    """What is found of something, or what this version has found of it before.

    Args:
        kind: names the folder and the line.
        model: of what is found.
        of: what decides it, as values of canonical JSON.
        cache: where generated functions are kept.
        find: the fields of the model.

    Raises:
        UserError: it cannot be written.
    """
    name = hashlib.sha256(canonical(of).encode()).hexdigest()
    path = None if cache.root is None else inside(cache.root / kind, f"{name}.json")
    before = None if path is None else _read(path, kind, model)
    if before is not None and (before.code, before.of) == (code_version(), name):
        return before
    found = model(code=code_version(), of=name, **find())
    if path is not None:
        write_atomic(path, seal(kind, found))
    return found


def _read(path: Path, kind: str, model: type[Found]) -> Found | None:
    """The file; None if there is none, or it is damaged."""
    try:
        return read_sealed(kind, model, read_regular(path, MAXIMUM_BYTES), schema=SCHEMA)
    except (Unreadable, Damaged):
        return None
