"""Input and output functions of a task, generated, checked and cached in blocks of fixed size.

A block is a pure function of the task's identity, the stream, the replicate and the block's number, generated on one
thread: its bits depend neither on how many functions are wanted nor on the number of threads.

On disk a block is two .npy files and a manifest with their SHA-256; whatever does not match its manifest is generated
again. Nothing is pickled.
"""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.arrays import Array
from operators.atomic_files import write_atomic
from operators.errors import DataInvalid
from operators.seeds import StreamName
from operators.tasks.task import Task
from operators.threads import one_thread

BLOCK = 64
PARTS = ("inputs", "outputs")


class BlockCache:
    """Blocks of functions under `<root>/<hash of the task's identity>/<stream>-<replicate>/`; `root=None` keeps nothing.

    The manifest of a block is written last, so a block exists only once it is whole.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root

    def block(self, task: Task, name: StreamName, *, replicate: int, number: int) -> tuple[Array, Array]:
        """Return inputs (BLOCK, m) and outputs (BLOCK, P) of one block, generated if absent or corrupt; fewer where a file ends.

        Raises:
            DataInvalid: the task breaks its contract.
            UserError: the cache cannot be written.
        """
        if self.root is None or not task.generated:
            return _generate(task, name, replicate, number)
        key = hashlib.sha256(f"{task.identity()}:{BLOCK}".encode()).hexdigest()[:24]
        stem = self.root / key / f"{name}-{replicate}" / f"{number:06d}"
        stored = _load(stem, task)
        if stored is None:
            stored = _generate(task, name, replicate, number)
            _save(stem, task, stored)
        return stored


def functions(
    task: Task,
    name: StreamName,
    *,
    replicate: int,
    count: int,
    cache: BlockCache,
    index: NDArray[np.int64] | None = None,
) -> tuple[Array, Array]:
    """Return the first `count` functions of a stream: inputs (count, m) and outputs (count, P).

    With `index` (M,) or (count, M) only those columns of the outputs are kept; of the others, no more than a block is in memory.
    """
    inputs, outputs = [], []
    for number in range(-(-count // BLOCK)):
        first = number * BLOCK
        rows = min(BLOCK, count - first)
        block_inputs, block_outputs = (part[:rows] for part in cache.block(task, name, replicate=replicate, number=number))
        if index is not None and index.ndim == 1:
            block_outputs = block_outputs[:, index]
        elif index is not None:
            block_outputs = np.take_along_axis(block_outputs, index[first : first + rows], axis=1)
        inputs.append(block_inputs)
        outputs.append(block_outputs)
    return np.concatenate(inputs), np.concatenate(outputs)


def validate(task: Task, inputs: Array, outputs: Array, *, first: int = 0) -> None:
    """Check shapes, finiteness and the task's invariants; `first` is the index of the first function.

    Raises:
        DataInvalid: naming the task, what is wrong and the first offending function.
    """
    for part, array, width in (("inputs", inputs, len(task.sensors())), ("outputs", outputs, len(task.points()))):
        if array.shape != (len(inputs), width) or array.dtype != np.float64:
            expected = f"{part} of shape {(len(inputs), width)} in float64"
            raise DataInvalid(f"task {task.name!r}: expected {expected}, got {array.shape} {array.dtype}")
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if bad.size:
            count = f"{bad.size} of {len(array)} functions"
            raise DataInvalid(f"task {task.name!r}: {part} of function {first + bad[0]} are not finite ({count})")
    broken = task.violations(inputs, outputs)
    if broken:
        raise DataInvalid(f"task {task.name!r}, functions {first} to {first + len(inputs) - 1}: {broken[0]}")


def _generate(task: Task, name: StreamName, replicate: int, number: int) -> tuple[Array, Array]:
    with one_thread():
        coefficients = task.coefficients(name, replicate, first=number * BLOCK, count=BLOCK)
        with np.errstate(all="ignore"):  # what is not finite is reported by `validate`, with its index
            inputs, outputs = task.inputs(coefficients), task.outputs(coefficients)
    validate(task, inputs, outputs, first=number * BLOCK)
    return inputs, outputs


def _file(stem: Path, part: str) -> Path:
    return stem.with_name(f"{stem.name}.{part}.npy")


def _manifest(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.json")


def _load(stem: Path, task: Task) -> tuple[Array, Array] | None:
    """Read a block; None if anything about it is missing, does not match its manifest or is no block of the task."""
    try:
        manifest = json.loads(_manifest(stem).read_text(encoding="utf-8"))
        contents = [_file(stem, part).read_bytes() for part in PARTS]
        if manifest["task"] != task.identity() or any(
            hashlib.sha256(content).hexdigest() != manifest[part] for part, content in zip(PARTS, contents, strict=True)
        ):
            return None
        inputs, outputs = (np.load(io.BytesIO(content), allow_pickle=False) for content in contents)
        whole = all(array.dtype == np.float64 and array.ndim == 2 and len(array) == BLOCK for array in (inputs, outputs))
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return (inputs, outputs) if whole else None


def _save(stem: Path, task: Task, block: tuple[Array, Array]) -> None:
    manifest = {"task": task.identity()}
    for part, array in zip(PARTS, block, strict=True):
        content = io.BytesIO()
        np.save(content, array, allow_pickle=False)
        manifest[part] = hashlib.sha256(content.getvalue()).hexdigest()
        write_atomic(_file(stem, part), content.getvalue())
    write_atomic(_manifest(stem), json.dumps(manifest, sort_keys=True).encode())
