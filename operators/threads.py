"""Linear algebra on one thread: the same bits whatever else the machine does."""

from contextlib import AbstractContextManager

import threadpoolctl


def one_thread() -> AbstractContextManager[object]:
    """Hold the linear algebra of NumPy and SciPy to one thread within a `with` block.

    Only libraries that are loaded can be held, and SciPy brings one of its own: it is loaded first.
    """
    import scipy.linalg  # noqa: F401

    return threadpoolctl.threadpool_limits(limits=1)
