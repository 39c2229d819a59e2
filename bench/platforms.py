"""What of the suite needs a POSIX system (Linux, macOS), and one sentence where there is none.

A run hands its workers inherited descriptors (`pass_fds`), ends on SIGHUP, and tells by a worker's signal what killed it.
Sizing, counting, verifying, submitting and predicting need nothing of this. Which cores a process may use Linux alone says.
"""

import os
import sys

from operators.errors import UserError

NEEDS_POSIX = {"`bench run`": "its workers inherit descriptors and are told apart by signals"}


def require_posix(what: str, platform: str = sys.platform) -> None:
    """Refuse what needs a POSIX system where there is none.

    Args:
        what: a name of NEEDS_POSIX.
        platform: as `sys.platform` says it.

    Raises:
        UserError: naming the system.
    """
    if platform in ("win32", "cygwin", "emscripten", "wasi"):
        raise UserError(
            f"expected Linux or macOS for {what}, got {platform}: {NEEDS_POSIX[what]}; run it there, or in WSL:"
            " `size`, `count`, `verify`, `submit` and `predict` work here"
        )


def usable_cores() -> int:
    """Cores that this process may use; where the system does not say which, those that there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
