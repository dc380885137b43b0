"""The replica that search and statistics read, where one is set."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.cli.checks.finding import Finding, ok, warning
from backend.domain.errors import TallyError
from backend.history.reading.history_store import PostgresHistoryStore

_LONG_LAG = 60.0


def check_replica(parts: Platform) -> Iterator[Finding]:
    """Whether it answers, is one, and how old what it has is."""
    if not parts.settings.read_url:
        return
    try:
        until = PostgresHistoryStore(parts.history_engine, parts.reading_engine).replayed_until()
    except TallyError as error:
        remedy = "check JOB_QUEUE_READ_URL and the server; without it the jobs database is read"
        yield warning("replica_down", f"search and statistics cannot be read: {error}", remedy)
        return
    if until is None:
        remedy = "leave JOB_QUEUE_READ_URL out, or name a replica"
        yield warning(
            "replica_is_none", "JOB_QUEUE_READ_URL names a server that follows none", remedy
        )
        return
    seconds = max(0.0, (parts.clock.now() - until).total_seconds())
    text = f"the replica that is read is {seconds:.0f} s behind"
    if seconds > _LONG_LAG:
        yield warning("replica_behind", text, "look at pg_stat_replication on the primary")
    else:
        yield ok("replica", text)
