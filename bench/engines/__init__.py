"""Engines: how a cell is trained. One line per entry; importing this package does not import TensorFlow."""

from bench.engines.base import Control, Engine, Fit
from bench.engines.deepxde.engine import DeepXDEEngine
from bench.engines.native import NativeEngine
from operators.errors import UserError

ENGINES: dict[str, Engine] = {
    "deepxde": DeepXDEEngine(),
    "native": NativeEngine(),
}


def find_engine(name: str) -> Engine:
    """Return the engine of this name.

    Raises:
        UserError: an unknown name.
    """
    if name not in ENGINES:
        raise UserError(f"expected an engine among {sorted(ENGINES)}, got {name!r}; `python -m bench list` describes them")
    return ENGINES[name]


__all__ = ["ENGINES", "Control", "Engine", "Fit", "find_engine"]
