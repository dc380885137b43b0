"""Programs that tests write into strings import what there is: no type checker reads them."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator

from tests.architecture.source_tree import files, name_of, nodes_of

_IMPORT = re.compile(r"^from ((?:backend|workers|tests)[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def _imports(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Each name that a string among the nodes imports, with its module."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for module, names in _IMPORT.findall(node.value):
                yield from ((module, each.split()[0]) for each in names.split(","))


def _exists(module: str, name: str) -> bool:
    try:
        if hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


#: What strings there import is of projects that have packages of the same names.
_OF_OTHERS = ("tests/contract/wheels/", "tests/unit/scripts/test_renaming.py")


def test_what_a_string_imports_is_there() -> None:
    # Not one test for each file: to know which those are, each process of a run would read all trees.
    wanted = {
        (name_of(file), *each)
        for file in files("*.py", "tests")
        if not name_of(file).startswith(_OF_OTHERS)
        for each in _imports(nodes_of(file))
    }

    assert len(wanted) > 50
    assert {each for each in wanted if not _exists(*each[1:])} == set()


def test_what_is_not_there_is_seen() -> None:
    code = "PROGRAM = 'import os\\nfrom workers.base_worker import NoSuchName, JobContext\\n'"

    found = {each: _exists(*each) for each in _imports(ast.walk(ast.parse(code)))}

    assert found == {
        ("workers.base_worker", "NoSuchName"): False,
        ("workers.base_worker", "JobContext"): True,
    }
