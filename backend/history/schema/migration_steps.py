"""Migrations that move what is there while everybody works: short transactions that hold nobody up."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple, TypeVar

import psycopg2
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from backend.domain.errors import MigrationError
from backend.history.schema.migration_files import MigrationFile
from backend.history.server.watched_connection import wait_for_long
from backend.history.statements import statement

log = structlog.get_logger("tally.migrator")

#: Seconds between two words about how far it has come, and until a lock of others is asked for again.
TELL_EVERY_SECONDS, ASK_AGAIN_SECONDS = 5.0, 0.5
#: As long again as a step waits for its locks at most: five minutes in all.
_MOST_REFUSALS = 300
#: Who held the lock held it for longer than a step waits; Postgres broke a ring of waiters.
_IN_THE_WAY = frozenset({"55P03", "40P01"})

_Made = TypeVar("_Made")


class MigrationProgress(NamedTuple):
    """How far a migration has come."""

    name: str
    #: About so many rows are moved, of about so many.
    moved: int
    total: int


def log_progress(progress: MigrationProgress) -> None:
    """What is told where nobody else listens."""
    log.info("migration.moving", **progress._asdict())


class MigrationSteps:
    """Runs a file in steps. Each commits: an interruption costs one step, and the next run goes on."""

    def __init__(
        self,
        engine: Engine,
        tell: Callable[[MigrationProgress], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine = engine
        self._tell = tell
        self._sleep = sleep

    def run(self, file: MigrationFile) -> None:
        """Sends what comes first, then repeats the step until nothing is left; raises SQLAlchemyError."""
        first, repeated, _ = file.steps()
        self._patiently(file, lambda connection: send(connection, first))
        told = time.monotonic()
        while True:
            undone, total = self._patiently(file, lambda connection: _step(connection, repeated))
            if not undone:
                return
            if time.monotonic() - told >= TELL_EVERY_SECONDS:
                told = time.monotonic()
                self._tell(MigrationProgress(file.name, max(total - undone, 0), total))

    def _patiently(self, file: MigrationFile, work: Callable[[Connection], _Made]) -> _Made:
        """A transaction, tried again where others hold its tables: all wait behind a step that waits."""
        for refusals in range(_MOST_REFUSALS):
            try:
                with self._engine.begin() as connection:
                    lift_limits(connection)
                    return work(connection)
            except (DBAPIError, psycopg2.Error) as error:
                cause = getattr(error, "orig", error)
                if getattr(cause, "pgcode", None) not in _IN_THE_WAY:
                    raise
                if not refusals:
                    log.info("migration.waiting", name=file.name, reason=str(cause).strip())
            self._sleep(ASK_AGAIN_SECONDS)
        raise MigrationError(
            f"{file.name}: its tables were in use by others for minutes on end; run `tally migrate` again "
            "when no backup and no long query runs, it goes on where it was",
            name=file.name,
        )


def lift_limits(connection: Connection, *, is_local: bool = True) -> None:
    """A migration takes as long as it takes, and waits for others half a minute at most."""
    wait_for_long(connection)
    connection.execute(statement("lift_limits"), {"is_local": is_local})


def send(connection: Connection, sql: str) -> None:
    """Sends a text as it is: many statements at once, and a per cent sign is no placeholder."""
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql)


def _step(connection: Connection, sql: str) -> tuple[int, int]:
    undone, total = connection.exec_driver_sql(sql).one()
    return int(undone), int(total)
