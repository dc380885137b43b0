"""Databases of a test's own on the session's Postgres, and what is in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, make_url, text

from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect

_numbers = itertools.count(1)


@contextmanager
def database(url: str, *, template: str = "template1", owner: str = "tally") -> Iterator[str]:
    """A new database; its URL. Dropped afterwards."""
    name = f"history_{next(_numbers)}"
    administer(url, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}")
    try:
        yield named(url, name)
    finally:
        administer(url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def migrated_database(url: str) -> Iterator[str]:
    """A new database that has every table; its URL."""
    with database(url, template=_migrated_template(url)) as made:
        yield made


@cache
def _migrated_template(url: str) -> str:
    """Migrated once for each server: copying takes a third of the time of migrating."""
    name = "every_table"
    administer(url, f"CREATE DATABASE {name} OWNER tally")
    engine = connect(named(url, name))
    Migrator(engine).apply()
    engine.dispose()
    return name


def named(url: str, name: str, user: str = "tally") -> str:
    """The same server's URL for another database."""
    changed = make_url(url).set(database=name, username=user)
    return changed.render_as_string(hide_password=False)


def administer(url: str, *statements: str) -> None:
    """Runs statements that want no transaction, as the superuser."""
    parts = make_url(url)
    with closing(
        psycopg2.connect(host=parts.query["host"], user="tally", dbname="postgres")
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def rows(engine: Engine, sql: str, **values: Any) -> list[dict[str, Any]]:
    """What a query finds."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(sql), values).mappings()]


def be_patient(connection: Connection) -> None:
    """Tables are emptied in files, and a process that was ended just now may still hold a lock."""
    connection.execute(
        text("SET LOCAL statement_timeout = '120s'; SET LOCAL lock_timeout = '120s'")
    )


def run(engine: Engine, sql: str, **values: Any) -> int:
    """Runs one statement for good, however long it takes; how many rows it touched."""
    with engine.begin() as connection:
        be_patient(connection)
        return connection.execute(text(sql), values).rowcount


_WRITTEN = (
    "jobs", "job_results", "job_events", "set_aside_events", "job_statistics", "stale_hours",
    "artifacts", "api_keys", "job_counts", "job_tags",
)  # fmt: skip
#: What operators said outlives Redis, which tests empty.
_SAID = "DELETE FROM controls"
_HAS_ROWS = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in _WRITTEN)


def forget_controls(url: str) -> None:
    """Nobody has said anything: what a test paused must not stop the next one."""
    engine = connect(url)
    run(engine, _SAID)
    engine.dispose()


def empty(engine: Engine) -> None:
    """Empties what recorders write. The guards of append-only tables look away for a replica."""
    with engine.begin() as connection:
        be_patient(connection)
        connection.execute(text(_SAID))
        # To empty a table makes files anew, also where there is nothing in it.
        if connection.execute(text(f"SELECT {_HAS_ROWS}")).scalar_one():
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {', '.join(_WRITTEN)}"))
