"""Redis is reached through a shard: many places that know "the" Redis would have to unlearn it one day."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_tree import files, name_of, nodes_of

#: Who may import the client library: what speaks to Redis, starts it, or looks at the server itself.
_SPEAK = ("backend/broker/", "backend/embedded/", "backend/cli/checks/", "backend/drills/blows/")
#: Who may take the home shard's data as a whole: tools that look at it from outside.
_LOOK = ("backend/drills/", "tally/testing/")
_CODE = [file for top in ("backend", "workers", "tally") for file in files("*.py", top)]


def _is_below(file: Path, tops: tuple[str, ...]) -> bool:
    return name_of(file).startswith(tops)


@pytest.mark.parametrize("what", ["redis", "rq"])
def test_only_the_broker_knows_the_client_library(what: str) -> None:
    found = {
        name_of(file)
        for file in _CODE
        for node in nodes_of(file)
        if not _is_below(file, _SPEAK)
        and (
            (
                isinstance(node, ast.Import)
                and what in {a.name.partition(".")[0] for a in node.names}
            )
            or (
                isinstance(node, ast.ImportFrom)
                and not node.level
                and (node.module or "").partition(".")[0] == what
            )
        )
    }

    assert found <= {"backend/bootstrap/platform.py", "backend/drills/scene.py"}


def test_no_part_is_given_the_redis_of_the_platform() -> None:
    """A `Shard` is asked, so that a second one changes nothing but how many there are."""
    found = {
        f"{name_of(file)}:{node.lineno}"
        for file in _CODE
        for node in nodes_of(file)
        if isinstance(node, ast.Attribute)
        and node.attr in {"redis", "blocking_redis"}
        and not _is_below(file, _LOOK)
        and isinstance(node.value, ast.Name | ast.Call | ast.Attribute)
        and ast.unparse(node.value)
        in {"parts", "platform", "platform()", "self._parts", "self.platform"}
    }

    assert found == set()
