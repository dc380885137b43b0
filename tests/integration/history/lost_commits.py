"""Postgres commits, and nobody hears of it: the connection ends before the answer."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine, event


def lose_the_commit(engine: Engine, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to that of the next transaction which writes into a table."""
    commit, written = engine.dialect.do_commit, []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        written.extend([statement] if f"INSERT INTO {table}" in statement else [])

    def lost(connection: Any) -> None:
        commit(connection)
        if written:
            event.remove(engine, "before_cursor_execute", note)
            monkeypatch.setattr(engine.dialect, "do_commit", commit)
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    event.listen(engine, "before_cursor_execute", note)
    monkeypatch.setattr(engine.dialect, "do_commit", lost)
