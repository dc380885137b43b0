"""Programs that tests write into strings import what there is: no type checker reads them."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

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
_WITH_CODE = [
    file
    for file in files("*.py", "tests")
    if any(_imports(nodes_of(file))) and not name_of(file).startswith(_OF_OTHERS)
]


@pytest.mark.parametrize("file", _WITH_CODE, ids=name_of)
def test_what_a_string_imports_is_there(file: Path) -> None:
    wanted = set(_imports(nodes_of(file)))

    assert {each for each in wanted if not _exists(*each)} == set()


def test_what_is_not_there_is_seen() -> None:
    code = "PROGRAM = 'import os\\nfrom workers.base_worker import NoSuchName, JobContext\\n'"

    found = {each: _exists(*each) for each in _imports(ast.walk(ast.parse(code)))}

    assert found == {
        ("workers.base_worker", "NoSuchName"): False,
        ("workers.base_worker", "JobContext"): True,
    }
