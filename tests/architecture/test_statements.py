"""SQL stands in files, one statement each, and every file is called by somebody."""

from __future__ import annotations

import ast
import re

from tests.architecture.source_tree import CODE, SQL, files, name_of, nodes_of, texts_of

#: SQL that is no statement of the record, and why.
_WRITTEN_ELSEWHERE = {
    "backend/embedded/": "makes the databases of servers for development",
    "backend/quickstart/": "shows what an operator would type",
    "backend/cli/checks/": "asks a server about itself",
    "backend/drills/blows/": "hurts a server of its own, as an operator would by hand",
    "backend/bootstrap/": "asks whether a server answers",
    "workers/": "job types read databases that are not ours",
}
_STATEMENT = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")


def test_every_statement_is_called_by_its_name() -> None:
    named = {text for file in files("*.py", "backend") for text in texts_of(file)}

    families = tuple(text for text in named if text.endswith("_") and len(text) > 5)
    stems = {file.stem for file in SQL.rglob("*.sql")}
    unused = {stem for stem in stems - named if not stem.startswith(families)}

    assert unused == set()


def test_every_statement_that_is_called_has_its_file() -> None:
    called = {
        node.args[0].value
        for file in files("*.py", "backend/history")
        for node in nodes_of(file)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"statement", "source_of"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }

    assert called
    assert called - {file.stem for file in SQL.rglob("*.sql")} == set()


def test_no_statement_is_written_between_the_lines() -> None:
    found = {
        f"{name_of(file)}: {text[:50]!r}"
        for file in files("*.py", *CODE)
        if not name_of(file).startswith(tuple(_WRITTEN_ELSEWHERE))
        for text in texts_of(file)
        if _STATEMENT.match(text)
    }

    assert found == set()


def test_migrations_are_numbered_in_their_order() -> None:
    names = [file.name for file in files("*.sql", "migrations")]
    numbers = [int(re.fullmatch(r"\d{8}_(\d{3})_[a-z_]+\.sql", name)[1]) for name in names]  # type: ignore[index]

    assert numbers == sorted(set(numbers))
