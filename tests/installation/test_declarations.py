"""What pyproject.toml declares is what the code imports, what the extras' table says, and what the lock pins."""

import re
import sys
import tomllib

import pytest
from repository import REPOSITORY, imported

from bench.extras import EXTRAS

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PACKAGES = ("operators", "results", "bench")
MODULES = [path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py") if "out" not in path.parts]
MODULE_OF = {"pyyaml": "yaml", "scikit-learn": "sklearn"}  # where a distribution is not imported by its own name
BROUGHT_BY_ITSELF = {"pydantic_core": "pydantic"}  # pinned exactly by the one that brings it


def distributions(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def importable(requirements: list[str]) -> set[str]:
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in distributions(requirements)}


def foreign() -> set[str]:
    """Top-level packages that the code imports anywhere, and that are neither Python's nor ours."""
    names = frozenset().union(*(imported(path) for path in MODULES))
    return set(names) - set(sys.stdlib_module_names) - set(PACKAGES)


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_table_of_extras_is_the_one_that_is_declared(extra: str) -> None:
    assert set(EXTRAS[extra]) == importable(PROJECT["optional-dependencies"][extra])


def test_whatever_is_imported_is_declared_once_and_whatever_is_declared_is_imported() -> None:
    core, extras = importable(PROJECT["dependencies"]), {name for names in EXTRAS.values() for name in names}
    found = {BROUGHT_BY_ITSELF.get(name, name) for name in foreign()}
    assert not core & extras
    assert found <= core | extras
    assert core | extras - {"tensorflow_probability"} <= found  # DeepXDE imports TensorFlow Probability


def test_the_lock_pins_what_is_declared_for_every_python_that_is_claimed() -> None:
    lock = (REPOSITORY / "requirements.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", lock, re.MULTILINE))
    declared = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    assert {name for requirements in declared for name in distributions(requirements)} <= pinned
    assert "--universal --generate-hashes --all-extras" in lock.splitlines()[1]
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    claimed = {name.rpartition(" ")[2] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)}
    assert claimed == {"3.11", "3.12", "3.13"}
