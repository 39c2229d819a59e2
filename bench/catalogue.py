"""The built-in studies by name, and where a study is found; nothing here builds one.

The counts are those of the studies, stated so that nobody waits a second for them: a test compares.
"""

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from operators.errors import UserError


@dataclass(frozen=True)
class BuiltIn:
    """A built-in study.

    Attributes:
        module: defines STUDY; its docstring is the question.
        cells: of the grid; of a bracket study, the trainings that its searches may take at most.
    """

    module: str
    cells: int

    def question(self) -> str:
        """What the study asks, read without running its module."""
        spec = find_spec(self.module)
        assert spec is not None
        assert spec.origin is not None
        return " ".join((ast.get_docstring(ast.parse(Path(spec.origin).read_bytes())) or "").split())


STUDIES: dict[str, BuiltIn] = {
    "smoke": BuiltIn("bench.studies.smoke", 564),
    "threshold": BuiltIn("bench.studies.threshold", 4080),
    "rays": BuiltIn("bench.studies.rays", 420),
    "widths": BuiltIn("bench.studies.widths", 1944),
    "mechanism": BuiltIn("bench.studies.mechanism", 192),
    "brackets": BuiltIn("bench.studies.brackets", 2880),
    "frontier": BuiltIn("bench.studies.frontier", 7920),
    "outside-run": BuiltIn("bench.studies.outside_run", 5),
    "net-classes": BuiltIn("bench.studies.net_classes", 8640),
}


def find_study(name: str) -> BuiltIn | Path:
    """Find a built-in study by name, or a study file by path.

    Raises:
        UserError: an unknown name, or no such file.
    """
    if name in STUDIES:
        return STUDIES[name]
    path = Path(name)
    if path.suffix != ".py":
        raise UserError(f"expected a study among {sorted(STUDIES)} or the path of a .py file, got {name!r}")
    if not path.is_file():
        raise UserError(f"expected a study file at {name}, found none")
    return path
