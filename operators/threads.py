"""Linear algebra on one thread: the same bits whatever else the machine does."""

import sys
from contextlib import AbstractContextManager
from functools import lru_cache

import threadpoolctl


def one_thread() -> AbstractContextManager[object]:
    """Hold the linear algebra of NumPy and SciPy to one thread within a `with` block.

    Only libraries that are loaded can be held, and SciPy brings one of its own: it is loaded first.
    """
    import scipy.linalg  # noqa: F401

    return _controller(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _controller(modules: int) -> threadpoolctl.ThreadpoolController:
    """The libraries that are loaded; looked for again when modules have been imported, which is what loads them."""
    return threadpoolctl.ThreadpoolController()
