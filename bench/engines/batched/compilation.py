"""Compiled programs kept on disk, so that a shape is compiled once a machine and not once a process.

XLA's own cache is used: one file a program, written under a temporary name and renamed. A program from disk has the bits of
one compiled afresh. What cannot be read is thrown away and compiled again.
"""

import hashlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

FLAG = "--tf_xla_persistent_cache_"


def keep_compiled_programs(folder: Path) -> None:
    """Keep programs below `folder`, apart for each TensorFlow version and processor.

    Call it where a worker starts, before TensorFlow is imported; later it has no effect.
    """
    if "tensorflow" in sys.modules:
        return
    target = folder / "programs" / f"{metadata.version('tensorflow')}-{platform.machine()}-{_instructions()}"
    target.mkdir(parents=True, exist_ok=True)
    settings = {"directory": target.resolve(), "device_types": "CPU", "prefix": "deeponet"}
    kept = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if not flag.startswith(FLAG)]
    os.environ["TF_XLA_FLAGS"] = " ".join([*kept, *(f"{FLAG}{name}={value}" for name, value in settings.items())])


def forget_compiled_programs() -> int:
    """Delete the programs on disk that this process would use; return how many there were."""
    prefix = f"{FLAG}directory="
    folders = [flag.removeprefix(prefix) for flag in os.environ.get("TF_XLA_FLAGS", "").split() if flag.startswith(prefix)]
    programs = [path for folder in folders for path in Path(folder).glob("*.pb")]
    for path in programs:
        path.unlink(missing_ok=True)
    return len(programs)


def _instructions() -> str:
    """A short hash of the instruction sets this machine offers."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = [platform.processor()]
    stated = next((line for line in lines if line.startswith(("flags", "Features"))), lines[0])
    return hashlib.sha256(stated.encode()).hexdigest()[:12]
