"""Rows of the outbox whose jobs had been pruned before such rows went with their jobs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from redis import Redis
from sqlalchemy import Engine

from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from tests.integration.history.before_months import migrate_to_the_last_release
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import rows, run
from tests.integration.history.lives import START, Life, events_of

SENT = """
INSERT INTO job_outbox (job_id, job, tries, created_at, sent_at, accepted_as)
VALUES (:id, '{}', 1, :at, :at, coalesce(:answered, :id))
"""


def test_they_go_and_those_that_were_never_on_record_stay(
    redis: Redis, servers: Servers, fresh: Engine, tmp_path: Path
) -> None:
    migrate_to_the_last_release(fresh, tmp_path, "20260204_044")
    chronicle = Chronicle(redis, servers.redis_url, fresh)
    chronicle.write(*events_of(Life("pruned"), Life("came-again"), Life("kept")))
    run(fresh, "DELETE FROM jobs WHERE id <> 'kept'")
    day_later = START + timedelta(days=1)
    for job_id, at, answered in (
        ("pruned", START, None),
        ("twin", day_later, "pruned"),
        ("kept", START, None),
        ("came-again", day_later, None),
        ("lost", START, None),
        ("twin-of-lost", START, "lost"),
    ):
        run(fresh, SENT, id=job_id, at=at, answered=answered)
    run(fresh, "INSERT INTO job_outbox (job_id, job) VALUES ('unsent', '{}')")

    assert Migrator(fresh).apply()

    left = rows(fresh, "SELECT job_id FROM job_outbox ORDER BY number")
    expected = ["kept", "came-again", "lost", "twin-of-lost", "unsent"]
    assert [row["job_id"] for row in left] == expected
