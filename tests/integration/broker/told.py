"""What the event stream tells, whichever release wrote it."""

from __future__ import annotations

from typing import Any

from redis import Redis

from backend.broker.events.event_lines import batch_of
from backend.broker.keys import Keys
from backend.domain.jobs.job_event import JobEvent


def entries_of(redis: Redis, keys: Keys) -> list[Any]:
    """Ids and fields of the stream's entries, as a recorder is sent them."""
    raw: Any = redis.xrange(keys.events)
    return [[entry, [text for pair in fields.items() for text in pair]] for entry, fields in raw]


def events_of(redis: Redis, keys: Keys) -> list[JobEvent]:
    """Every event, in order; fails where something in the stream is none."""
    batch = batch_of(entries_of(redis, keys))
    assert batch.unreadable == []
    return list(batch.events)
