"""Other packages of our names: `bench`, `operators` and `results` all exist among public packages, and as folders of anybody's.

Python imports a regular package or a module from the first place on its path that has one; a folder without `__init__.py` serves
where none has. So ours is shadowed by what lies earlier on the path; where it is not on the path at all, by a plain folder
`results`, unless a finder that knows ours (an editable installation has one) is asked for what that folder lacks; and its files
are overwritten by a distribution that installs a package of that name beside it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

NAMES = {"bench": "shadowed", "operators": "errors", "results": "programme"}
"""Our packages, each with a module of its own."""
DISTRIBUTION = "deeponet-size-bounds"
HOME = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Standing:
    """Where a name of ours leads.

    Attributes:
        name: the package.
        ours: whether it leads to ours, unaltered.
        found: where it leads, and what else has this name.
    """

    name: str
    ours: bool
    found: str


def standings(path: Sequence[str] | None = None, home: Path = HOME, finders: Sequence[Any] | None = None) -> list[Standing]:
    """Where each of our names leads.

    Args:
        path: where Python looks, in this order; `sys.path` by default.
        home: the folder of our packages.
        finders: whom Python asks; `sys.meta_path` by default.
    """
    path, finders = sys.path if path is None else path, sys.meta_path if finders is None else finders
    return [_standing(name, path, home, finders) for name in NAMES]


def sentence(path: Sequence[str] | None = None, home: Path = HOME) -> str:
    """What shadows ours, in one sentence with what to do; empty where nothing does."""
    told = [f"{one.name} {one.found}" for one in standings(path, home) if not one.ours]
    if not told:
        return ""
    return (
        f"expected packages {', '.join(NAMES)} in {home}, got {'; '.join(told)}; run from another folder, take the other from"
        f" PYTHONPATH, or install {DISTRIBUTION} into an environment of its own"
    )


def _standing(name: str, path: Sequence[str], home: Path, finders: Sequence[Any]) -> Standing:
    others = [place for entry in path if (place := _place(PathFinder.find_spec(name, [entry]))) not in (None, home / name)]
    spec = PathFinder.find_spec(name, list(path))
    used = _place(spec)
    plain = spec is not None and spec.origin is None and _known(name, home, finders)
    if used not in (None, home / name) and not plain:
        return Standing(name, False, f"shadowed by {used}")
    if overwriting := _overwriting(name, path, home):
        return Standing(name, False, f"overwritten by distribution {overwriting} in {home / name}")
    hidden = f", hides {', '.join(map(str, dict.fromkeys(others)))}" if others else ""
    return Standing(name, True, f"{home / name}{hidden}")


def _known(name: str, home: Path, finders: Sequence[Any]) -> bool:
    """Whether some finder knows our modules of this package, wherever the package leads."""
    module = f"{name}.{NAMES[name]}"
    specs = (finder.find_spec(module, []) for finder in finders)
    return any(_place(spec) == home / name / f"{NAMES[name]}.py" for spec in specs)


def _place(spec: ModuleSpec | None) -> Path | None:
    """Where a module lies: its file, or of a package its folder."""
    if spec is None:
        return None
    if spec.submodule_search_locations is not None:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None


def _overwriting(name: str, path: Sequence[str], home: Path) -> str:
    """Names of other distributions that list files of this package in our folder."""
    found = set[str]()
    for distribution in metadata.distributions(path=[str(home)] if str(home) in path else []):
        if (distribution.read_text("top_level.txt") or name).split().count(name) and distribution.name != DISTRIBUTION:
            files = distribution.files or ()
            found |= {distribution.name} if any(file.parts[0] == name for file in files) else set()
    return ", ".join(sorted(found))
