"""Sealed JSON: how everything is written that is read again.

    {"checksum": SHA-256 of the body, "<kind>": body}

one line, the body canonical JSON. The checksum is that of the very bytes between `"<kind>":` and the last brace, so a line is
checked before it is parsed. It finds damage, not forgery: whoever reads asks what follows from what, and takes from a line only
what it alone can say.
"""

import hashlib
import re
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from results.schema.model import Model, canonical

SHOWN = 200

Sealed = TypeVar("Sealed", bound=Model)


class Damaged(ValueError):
    """A line that is not what was written; the message says why, in short printable ASCII."""


class OtherSchema(Damaged):
    """A whole line of another schema; `schema` is what it states."""

    def __init__(self, expected: int, stated: Any) -> None:
        super().__init__(f"expected schema {expected}, got {ascii(stated)[:20]}, which another release wrote")
        self.schema = stated


@cache
def _line(kind: str) -> "re.Pattern[bytes]":
    return re.compile(rb'\{"checksum":"([0-9a-f]{64})","%s":(\{.*\})\}\n?' % kind.encode(), re.DOTALL)


def seal(kind: str, model: Model) -> bytes:
    """A model as one line.

    Raises:
        ValueError: NaN or infinity.
    """
    return seal_text(kind, canonical(model.model_dump(mode="json", by_alias=True))).encode()


def seal_text(kind: str, body: str) -> str:
    """Canonical JSON as one line."""
    return f'{{"checksum":"{hashlib.sha256(body.encode()).hexdigest()}","{kind}":{body}}}\n'


def unseal(kind: str, line: bytes) -> bytes | None:
    """The body of a line; None of what is no line of this kind.

    Raises:
        Damaged: the checksum is not that of the body.
    """
    match = _line(kind).fullmatch(line)
    if match is None:
        return None
    if hashlib.sha256(match[2]).hexdigest() != match[1].decode():
        raise Damaged("checksum does not match")
    return match[2]


def read_sealed(kind: str, model: type[Sealed], data: bytes, *, schema: int) -> Sealed:
    """Read a model back, strictly; it states its schema in a field of that name.

    Raises:
        Damaged: torn, altered, of another schema, or a field missing, unknown or ill-typed.
    """
    body = unseal(kind, data)
    if body is None:
        raise Damaged(f"expected one line with a checksum and '{kind}', got something else")
    try:
        found = model.model_validate_json(body, strict=True, context={"strict": True})
    except ValidationError as error:
        require_schema(body, schema)
        raise Damaged(first_error(error, kind)) from None
    stated = getattr(found, "schema_version", None) if "schema_version" in found.model_fields_set else None
    require_schema({"schema": stated}, schema)
    return found


def require_schema(content: Any, schema: int) -> None:
    """Refuse content, or JSON, that states another schema, or none.

    Raises:
        OtherSchema: it does.
    """
    if isinstance(content, bytes):
        try:
            content = from_json(content)
        except ValueError:
            return
    stated = content.get("schema") if isinstance(content, dict) else None
    if type(stated) is not int or stated != schema:
        raise OtherSchema(schema, stated)


def first_error(error: ValidationError, whole: str) -> str:
    """Where and what the first error is, in short printable ASCII; `whole` names what has no field to blame."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ascii(".".join(map(str, first["loc"])))[1:-1][:80]
    return f"{where or whole}: {ascii(first['msg'])[1:-1][:SHOWN]}"
