"""The import law, and what tests may not do."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import (
    CODE,
    ROOT,
    files,
    functions_of,
    name_of,
    nodes_of,
    texts_of,
    tree_of,
)

#: Where sleeping is the point; everything else waits with ``eventually``.
_SLEEPERS = {
    "tests/eventually.py": "waits for what must become true",
    "tests/jobs/": "jobs that are slow on purpose",
    "tests/integration/runtime/test_crashes.py": "a job must end while there is no Redis to tell",
    "tests/drills/test_record_kept.py": "callers have a pace, and Postgres is away for so long",
    "tests/integration/runtime/test_controls.py": "a job must expire while there is no worker",
}
#: Where a length of time decides nothing.
_MEASURING = {
    "tests/eventually.py": "looks less often at what takes long",
    "tests/meanwhile.py": "lets more happen the longer a test took",
    "tests/drills/test_schedulers_killed.py": "prints how long hand-overs took",
}
_CLOCKS = {
    "monotonic",
    "perf_counter",
    "process_time",
    "thread_time",
    "time",
    "time_ns",
    "monotonic_ns",
}
#: The layers that wiring and faces stand on.
_BELOW = (
    "workers",
    *(
        f"backend/{part}"
        for part in ("services", "loops", "broker", "history", "telemetry", "domain")
    ),
)
_LINT = "from importlinter.cli import lint_imports_command as lint; lint()"


def test_imports_go_down_only() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", _LINT, "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=600,
    )

    assert checked.returncode == 0, checked.stdout[-3000:] + checked.stderr[-1000:]


def test_nothing_below_names_a_module_above_in_a_string() -> None:
    """The linter cannot see such an import, which would go up unseen."""
    above = re.compile(r"backend\.(bootstrap|cli|dashboard|quickstart|drills)(\.\w+)*")

    found = {
        f"{name_of(file)}: {text}"
        for file in files("*.py", *_BELOW)
        for text in texts_of(file)
        if above.fullmatch(text)
    }

    assert found == set()


def test_the_domain_asks_neither_clock_nor_chance_nor_files() -> None:
    forbidden = {"time", "random", "os", "pathlib", "socket", "subprocess", "logging", "threading"}

    found = {
        f"{name_of(file)}: {name}"
        for file in files("*.py", "backend/domain")
        for node in nodes_of(file)
        for name in _imported(node)
        if name.partition(".")[0] in forbidden
    }

    assert found == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_tests_sleep_only_where_they_wait_for_something() -> None:
    sleepers = {
        f"{name_of(file)}:{node.lineno}"
        for file in files("*.py", "tests")
        if not name_of(file).startswith(tuple(_SLEEPERS))
        for node in nodes_of(file)
        if isinstance(node, ast.Call) and _is_sleep(node.func)
    }

    assert sleepers == set()


def _is_sleep(called: ast.expr) -> bool:
    return "sleep" in {getattr(called, "attr", ""), getattr(called, "id", "")}


def test_no_test_measures_how_long_something_took() -> None:
    """A busy machine takes as long as it likes: count calls, commands, bytes, or wait for a signal.

    Found by the difference of a clock and something that is no number; an instant some seconds ago is none.
    """
    measuring = {
        f"{name_of(file)}:{node.lineno}"
        for file in files("*.py", "tests")
        if not name_of(file).startswith(tuple(_MEASURING))
        for node in nodes_of(file)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        if _asks_clock(node.left) and not isinstance(node.right, ast.Constant)
    }

    assert measuring == set()


def _asks_clock(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (
        getattr(node.func, "attr", "") in _CLOCKS or getattr(node.func, "id", "") in _CLOCKS
    )


def test_tests_are_sentences() -> None:
    found = {
        f"{name_of(file)}: {name}"
        for file in files("test_*.py", "tests")
        for name, _ in functions_of(file)
        if name.startswith("test_") and name.count("_") < 2
    }

    assert found == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = {
        name_of(file) for file in files("*.py", *CODE) if not ast.get_docstring(tree_of(file))
    }

    assert silent == set()


@pytest.mark.parametrize("top", CODE)
def test_every_public_thing_says_what_it_is(top: str) -> None:
    silent = {
        f"{name_of(file)}: {node.name}"
        for file in files("*.py", top)
        for node in tree_of(file).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and "overload" not in map(ast.unparse, node.decorator_list)
    }

    assert silent == set()


def test_nothing_names_a_machine() -> None:
    paths = re.compile(r"(?<![\w.])/(?:home|Users|work)/\w+")

    found = {
        f"{name_of(file)}: {match[0]}"
        for pattern in ("*.py", "*.lua", "*.sql", "*.sh", "*.md", "*.yaml", "*.conf")
        for file in files(pattern, *CODE, "docs", "scripts", "config", "migrations", "tests")
        if file != Path(__file__)
        for match in paths.finditer(file.read_text(encoding="utf-8", errors="replace"))
    }

    assert found == set()
