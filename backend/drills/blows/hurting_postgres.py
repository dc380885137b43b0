"""Postgres is away, refuses, or keeps everybody waiting: jobs go on, and the record catches up.

They need no Postgres, so none may begin again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from backend.drills.scene import Scene

#: How much longer than a refusal a lock is held: longer than any statement of ours waits for one.
_LOCKED = 6

#: Where a recorder and a blow each wait for what the other holds, Postgres ends who looks first. That is
#: never the blow: it looks after this time alone, and no statement of ours waits for a lock that long.
_SESSION = "-c default_transaction_read_only=off -c deadlock_timeout=60s"

_TABLES = "jobs, job_results, job_events"
#: What Postgres then has in its log.
READ_ONLY, LOCK_TIMEOUT = "in a read-only transaction", "canceling statement due to lock timeout"
DISK_FULL, NO_CONNECTION = "No space left on device", "too many clients already"
_CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND application_name LIKE 'tally%'"""
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tally%'"
#: What a client is told when a table cannot grow; a disk that is really full needs one of our own.
_FULL = f"""CREATE FUNCTION drill_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: {DISK_FULL}' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER drill_disk_full BEFORE INSERT OR UPDATE ON jobs EXECUTE FUNCTION drill_disk_full()"""
_NOT_FULL = "DROP FUNCTION drill_disk_full() CASCADE"


def kill_postgres(scene: Scene) -> set[str]:
    """kill -9 of Postgres, and its restart after a while."""
    scene.servers.kill_postgres()
    scene.hold()
    scene.servers.start_postgres()
    return set()


def postgres_read_only(scene: Scene) -> set[str]:
    """No session may write, as after a failover."""
    with ExitStack() as ending:
        admin = _admin(scene, ending)
        _run(admin, "ALTER SYSTEM SET default_transaction_read_only = on")
        _run(admin, "SELECT pg_reload_conf()")
        scene.hold(felt=_told_anew(scene, READ_ONLY))
        _run(admin, "ALTER SYSTEM RESET default_transaction_read_only")
        _run(admin, "SELECT pg_reload_conf()")
    return set()


def no_connections(scene: Scene) -> set[str]:
    """Somebody else has all connections that there may be."""
    with ExitStack() as ending:
        admin = _admin(scene, ending)

        def has_all() -> bool:
            _run(admin, _CUT)
            _take_all(scene, ending)
            return bool(_run(admin, _OTHERS) == 0)

        scene.missed.unless(has_all, "somebody else kept a connection")
        scene.hold(felt=_told_anew(scene, NO_CONNECTION))
    return set()


def lock_tables(scene: Scene) -> set[str]:
    """Somebody holds an exclusive lock on the record."""
    with ExitStack() as ending:
        admin = _admin(scene, ending)
        _run(admin, "BEGIN")
        _run(admin, f"LOCK TABLE {_TABLES} IN ACCESS EXCLUSIVE MODE")
        scene.hold(_LOCKED, felt=_told_anew(scene, LOCK_TIMEOUT))
        _run(admin, "COMMIT")
    return set()


def fill_disk(scene: Scene) -> set[str]:
    """Whoever writes a job is told that the disk is full."""
    with ExitStack() as ending:
        admin = _admin(scene, ending)
        _run(admin, _FULL)
        scene.hold(felt=_told_anew(scene, DISK_FULL))
        _run(admin, _NOT_FULL)
    return set()


def _told_anew(scene: Scene, words: str) -> Callable[[], bool]:
    """Says whether Postgres has refused somebody with these words since now."""
    before = scene.told_by_postgres(words)
    return lambda: scene.told_by_postgres(words) > before


def _take_all(scene: Scene, ending: ExitStack) -> None:
    with contextlib.suppress(psycopg2.OperationalError):
        while True:
            _admin(scene, ending)


def _admin(scene: Scene, ending: ExitStack) -> Connection:
    """A session that may write whatever the others may not, closed with ``ending``."""
    url = scene.servers.database_url.replace("+psycopg2", "")
    admin = psycopg2.connect(url, application_name="drill", options=_SESSION)
    ending.callback(admin.close)
    admin.autocommit = True
    return admin


def _run(admin: Connection, statement: str) -> Any:
    """The first value that it finds, if it finds any."""
    with admin.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]
