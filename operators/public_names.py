"""Public names of a package, loaded from their modules when they are first used (PEP 562): importing it costs nothing."""

import importlib
from collections.abc import Callable, Mapping


def loaded_on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Make the `__getattr__` of a package.

    Args:
        package: its name.
        homes: the module where each public name is defined.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    return load
