"""Postgres: is it there, is the schema this release's, does it keep what it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.domain.errors import TallyError
from backend.history.schema.migration_refusals import ENCODING, OLDEST_POSTGRES, wrong_encoding
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import translated
from backend.history.server.session_settings import is_behind_pooler

_FACTS = text(
    "SELECT current_setting('server_version_num')::int AS number,"
    " current_setting('server_version') AS version, pg_is_in_recovery() AS is_replica,"
    " current_setting('server_encoding') AS encoding,"
    " current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,"
    " clock_timestamp() AS now"
)
_MOST_CLOCK_SECONDS = 1.0


def check_postgres(
    engine: Engine, migrator: Migrator, now: Callable[[], datetime]
) -> Iterator[Finding]:
    """Everything about the server; only one finding when it does not answer."""
    try:
        with translated(), engine.connect() as connection:
            row: Any = connection.execute(_FACTS).one()
            difference = (row.now - now()).total_seconds()
            behind_pooler = is_behind_pooler(connection)
    except TallyError as error:
        yield wrong(
            "postgres_down",
            f"{error}",
            "jobs go on without it, schedules wait for it (missed_runs says what they make up for); "
            "check JOB_QUEUE_DATABASE_URL or DATABASE_URL, and the server",
        )
        return
    yield _version(row)
    if row.encoding != ENCODING:
        yield wrong("postgres_encoding", *wrong_encoding(row.encoding).split("; ", 1))
    if behind_pooler:
        yield _pooler()
    yield from _keeps(row)
    if abs(difference) > _MOST_CLOCK_SECONDS:
        yield warning(
            "clock",
            f"the clocks of this host and of Postgres differ by {difference:+.1f} s",
            "run a time service (chrony) on both; schedules go by the clock of Postgres",
        )
    yield from _schema(migrator)


def server_major(engine: Engine) -> int:
    """The server's major version; 0 when it never answered."""
    version: Any = getattr(engine.dialect, "server_version_info", None)
    return int(version[0]) if version else 0


def _version(row: Any) -> Finding:
    if row.number // 10_000 < OLDEST_POSTGRES:
        return wrong(
            "postgres_version", f"Postgres {row.version}", f"use {OLDEST_POSTGRES} or later"
        )
    return ok("postgres_version", f"Postgres {row.version}")


def _pooler() -> Finding:
    return warning(
        "postgres_pooler",
        "a pooler stands between us and Postgres: LISTEN does not work there, so the outbox and callbacks "
        "look once a second instead of being woken, and each transaction costs one more round trip",
        "nothing must be changed; the recorder may be given the server's own address",
    )


def _keeps(row: Any) -> Iterator[Finding]:
    if row.is_replica:
        yield wrong("postgres_replica", "DATABASE_URL names a replica", "name the primary")
    for setting in ("fsync", "full_page_writes"):
        if getattr(row, "pages" if setting == "full_page_writes" else setting) == "off":
            yield warning(
                "postgres_fsync",
                f"{setting} is off: a power cut may destroy the record",
                f"set {setting} = on",
            )


def _schema(migrator: Migrator) -> Iterator[Finding]:
    try:
        status = migrator.status()
    except TallyError as error:
        words, _, remedy = str(error).rpartition("; ")
        yield wrong("schema", words or remedy, remedy if words else "run tally migrate")
        return
    pending = [entry.name for entry in status if entry.applied_at is None]
    changed = [entry.name for entry in status if entry.is_changed]
    unknown = [entry.name for entry in status if not entry.is_known]
    if pending:
        yield wrong(
            "migrations_pending",
            f"{len(pending)} migrations are not applied, from {pending[0]} on",
            "run ./scripts/jobs/apply-schema.sh",
        )
    if changed:
        yield wrong(
            "migrations_changed",
            f"{', '.join(changed)} changed after it was applied",
            "restore the file and put the change into a new migration",
        )
    if unknown:
        yield warning(
            "migrations_newer",
            f"a newer release has applied {', '.join(unknown)}",
            "run that release here too",
        )
    if not (pending or changed):
        yield ok("schema", f"{len(status)} migrations applied")
