"""Brings the schema to what this release needs: each migration once, in order, never edited afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.resources.abc import Traversable
from typing import NamedTuple

import psycopg2
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from backend.domain.errors import MigrationError
from backend.history.schema.migration_files import MigrationFile, read_migrations
from backend.history.schema.migration_refusals import (
    FOREIGN_TABLE,
    names_taken,
    raise_failed,
    refuse_unfit_server,
    without_rights,
)
from backend.history.schema.migration_steps import (
    MigrationProgress,
    MigrationSteps,
    lift_limits,
    log_progress,
    send,
)
from backend.history.server.connection import translated
from backend.history.server.session_settings import is_behind_pooler, schema_of
from backend.history.statements import qualified, quoted, statement
from backend.shipped import shipped

log = structlog.get_logger("tally.migrator")

_LOOK_AGAIN_SECONDS = 0.2


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

    def __init__(
        self,
        engine: Engine,
        folder: Traversable | None = None,
        tell: Callable[[MigrationProgress], None] = log_progress,
    ) -> None:
        """``tell`` hears every few seconds how far a migration has come that moves what is there."""
        self._engine = engine
        self._files = read_migrations(folder or shipped("migrations"))
        self._steps = MigrationSteps(engine, tell)

    def apply(self) -> list[str]:
        """Applies what is pending and returns the names; raises MigrationError, HistoryUnavailable."""
        with self._locked():
            status = self.status()
            _refuse_changed(status)
            waiting = {entry.name for entry in status if entry.applied_at is None}
            pending = [file for file in self._files if file.name in waiting]
            for file in pending:
                self._apply_one(file)
            return [file.name for file in pending]

    def pending(self) -> list[str]:
        """Names of migrations that are not applied; raises MigrationError when an applied one changed."""
        status = self.status()
        _refuse_changed(status)
        return [entry.name for entry in status if entry.applied_at is None]

    def status(self) -> list[MigrationStatus]:
        """Every migration that this release or the database knows, in order."""
        with translated(), self._engine.connect() as connection:
            self._has_schema(connection)
            return self._status(connection)

    def _applied(self, connection: Connection) -> dict[str, tuple[str, datetime]]:
        """Checksum and time of each applied migration; empty before the first one."""
        table = connection.execute(statement("has_migrations_table")).one()
        if not table.is_there:
            return {}
        if not table.is_ours:
            raise MigrationError(FOREIGN_TABLE)
        rows = connection.execute(statement("applied_migrations"))
        return {row.name: (row.checksum, row.applied_at) for row in rows}

    def _status(self, connection: Connection) -> list[MigrationStatus]:
        applied = self._applied(connection)
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
    def _locked(self) -> Iterator[None]:
        """The lock of all migrators, held by a transaction beside those of the migrations.

        A session's lock would stay, behind a pooler, with a server connection that somebody else gets next.
        """
        with translated(), self._engine.begin() as guard:
            refuse_unfit_server(guard)
            lift_limits(guard)
            _wait_for_lock(guard)
            self._make_room()
            yield

    def _make_room(self) -> None:
        """The schema, if it was named, and the one table that cannot come from a migration."""
        with self._engine.begin() as connection:
            if not self._has_schema(connection):
                connection.exec_driver_sql(f"CREATE SCHEMA {quoted(schema_of(self._engine))}")
            elif not self._applied(connection):
                self._refuse_taken(connection)
            connection.execute(statement("make_migrations_table"))

    def _refuse_taken(self, connection: Connection) -> None:
        # A later file would be refused by Postgres, and what the files before it made would stay.
        names = [name for file in self._files for name in file.names()]
        if taken := connection.execute(statement("taken_names"), {"names": names}).scalars().all():
            raise names_taken(taken)

    def _has_schema(self, connection: Connection) -> bool:
        """Whether the schema is there; raises `HistoryUnavailable` for one that the account may not use.

        To Postgres that is the same as a schema that is not there: all seems to be pending.
        """
        schema = schema_of(self._engine)
        usable = connection.execute(statement("usable_schema")).one()
        if usable.name:
            return True
        if schema and not connection.execute(statement("has_schema"), {"name": schema}).scalar():
            return False
        raise without_rights(schema, usable.account)

    def _apply_one(self, file: MigrationFile) -> None:
        started = time.monotonic()
        if not file.in_transaction:
            self._send_alone(file)
        try:
            if file.is_in_steps:
                self._steps.run(file)
            with self._engine.begin() as connection:
                lift_limits(connection)
                if file.in_transaction:
                    send(connection, file.steps()[-1] if file.is_in_steps else file.sql)
                self._note(connection, file, time.monotonic() - started)
        except (SQLAlchemyError, psycopg2.Error) as error:
            raise_failed(file, error)
        log.info("migration.applied", name=file.name, seconds=round(time.monotonic() - started, 3))

    def _send_alone(self, file: MigrationFile) -> None:
        """What Postgres refuses inside of a transaction, each statement by itself."""
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                if not is_behind_pooler(connection):
                    lift_limits(connection, is_local=False)
                for sql in file.statements():
                    send(connection, qualified(sql, schema_of(self._engine)))
                # Not given back to the pool: the lifted limits end with it.
                connection.invalidate()
        except (SQLAlchemyError, psycopg2.Error) as error:
            raise_failed(file, error)

    def _note(self, connection: Connection, file: MigrationFile, seconds: float) -> None:
        connection.execute(
            statement("note_migration"),
            {"name": file.name, "checksum": file.checksum, "seconds": seconds},
        )


def _wait_for_lock(guard: Connection) -> None:
    # Asked for again and again: a statement that waits has a snapshot, and CREATE INDEX CONCURRENTLY waits
    # for those who have one.
    waits = False
    while not guard.execute(statement("lock_migrations")).scalar_one():
        if not waits:
            log.info("migration.waiting", reason="another process migrates this database")
        waits = True
        time.sleep(_LOOK_AGAIN_SECONDS)


def _refuse_changed(status: list[MigrationStatus]) -> None:
    changed = [entry.name for entry in status if entry.is_changed]
    if changed:
        raise MigrationError(
            f"{', '.join(changed)} changed after it was applied; restore the file and put the "
            "change into a new migration",
            names=changed,
        )
