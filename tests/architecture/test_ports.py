"""A port is a promise: each method says what it means. That it is kept, the contract suites tell."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import files, name_of, tree_of


def test_every_promise_says_what_it_means() -> None:
    silent = [
        f"{name_of(file)}: {port.name}.{method.name}"
        for file in files("*ports.py", "backend")
        for port in ast.walk(tree_of(file))
        if isinstance(port, ast.ClassDef) and "Protocol" in map(ast.unparse, port.bases)
        for method in port.body
        if isinstance(method, ast.FunctionDef) and not ast.get_docstring(method)
    ]

    assert silent == []
