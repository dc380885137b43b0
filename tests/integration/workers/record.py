"""Tally's own tables in a database of their own, with a day of jobs in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2

from tests.integration.history.databases import migrated_database

DAY = datetime(2026, 1, 2, tzinfo=UTC)


@contextmanager
def record_database(url: str) -> Iterator[str]:
    """The URL of a fresh database with every migration applied and the day of jobs in it."""
    with migrated_database(url) as record:
        with session(record) as cursor:
            for number in range(60):
                add_job(cursor, number)
        yield record


@contextmanager
def session(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


def version(at: datetime) -> int:
    return int(at.timestamp() * 1000) << 20


def add_job(cursor: Any, number: int) -> None:
    """A job of the day; each tenth failed with hostile words."""
    accepted = DAY + timedelta(minutes=20 * number)
    started, ended = accepted + timedelta(seconds=2), accepted + timedelta(seconds=3 + number)
    failed = number % 10 == 0
    kind = ("send_email", "export_data", "send_webhook")[number % 3]
    message = (
        f"=cmd|'/C calc'!A0 <script>alert({number})</script> <img src='file:///etc/passwd'/> ü 数"
    )
    cursor.execute(
        "INSERT INTO jobs (id, position, job_type, payload, status_version, status, version, queue, fence,"
        " attempt, worker, error_version, last_error)"
        " VALUES (%s, %s, %s, '{}', %s, %s, %s, 'high:email', %s, 1, 'w1', %s, %s)",
        (f"job-{number:03}", version(accepted), kind, version(ended), "failed" if failed else "finished",
         version(ended), version(started), version(ended) if failed else 0, message if failed else None),
    )  # fmt: skip
    cursor.execute(
        "INSERT INTO job_results (job_id, fence, version, attempt, status, job_type, queue, worker,"
        " ready_version, run_ms, error_reason, error_kind, error_message)"
        " VALUES (%s, %s, %s, 1, %s, %s, 'high:email', 'w1', %s, %s, %s, %s, %s)",
        (f"job-{number:03}", version(started), version(ended), "failed" if failed else "finished", kind,
         version(accepted), 1000.0 + 1000 * number, "exception" if failed else None,
         "ValueError" if failed else None, message if failed else None),
    )  # fmt: skip
