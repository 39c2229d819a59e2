"""Compiled programs kept on disk, so that a shape is compiled once per machine and not once per process.

XLA's own cache is used: one file per program, written under a temporary name and renamed. A program from disk has the bits of
one compiled afresh. What cannot be read is thrown away and compiled again.

XLA finds a program by the names of its functions, which TensorFlow numbers in the order of their making; `repeatable_names`
makes the numbers depend on the program alone.
"""

import contextlib
import hashlib
import itertools
import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from bench import processor

FLAG = "--tf_xla_persistent_cache_"


def keep_compiled_programs(folder: Path) -> None:
    """Keep programs below `folder`, apart for each TensorFlow version and processor.

    Call it where a worker starts, before TensorFlow is imported; later it has no effect, nor where TF_XLA_FLAGS names a folder.
    """
    if "tensorflow" in sys.modules or f"{FLAG}directory=" in os.environ.get("TF_XLA_FLAGS", ""):
        return
    target = folder / "programs" / f"{metadata.version('tensorflow')}-{platform.machine()}-{_kind()}"
    target.mkdir(parents=True, exist_ok=True)
    settings = {"directory": target.resolve(), "device_types": "CPU", "prefix": "deeponet"}
    kept = os.environ.get("TF_XLA_FLAGS", "").split()
    os.environ["TF_XLA_FLAGS"] = " ".join([*kept, *(f"{FLAG}{name}={value}" for name, value in settings.items())])


def forget_compiled_programs() -> int:
    """Delete the programs on disk that this process would use; return how many there were."""
    prefix = f"{FLAG}directory="
    folders = [flag.removeprefix(prefix) for flag in os.environ.get("TF_XLA_FLAGS", "").split() if flag.startswith(prefix)]
    programs = [path for folder in folders for path in Path(folder).glob("*.pb")]
    for path in programs:
        path.unlink(missing_ok=True)
    return len(programs)


@contextlib.contextmanager
def repeatable_names(identity: str) -> Iterator[None]:
    """Number the functions that TensorFlow makes in this block from a start that depends on `identity` only."""
    import tensorflow as tf
    from tensorflow.python.framework import ops

    tf.compat.v1.get_default_graph()  # takes a number when it is first asked for
    start = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:5], "big") << 16
    original, ops.uid = ops.uid, itertools.count(start).__next__
    try:
        yield
    finally:
        ops.uid = original


def _kind() -> str:
    """A short hash of the processor and of what it can do."""
    stated = " ".join((processor.model(), *sorted(processor.flags())))
    return hashlib.sha256(stated.encode()).hexdigest()[:12]
