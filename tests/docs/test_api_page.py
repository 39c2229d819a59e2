"""The page of the public face: its imports work, and it lists what they import."""

import importlib
import re

from repository import REPOSITORY

PAGE = (REPOSITORY / "docs" / "api.md").read_text()


def test_every_import_works_and_is_listed_where_it_is_defined() -> None:
    imported: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        exec(compile(block, "api.md", "exec"), imported)
    imported.pop("__builtins__")
    listed = {}
    for block in re.findall(r"^\.\. public::\n\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        for line in block.split():
            module, _, name = line.rpartition(".")
            listed[name] = getattr(importlib.import_module(module), name)
            assert getattr(listed[name], "__module__", module) == module, f"{line} is defined elsewhere"
    assert listed == imported
    assert len(listed) >= 25
