"""One thread per process: results must not depend on the number of threads, and two workers of one beat one worker of two."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import threadpoolctl

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
KERAS_OPTIMISERS = "keras.src.optimizers"


def pin_threads(count: int = 1) -> None:
    """Limit BLAS, OpenMP and TensorFlow of this process to `count` threads.

    Call it where a worker starts. It does not import TensorFlow; `pinned_tensorflow` does.

    Raises:
        RuntimeError: TensorFlow has already started with another number of threads.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(count)
    threadpoolctl.threadpool_limits(limits=count)
    if "tensorflow" in sys.modules:
        _pin_tensorflow(sys.modules["tensorflow"], count)


def pinned_tensorflow(count: int = 1) -> Any:
    """Import TensorFlow with `count` threads and without its start-up messages; return the module.

    Keras is imported when `tf.keras` is first used.

    Raises:
        RuntimeError: TensorFlow has already started with another number of threads.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    pin_threads(count)
    with _stderr_discarded(), _keras_deferred():
        import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    _pin_tensorflow(tf, count)
    return tf


@contextlib.contextmanager
def _stderr_discarded() -> Iterator[None]:
    """Drop what C++ code writes to standard error: TensorFlow's start-up lines heed no log level."""
    sys.stderr.flush()
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


@contextlib.contextmanager
def _keras_deferred() -> Iterator[None]:
    """Withhold from TensorFlow the one module of Keras that it imports at its end, to register optimisers with saved models.

    With it come all of Keras, Matplotlib and scikit-learn, two fifths of the CPU time that TensorFlow takes to start. TensorFlow
    goes on without it where it is missing, and imports Keras when it is asked for.
    """
    if "tensorflow" in sys.modules or KERAS_OPTIMISERS in sys.modules:
        yield
        return
    withheld: dict[str, Any] = {KERAS_OPTIMISERS: None}
    sys.modules.update(withheld)
    try:
        yield
    finally:
        del sys.modules[KERAS_OPTIMISERS]


def _pin_tensorflow(tf: Any, count: int) -> None:
    """Set the thread pools; TensorFlow itself refuses a change once it has started."""
    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)
