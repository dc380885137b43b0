"""The files of this repository, as the tests of its architecture read them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("tally", "backend", "workers")
OURS = (*CODE, "tests", "benchmarks", "examples")
LUA = ROOT / "backend" / "broker" / "lua"
SQL = ROOT / "backend" / "history" / "sql"


@cache
def files(pattern: str, *folders: str) -> tuple[Path, ...]:
    """Every file below some folders, caches left out."""
    found = [file for folder in folders for file in (ROOT / folder).rglob(pattern)]
    return tuple(sorted(file for file in found if "__pycache__" not in file.parts))


def name_of(file: Path) -> str:
    """A file's path inside the repository."""
    return file.relative_to(ROOT).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(file.read_text(encoding="utf-8"))


def lines_of(file: Path) -> int:
    """How long a file is."""
    return len(file.read_text(encoding="utf-8").splitlines())


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Every node of that tree; walking costs as much as parsing."""
    return tuple(ast.walk(tree_of(file)))


@cache
def functions_of(file: Path) -> tuple[tuple[str, int], ...]:
    """Each function of a file and how many lines it has."""
    return tuple(
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in nodes_of(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@cache
def texts_of(file: Path) -> tuple[str, ...]:
    """Every string in the code of a file; documentation is not code."""
    documentation = {
        id(node.value)
        for node in nodes_of(file)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return tuple(
        node.value
        for node in nodes_of(file)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    )


def rows_of(document: str, heading: str = "") -> list[list[str]]:
    """The cells of every table row of a document, from a heading on, whose first cell is code."""
    text = (ROOT / document).read_text(encoding="utf-8")
    lines = text[text.index(heading) :].splitlines()
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]
