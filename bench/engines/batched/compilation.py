"""Compiled programs kept on disk, so that a shape is compiled once a machine and not once a process."""

import hashlib
import os
import platform
import sys
from importlib import metadata
from pathlib import Path


def keep_compiled_programs(folder: Path) -> None:
    """Keep XLA's compiled programs below `folder`, apart for each processor and TensorFlow version.

    Call it where a worker starts, before TensorFlow is imported; later it has no effect. A program from disk has the bits
    of one compiled afresh.
    """
    if "tensorflow" in sys.modules:
        return
    name = f"{metadata.version('tensorflow')}-{platform.machine()}-{_processor()}"
    target = folder / "programs" / name
    target.mkdir(parents=True, exist_ok=True)
    kept = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if "persistent_cache" not in flag]
    flags = {"directory": target, "device_types": "CPU", "prefix": "deeponet"}
    os.environ["TF_XLA_FLAGS"] = " ".join([*kept, *(f"--tf_xla_persistent_cache_{key}={value}" for key, value in flags.items())])


def _processor() -> str:
    """A short hash of the instruction sets this machine offers."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = [platform.processor()]
    stated = next((line for line in lines if line.startswith(("flags", "Features"))), lines[0])
    return hashlib.sha256(stated.encode()).hexdigest()[:12]
