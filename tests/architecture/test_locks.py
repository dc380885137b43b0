"""A process that forks while one of its threads has a lock leaves it locked in the fork, for ever."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.source_tree import CODE, files, name_of, nodes_of

#: Where no fork meets one.
_MEETS_NO_FORK = {
    "backend/broker/jobs/wake_calls.py": "of a worker process, whose copies run nothing of ours",
    "backend/development/one_log.py": "of `tally dev`, which starts programs and no copies of itself",
    "tally/testing/captured_lines.py": "of a test, while a job of it runs",
    "workers/": "of a worker process, whose copies run nothing of ours",
}


def _makes_lock(file: Path) -> bool:
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("threading.Lock", "threading.RLock")
        for node in nodes_of(file)
    )


def _is_made_anew(file: Path) -> bool:
    names = {node.id for node in nodes_of(file) if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes_of(file) if isinstance(node, ast.Attribute)}
    return not names.isdisjoint({"own_lock", "register_at_fork"})


def test_each_lock_that_a_fork_may_meet_is_made_anew_there() -> None:
    held = {
        name_of(file)
        for file in files("*.py", *CODE)
        if _makes_lock(file) and not _is_made_anew(file)
    }

    assert {name for name in held if not name.startswith(tuple(_MEETS_NO_FORK))} == set()


def test_nothing_takes_the_property_that_has_a_lock_up_to_python_3_11() -> None:
    found = {
        name_of(file)
        for file in files("*.py", *CODE)
        for node in nodes_of(file)
        if isinstance(node, ast.ImportFrom) and node.module == "functools"
        if any(each.name == "cached_property" for each in node.names)
    }

    assert found == {"backend/locks/fork_locks.py"}
