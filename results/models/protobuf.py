"""As much of the protocol buffers wire format as model files need: fields of a message, written and read without a schema.

A field is a key, number << 3 | type, and a value: type 0 a varint, 1 eight bytes, 2 a length and that many bytes, 5 four bytes.
Specification: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

from results.witnesses.untrusted_files import Unreadable

Field = tuple[int, int | bytes]
LONGEST_VARINT = 10


def varint(value: int) -> bytes:
    """A whole number >= 0."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(*fields: Field) -> bytes:
    """A message of whole numbers and of bytes (texts, messages, data)."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += varint(number << 3 | 2) + varint(len(value)) + value
        else:
            out += varint(number << 3) + varint(value)
    return out


def fields(data: bytes) -> Iterator[Field]:
    """The fields of an untrusted message; fixed-width values as bytes.

    Raises:
        Unreadable: it ends within a field, or has a field of another type.
    """
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == 2:
            length, place = _varint(data, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Unreadable("expected a model file in protocol buffers, got a field of no known type")
        if place + length > len(data):
            raise Unreadable("expected a model file in protocol buffers, got one that ends within a field")
        yield key >> 3, data[place : place + length]
        place += length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(LONGEST_VARINT):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 127) << (7 * shift)
        if byte < 128:
            return value, place
    raise Unreadable("expected a model file in protocol buffers, got a damaged number")
