"""Brings the schema to what this release needs: each migration once, in order, never edited afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import psycopg2
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.history.connection import translate, translated
from backend.history.migration_files import MigrationFile, read_migrations
from backend.history.statements import statement
from backend.shipped import shipped

log = structlog.get_logger("tally.migrator")

#: The oldest major whose SQL the migrations keep to.
OLDEST_POSTGRES = 14


class MigrationStatus(NamedTuple):
    """One migration as this release and the database see it."""

    name: str
    #: None: not applied yet.
    applied_at: datetime | None
    #: Whether the file is part of this release; a newer release may have applied more.
    is_known: bool = True
    #: Whether the file was changed after it was applied.
    is_changed: bool = False


class Migrator:
    """Applies migrations. Two at once do no harm: one works, the other waits and finds nothing to do."""

    def __init__(self, engine: Engine, folder: Traversable | None = None) -> None:
        self._engine = engine
        self._files = read_migrations(folder or shipped("migrations"))

    def apply(self) -> list[str]:
        """Applies what is pending and returns the names; raises MigrationError, HistoryUnavailable."""
        with self._locked() as connection:
            status = self._status(connection)
            _refuse_changed(status)
            waiting = {entry.name for entry in status if entry.applied_at is None}
            pending = [file for file in self._files if file.name in waiting]
            for file in pending:
                self._apply_one(connection, file)
            return [file.name for file in pending]

    def pending(self) -> list[str]:
        """Names of migrations that are not applied; raises MigrationError when an applied one changed."""
        status = self.status()
        _refuse_changed(status)
        return [entry.name for entry in status if entry.applied_at is None]

    def status(self) -> list[MigrationStatus]:
        """Every migration that this release or the database knows, in order."""
        with translated(), self._engine.connect() as connection:
            return self._status(connection)

    def applied_migrations(self, connection: Connection) -> dict[str, tuple[str, datetime]]:
        """Checksum and time of each applied migration; empty before the first one."""
        exists = connection.execute(statement("has_migrations_table")).scalar_one()
        if not exists:
            return {}
        rows = connection.execute(statement("applied_migrations"))
        return {row.name: (row.checksum, row.applied_at) for row in rows}

    def _status(self, connection: Connection) -> list[MigrationStatus]:
        applied = self.applied_migrations(connection)
        ours = {file.name: file.checksum for file in self._files}
        return [
            MigrationStatus(
                name,
                applied[name][1] if name in applied else None,
                is_known=name in ours,
                is_changed=name in applied and ours.get(name, applied[name][0]) != applied[name][0],
            )
            for name in sorted(ours.keys() | applied.keys())
        ]

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        """A connection that holds the lock of all migrators and commits each statement by itself."""
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with translated(), engine.connect() as connection:
            _refuse_old_server(connection)
            connection.execute(statement("lift_limits"))
            connection.execute(statement("lock_migrations"))
            connection.execute(statement("limit_lock_waits"))
            try:
                connection.execute(statement("make_migrations_table"))
                yield connection
            finally:
                # Not given back to the pool: the lock and the lifted limits end with it.
                connection.invalidate()

    def _apply_one(self, connection: Connection, file: MigrationFile) -> None:
        started = time.monotonic()
        statements = file.statements()
        if file.in_transaction:
            statements = ["BEGIN", *statements]
        try:
            for sql in statements:
                _send(connection, sql)
            self._note(connection, file, time.monotonic() - started)
            if file.in_transaction:
                _send(connection, "COMMIT")
        except (SQLAlchemyError, psycopg2.Error) as error:
            _raise_failed(file, error)
        log.info("migration.applied", name=file.name, seconds=round(time.monotonic() - started, 3))

    def _note(self, connection: Connection, file: MigrationFile, seconds: float) -> None:
        connection.execute(
            statement("note_migration"),
            {"name": file.name, "checksum": file.checksum, "seconds": seconds},
        )


def _send(connection: Connection, sql: str) -> None:
    # As it is: many statements at once, and a per cent sign is no placeholder.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql)


def _refuse_changed(status: list[MigrationStatus]) -> None:
    changed = [entry.name for entry in status if entry.is_changed]
    if changed:
        raise MigrationError(
            f"{', '.join(changed)} changed after it was applied; restore the file and put the "
            "change into a new migration",
            names=changed,
        )


def _refuse_old_server(connection: Connection) -> None:
    version: Any = connection.dialect.server_version_info
    if version and version[0] < OLDEST_POSTGRES:
        raise MigrationError(
            f"Postgres {version[0]} is too old; {OLDEST_POSTGRES} is the oldest that works"
        )


def _raise_failed(file: MigrationFile, error: SQLAlchemyError | psycopg2.Error) -> None:
    ours = translate(error)
    if isinstance(ours, HistoryUnavailable):
        raise ours from error
    cause = getattr(error, "orig", error)
    raise MigrationError(f"{file.name} failed and was undone: {cause}", name=file.name) from error
