"""Tests that cannot fail, or that fail with the weather, are defects: what no test of this suite does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import REPOSITORY, tree

FILES = sorted(path for path in (REPOSITORY / "tests").rglob("*.py"))
TIMED = [path for path in FILES if {"speed", "cluster"} & set(path.parts)]
CLOCKS = {"time", "monotonic", "perf_counter", "process_time"}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            yield node


def own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_test_ends_before_its_assertions(path: Path) -> None:
    early = [
        f.name for f in functions(path) if f.name.startswith("test_") and any(isinstance(n, ast.Return) for n in own_nodes(f))
    ]
    assert not early


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_attribute_is_patched_by_a_dotted_text(path: Path) -> None:
    calls = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    patches = [
        ast.unparse(c) for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "setattr" and len(c.args) == 2
    ]
    assert not patches


@pytest.mark.parametrize("path", [path for path in FILES if path not in TIMED], ids=lambda path: path.name)
def test_no_clock_is_compared_outside_the_speed_tests(path: Path) -> None:
    """A deadline that keeps a wait from hanging is no measurement: it stands in a loop."""
    for function in functions(path):
        loops = [node for node in own_nodes(function) if isinstance(node, ast.While)]
        waiting = {id(inner) for loop in loops for inner in ast.walk(loop)}
        compared = [
            node
            for node in own_nodes(function)
            if isinstance(node, ast.Assert)
            and id(node) not in waiting
            and any(isinstance(n, ast.Attribute) and n.attr in CLOCKS for n in ast.walk(node.test))
        ]
        assert not compared, f"{function.name}: {ast.unparse(compared[0])}"
