"""Waits for a NOTIFY on a connection of its own; behind a pooler, where none arrives, for time to pass."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg2
from sqlalchemy import Engine

from backend.history.server.connection import translated
from backend.history.server.session_settings import is_behind_pooler
from backend.history.statements import source_of


class PostgresNotifyListener:
    """The `NotifyListener` of one channel. Not for two threads at once."""

    def __init__(self, engine: Engine, listen: str) -> None:
        """``listen`` names the statement that listens to the channel."""
        self._engine = engine
        self._listen = listen
        self._connection: Any = None
        self._is_deaf = False

    def wait(self, timeout: float) -> bool:
        """Blocks until it rings, at most ``timeout`` seconds; whether it rang."""
        with translated():
            try:
                if self._is_deaf:
                    time.sleep(timeout)
                    return False
                # What was written before anybody listened rang for nobody: look at once.
                return self._start() or self._heard(timeout)
            except psycopg2.Error:
                self.close()
                raise

    def close(self) -> None:
        """Listens no longer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _start(self) -> bool:
        if self._connection is not None:
            return False
        pooled = self._engine.raw_connection()
        if is_behind_pooler(pooled):
            # LISTEN would stay with a server connection that is lent to somebody else right after.
            pooled.close()
            self._is_deaf = True
            return True
        self._connection = pooled.driver_connection
        pooled.detach()
        self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(source_of(self._listen))
        return True

    def _heard(self, timeout: float) -> bool:
        if not self._connection.notifies:
            select.select([self._connection], [], [], timeout)
            self._connection.poll()
        rang = bool(self._connection.notifies)
        self._connection.notifies.clear()
        return rang
