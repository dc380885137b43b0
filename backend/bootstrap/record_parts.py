"""The recorder process, and the schema it writes to."""

from __future__ import annotations

from backend.bootstrap.platform import Platform
from backend.broker.connection import connect, connect_blocking
from backend.broker.event_stream import RedisEventStream
from backend.history import connection as history
from backend.history.migrator import Migrator
from backend.history.record_writer import RecordWriter
from backend.loops.loop import Loop
from backend.loops.recorder import Recorder


def migrator(parts: Platform) -> Migrator:
    """Brings the schema up to date."""
    return Migrator(history.connect(parts.settings.database_url, name="tally-migrate"))


def event_stream(parts: Platform, consumer: str) -> RedisEventStream:
    """The event stream as one consumer reads it."""
    return RedisEventStream(
        connect(parts.settings.redis_url, name=f"tally-{consumer}", command_timeout=10.0),
        connect_blocking(parts.settings.redis_url),
        parts.keys,
        consumer=consumer,
    )


def recorder_loops(parts: Platform, consumer: str) -> list[Loop]:
    """What the recorder process does by the clock."""
    engine = history.connect(
        parts.settings.database_url,
        name="tally-recorder",
        statement_timeout=history.WORKING,
        connections=2,
    )
    batch = parts.settings.history.batch
    stream = event_stream(parts, consumer)
    return [Recorder(stream, RecordWriter(engine), parts.clock, batch=batch)]
