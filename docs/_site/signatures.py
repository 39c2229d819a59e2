"""Arguments, annotations and values as their reader needs them: short, and as the source has them."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOREIGN = re.compile(r"(?<![\w.])(?!(?:operators|results|bench)\.)(?:[a-z]\w*\.)+(?=[A-Z])")
LONGEST_VALUE = 100


class _Plain(ast.NodeTransformer):
    """`Annotated[X, ...]` is X: what it says besides is for the command line."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.Tuple) and ast.unparse(node.value).endswith("Annotated"):
            return self.visit(node.slice.elts[0])
        return self.generic_visit(node)


def plain_arguments(arguments: str) -> str:
    """What stands between the parentheses of a definition, with names of other packages unqualified."""
    (function,) = ast.parse(f"def function({arguments}): ...").body
    assert isinstance(function, ast.FunctionDef)
    return unqualified(ast.unparse(_Plain().visit(function).args))


def unqualified(annotation: str) -> str:
    """An annotation without the packages of classes that are not ours: `pathlib.Path` is Path."""
    return FOREIGN.sub("", annotation)


def assigned_value(name: str) -> str:
    """The value that the source assigns to a constant or a field of this dotted name, if it is short."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        for file in (ROOT.joinpath(*parts[:end]).with_suffix(".py"), ROOT.joinpath(*parts[:end], "__init__.py")):
            if file.exists():
                return _assigned(file).get(".".join(parts[end:]), "")
    raise ValueError(f"expected a name below a module of {ROOT}, got {name!r}")


@cache
def _assigned(file: Path) -> dict[str, str]:
    """Short values of a module's constants and of its classes' fields, by name within the module."""
    module = ast.parse(file.read_text())
    scopes = [("", module.body), *((f"{node.name}.", node.body) for node in module.body if isinstance(node, ast.ClassDef))]
    values: dict[str, str] = {}
    for prefix, body in scopes:
        for node in body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                text = ast.unparse(node.value)
                values |= {prefix + ast.unparse(target): text for target in targets if len(text) <= LONGEST_VALUE}
    return values
