"""Tensors of a PyTorch file without PyTorch, and without unpickling.

`torch.save` writes a zip archive whose entry `.../data.pkl` is a pickle. Its opcodes are listed by `pickletools`, which runs
nothing, and followed by a machine that knows numbers, texts, lists, dictionaries and four names:

    collections.OrderedDict   torch._utils._rebuild_tensor_v2   torch._utils._rebuild_parameter   torch.<Type>Storage

Any other name stays a name, and what is made of it is nothing. The numbers of a tensor stand in the entry `.../data/<key>` of its
storage, at an offset and strides that the pickle states: they are looked at within the bounds of the entry, or not at all.
"""

import io
import math
import pickletools
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.models.safetensors import MOST_AXES, TensorShape
from results.witnesses.untrusted_files import Unreadable

MOST_PICKLE_BYTES, MOST_OPCODES, MOST_ENTRIES, MOST_DEPTH = 2**22, 200_000, 2**14, 32
STORAGES = {
    "FloatStorage": (32, 1, False),
    "DoubleStorage": (64, 1, False),
    "HalfStorage": (16, 1, False),
    "BFloat16Storage": (16, 1, False),
    "LongStorage": (64, 1, True),
    "IntStorage": (32, 1, True),
    "ShortStorage": (16, 1, True),
    "CharStorage": (8, 1, True),
    "ByteStorage": (8, 1, True),
    "BoolStorage": (8, 1, True),
    "ComplexFloatStorage": (32, 2, False),
    "ComplexDoubleStorage": (64, 2, False),
}
NUMBERS = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2"}
MOST_STORAGE_BYTES = 2**28
DAMAGED = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, UnicodeDecodeError)


@dataclass(frozen=True)
class Name:
    """A name in a pickle: module and attribute. Nothing is imported."""

    module: str
    attribute: str


@dataclass(frozen=True)
class Stored:
    """Where the numbers of a tensor are.

    Attributes:
        shape: of the tensor.
        storage: the type of its storage.
        key: the entry of its storage.
        offset: of its first number, in numbers.
        strides: in numbers.
    """

    shape: TensorShape
    storage: str
    key: str
    offset: int
    strides: tuple[int, ...]


@dataclass
class Machine:
    """The state of reading: a stack, marks and a memory."""

    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memory: dict[int, Any] = field(default_factory=dict)

    def since_mark(self) -> list[Any]:
        """Take all that was put on the stack since the last mark."""
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken


def shapes(data: bytes) -> dict[str, TensorShape]:
    """Shapes of all tensors, named by the keys that lead to them.

    Raises:
        Unreadable: no file of `torch.save` since PyTorch 1.6, or one that is damaged or too large.
    """
    return {name: stored.shape for name, stored in _tensors(data)[1].items()}


def arrays(data: bytes) -> dict[str, NDArray[np.float64]]:
    """The tensors of real numbers, by the same names; counters are left out.

    Raises:
        Unreadable: as `shapes`, numbers of another type, or a tensor that is not within its storage.
    """
    folder, tensors = _tensors(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if f"{folder}/byteorder" in archive.namelist() and archive.read(f"{folder}/byteorder")[:6] != b"little":
                raise Unreadable("expected a file of torch.save in little endian, got another; save it again")
            found = {name: _numbers(archive, folder, one) for name, one in tensors.items() if not one.shape.whole}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, KeyError):
        raise Unreadable("expected a file of torch.save, got an archive without the numbers of a tensor") from None
    return found


def _numbers(archive: zipfile.ZipFile, folder: str, stored: Stored) -> NDArray[np.float64]:
    """A copy of a tensor, within the bounds of its storage."""
    kind = NUMBERS.get(stored.storage)
    if kind is None:
        raise Unreadable(f"expected tensors of float16, float32 or float64 numbers, got {stored.storage}; convert them")
    info = archive.getinfo(f"{folder}/data/{stored.key}")
    if info.file_size > MOST_STORAGE_BYTES:
        raise Unreadable(f"expected storages of at most {MOST_STORAGE_BYTES} bytes, got {info.file_size}")
    with archive.open(info) as handle:
        content = handle.read(MOST_STORAGE_BYTES + 1)
    numbers = np.frombuffer(content[: len(content) // int(kind[-1]) * int(kind[-1])], dtype=kind)
    shape = stored.shape.shape
    last = stored.offset + sum((side - 1) * stride for side, stride in zip(shape, stored.strides, strict=True))
    if 0 in shape or math.prod(shape) > len(numbers) or not last < len(numbers):
        raise Unreadable("expected tensors within their storages, got one that is not; the file is damaged")
    inside = numbers[stored.offset :]
    strides = tuple(stride * numbers.itemsize for stride in stored.strides)
    return np.lib.stride_tricks.as_strided(inside, shape, strides, writeable=False).astype(np.float64)


def _tensors(data: bytes) -> tuple[str, dict[str, Stored]]:
    """The folder of the archive, and where each tensor is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            found = [info for info in infos if re.fullmatch(r"[^/]{1,200}/data\.pkl", info.filename)]
            if len(infos) > MOST_ENTRIES or len(found) != 1 or found[0].file_size > MOST_PICKLE_BYTES:
                raise Unreadable("expected a file of torch.save with one small data.pkl, got another archive; use safetensors")
            with archive.open(found[0]) as handle:
                pickle = handle.read(MOST_PICKLE_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError):
        raise Unreadable("expected a file of torch.save, got a damaged archive, or one from before PyTorch 1.6") from None
    try:
        tensors: dict[str, Stored] = {}
        _collect(_value(pickle), "", tensors, 0)
    except DAMAGED:
        raise Unreadable(
            "expected a file of torch.save with tensors in dictionaries, got something else; save state_dict()"
        ) from None
    return found[0].filename.split("/")[0], tensors


def _value(pickle: bytes) -> Any:
    """What the opcodes build, made of plain values, names and shapes."""
    machine = Machine()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(pickle)):
        if number > MOST_OPCODES:
            raise ValueError("opcodes")
        if opcode.name == "STOP":
            return machine.stack.pop()
        _step(machine, opcode.name, argument)
    raise ValueError("end")


def _step(machine: Machine, name: str, argument: Any) -> None:
    stack = machine.stack
    if name in ("PROTO", "FRAME"):
        return
    if name == "MARK":
        machine.marks.append(len(stack))
    elif name in ("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "NONE", "NEWTRUE", "NEWFALSE", "EMPTY_SET"):
        stack.append({"EMPTY_DICT": {}, "EMPTY_LIST": [], "EMPTY_TUPLE": (), "NEWTRUE": True, "NEWFALSE": False}.get(name))
    elif name in ("GLOBAL", "STACK_GLOBAL"):
        module, _, attribute = argument.partition(" ") if name == "GLOBAL" else (None, None, None)
        if name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
        stack.append(Name(str(module), str(attribute)))
    elif name in ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"):
        machine.memory[len(machine.memory) if name == "MEMOIZE" else argument] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET", "GET"):
        stack.append(machine.memory[argument])
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        count = int(name[-1])
        taken = tuple(stack[-count:])
        assert len(taken) == count
        stack[-count:] = [taken]
    elif name in ("TUPLE", "LIST"):
        taken_since = machine.since_mark()
        stack.append(tuple(taken_since) if name == "TUPLE" else taken_since)
    elif name in ("SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"):
        _fill(machine, name)
    elif name == "BINPERSID":
        stack.append(_storage(stack.pop()))
    elif name in ("REDUCE", "NEWOBJ"):
        arguments, callee = stack.pop(), stack.pop()
        stack.append(_made(callee, arguments))
    elif name == "BUILD" or name in ("POP",):
        stack.pop()
    elif isinstance(argument, int | float | str | bytes):
        stack.append(argument)
    else:
        raise ValueError(name)


def _fill(machine: Machine, name: str) -> None:
    if name.endswith("S"):
        taken = machine.since_mark()
    else:
        count = 2 if name == "SETITEM" else 1
        taken = machine.stack[-count:]
        del machine.stack[-count:]
    target = machine.stack[-1]
    if isinstance(target, dict) and name.startswith("SET"):
        target.update((key, value) for key, value in zip(taken[::2], taken[1::2], strict=True) if isinstance(key, str | int))
    elif isinstance(target, list) and name.startswith("APPEND"):
        target.extend(taken)


def _storage(identity: Any) -> Any:
    """Type and key of a storage, from its persistent identity."""
    if isinstance(identity, tuple) and len(identity) == 5 and isinstance(identity[1], Name):
        return (identity[1].attribute, str(identity[2])) if identity[1].attribute in STORAGES else None
    return None


def _made(callee: Any, arguments: Any) -> Any:
    """What is made of a name and its arguments: a dictionary, a tensor, or nothing."""
    if not isinstance(callee, Name):
        return None
    known = callee.module, callee.attribute
    if known == ("collections", "OrderedDict"):
        return {}
    if known == ("torch._utils", "_rebuild_tensor_v2"):
        (storage, key), offset, shape, strides = arguments[:4]
        sizes = (offset, *shape, *strides)
        if len(shape) > MOST_AXES or len(strides) != len(shape) or not all(isinstance(n, int) and n >= 0 for n in sizes):
            raise ValueError("tensor")
        return Stored(TensorShape(tuple(shape), *STORAGES[storage]), storage, key, offset, tuple(strides))
    if known == ("torch._utils", "_rebuild_parameter"):
        return arguments[0]
    return None


def _collect(value: Any, name: str, found: dict[str, Stored], depth: int) -> None:
    if depth > MOST_DEPTH or len(found) > MOST_ENTRIES:
        raise ValueError("depth")
    if isinstance(value, Stored):
        found[name or "tensor"] = value
    elif isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            _collect(one, f"{name}.{key}" if name else str(key), found, depth + 1)
