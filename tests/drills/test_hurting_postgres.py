"""A blow at Postgres lands, whatever the recorders hold at that moment."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import psycopg2
import pytest

from backend.drills.blows.hurting_postgres import lock_tables
from backend.drills.scene import Scene
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.history.databases import migrated_database

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"


@pytest.fixture
def url(servers: Servers) -> Any:
    with migrated_database(servers.database_url) as url:
        yield url


def session(url: str) -> Any:
    return psycopg2.connect(url.replace("+psycopg2", ""))


def test_a_recorder_gives_way_to_who_locks_the_tables_never_the_drill(url: str) -> None:
    """A recorder holds the third table and asks for the first; the blow has the first and asks for it."""
    scene = SimpleNamespace(
        servers=SimpleNamespace(database_url=url),
        hold=lambda _times, *, felt: None,
        told_by_postgres=lambda _words: 0,
    )
    struck: list[set[str]] = []
    blow = threading.Thread(target=lambda: struck.append(lock_tables(cast("Scene", scene))))
    recorder, onlooker = session(url), session(url)
    onlooker.autocommit = True
    with recorder, recorder.cursor() as cursor, onlooker.cursor() as looking:
        cursor.execute("LOCK TABLE job_events IN ROW EXCLUSIVE MODE")
        blow.start()

        def is_waiting() -> bool:
            looking.execute(WAITING)
            return bool(looking.fetchone()[0])

        eventually(is_waiting)
        with pytest.raises(psycopg2.errors.DeadlockDetected):
            cursor.execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
        recorder.rollback()
    blow.join()
    recorder.close()
    onlooker.close()

    assert struck == [set()]
