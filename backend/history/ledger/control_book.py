"""Operators' words in Postgres: they outlive Redis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from backend.domain.ledger.control import Control
from backend.history.server.connection import translated
from backend.history.statements import statement


class PostgresControlBook:
    """The `ControlBook` in Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def version(self) -> int:
        """The highest version of all words; 0 when there is none."""
        with translated(), self._engine.connect() as connection:
            return int(connection.execute(statement("controls_version")).scalar_one())

    def read(self) -> list[Control]:
        """Every word."""
        with translated(), self._engine.connect() as connection:
            return [Control(*row) for row in connection.execute(statement("read_controls"))]

    def keep(self, words: Sequence[Control]) -> None:
        """Writes those down that are newer than what is there, all or none."""
        # In one order, so that two who write at once do not wait for each other.
        rows = [_row(word) for word in sorted(words, key=lambda word: word.name)]
        if rows:
            with translated(), self._engine.begin() as connection:
                connection.execute(statement("keep_control"), rows)


def _row(word: Control) -> dict[str, Any]:
    return {
        "name": word.name,
        "value": word.value,
        "version": word.version,
        "said_by": _storable(word.by),
        "reason": _storable(word.reason),
        "since": word.since,
    }


def _storable(text: str) -> str:
    """Postgres has no such character."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
