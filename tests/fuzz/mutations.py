"""Mutations of files: bytes that went wrong, and content that somebody changed and sealed again.

    damaged    bytes flipped, removed, doubled, inserted, the end cut off
    forged     one place of the JSON replaced, removed, renamed or added to, under a right checksum

Every mutation is a function of a generator, so that a seed and a number name it.
"""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from results.schema.sealed import seal_text

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**31, 2**53, 2**63, 10**19, 10**30, 0.0, 0.5, -0.5, 1e-300, 1e300, float("nan")),
    *(
        float("inf"),
        "",
        "x",
        "1",
        "../../x",
        "/etc/passwd",
        "<script>",
        "=1+1",
        "\0",
        "\ud800",
        "x" * 300,
        "0" * 64,
        "2026-01-01",
    ),
    *([], [1], [[1]], [None], {}, {"x": 1}, {"name": "planted"}, [0.5, 0.5], ["a", "b"]),
)


def damaged(data: bytes, random: random.Random) -> bytes:
    """Bytes that went wrong in one to three places."""
    content = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        place = random.randrange(len(content) or 1)
        length = random.choice((1, 1, 2, 8, 64))
        kind = random.randrange(6)
        if kind == 0 and content:
            content[place] ^= 1 << random.randrange(8)
        elif kind == 1:
            content[place : place + length] = random.randbytes(length)
        elif kind == 2:
            del content[place : place + length]
        elif kind == 3:
            content[place:place] = content[place : place + length]
        elif kind == 4:
            content[place:place] = random.choice((b"\0", b"\xff", b"{", b"}", b'"', b",", b"[" * 5000, b"1e999", b"NaN", b"\n"))
        else:
            del content[place:]
    return bytes(content)


def forged(content: Any, random: random.Random) -> Any:
    """A copy of JSON content in which one place, anywhere, says something else."""
    changed = copy.deepcopy(content)
    where = list(_places(changed))
    holder, name = random.choice(where)
    kind = random.randrange(6)
    if kind == 0:
        del holder[name]
    elif kind == 1 and isinstance(holder, dict):
        holder[random.choice(("x", "schema", "family", "q", name + "_"))] = random.choice(VALUES)
    elif kind == 2:
        holder[name] = _near(holder[name], random)
    elif kind == 3:
        other, elsewhere = random.choice(where)
        holder[name] = copy.deepcopy(other[elsewhere]) if elsewhere in _names(other) else None
    else:
        holder[name] = copy.deepcopy(random.choice(VALUES))
    return changed


def _near(value: Any, random: random.Random) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return random.choice((value + 1, value - 1, -value, value * 2, value / 3, value * 10**20, str(value)))
    if isinstance(value, str):
        return random.choice((value.upper(), value[::-1], value[:-1], value + "x", value + "\n"))
    return [value] if isinstance(value, dict) else [*value, *value]


def _names(holder: Any) -> Any:
    return holder.keys() if isinstance(holder, dict) else range(len(holder))


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every (mapping or list, name or position) of JSON content."""
    for name in list(_names(content)):
        yield content, name
        if isinstance(content[name], dict | list):
            yield from _places(content[name])


def text_of(content: Any) -> str:
    """JSON that may hold what no canonical JSON does."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def resealed(kind: str, content: Any) -> bytes:
    """Content under a right checksum."""
    return seal_text(kind, text_of(content)).encode("utf-8", "surrogatepass")
