"""The built-in studies by name, and where a study is found; nothing here builds one.

The counts are those of the studies, stated so that nobody waits a second for them: a test compares.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from operators.errors import UserError


@dataclass(frozen=True)
class BuiltIn:
    """A built-in study.

    Attributes:
        module: defines STUDY; its docstring is the question.
        cells: of the grid; of a study of searches, the trainings that these may take at most.
        presets: the same of each part of the study that has a name, the smaller one first.
    """

    module: str
    cells: int
    presets: Mapping[str, int] = field(default_factory=dict)

    def question(self) -> str:
        """What the study asks, read without running its module."""
        spec = find_spec(self.module)
        assert spec is not None
        assert spec.origin is not None
        return " ".join((ast.get_docstring(ast.parse(Path(spec.origin).read_bytes())) or "").split())


STUDIES: dict[str, BuiltIn] = {
    "smoke": BuiltIn("bench.studies.smoke", 564, {"smoke": 50}),
    "threshold": BuiltIn("bench.studies.threshold", 4080, {"smoke": 24, "standard": 940}),
    "threshold-search": BuiltIn("bench.studies.threshold_search", 5472, {"smoke": 60, "standard": 1476}),
    "rays": BuiltIn("bench.studies.rays", 420, {"smoke": 22}),
    "mr23": BuiltIn("bench.studies.mr23", 360, {"smoke": 4, "standard": 68}),
    "widths": BuiltIn("bench.studies.widths", 1944, {"smoke": 36}),
    "mechanism": BuiltIn("bench.studies.mechanism", 192, {"smoke": 8}),
    "brackets": BuiltIn("bench.studies.brackets", 6552, {"smoke": 180}),
    "frontier": BuiltIn("bench.studies.frontier", 7920, {"smoke": 120}),
    "net-classes": BuiltIn("bench.studies.net_classes", 25056, {"smoke": 822}),
    "new-functions": BuiltIn("bench.studies.new_functions", 74, {"smoke": 3}),
    "baselines": BuiltIn("bench.studies.baselines", 93, {"smoke": 18}),
    "elliptic": BuiltIn("bench.studies.elliptic", 232, {"smoke": 8, "standard": 116}),
    "outside-run": BuiltIn("bench.studies.outside_run", 5, {"smoke": 1}),
    "anchors": BuiltIn("bench.studies.anchors", 7, {"smoke": 1}),
    "barrier": BuiltIn("bench.studies.barrier", 112, {"smoke": 8}),
    "digits": BuiltIn("bench.studies.digits", 240, {"smoke": 12, "standard": 144}),
    "koopman": BuiltIn("bench.studies.koopman", 251, {"smoke": 7, "standard": 155}),
    "sci": BuiltIn("bench.studies.sci", 84, {"smoke": 6, "standard": 72}),
    "villani": BuiltIn("bench.studies.villani", 247, {"smoke": 10, "standard": 144}),
    "capacity": BuiltIn("bench.studies.capacity", 177, {"smoke": 4, "standard": 90}),
    "pinn": BuiltIn("bench.studies.pinn", 771, {"smoke": 6, "standard": 110}),
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
