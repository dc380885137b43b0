"""Writes batches of events into the record: each part in one transaction, in any order and repeatedly."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date

import structlog
from sqlalchemy import Engine

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_ports import EventBatch, UnreadableEntry
from backend.domain.jobs.job_event import JobEvent
from backend.domain.text.storable_text import storable_text
from backend.history.recording.job_registers import fold
from backend.history.recording.part_size import PartSize
from backend.history.recording.transcript import Transcript
from backend.history.schema.months import months_in
from backend.history.server.connection import translated
from backend.history.server.session_settings import is_behind_pooler
from backend.history.server.sqlstates import CANCELED, CHECK_VIOLATION
from backend.history.statements import statement

log = structlog.get_logger("tally.record")

#: Transactions that Postgres rolls back because of another one are tried so often.
_TRIES = 5
_ROLLED_BACK = "40"
_LONGEST_PAUSE = 0.05
#: What no try would ever record: values that Postgres refuses, and JSON too deep to be read.
UNRECORDABLE = (ValueError, RecursionError)
#: Of results, payloads and logs in one transaction.
PART_BYTES = 16 * 1024 * 1024


class PostgresRecordWriter:
    """The `EventRecord` in Postgres. Several may write at once, each in a thread or process of its own."""

    def __init__(self, engine: Engine, pause: Callable[[float], None] = time.sleep) -> None:
        self._engine = engine
        self._pause = pause
        self._months: set[date] = set()
        self._size = PartSize()

    def write(self, batch: EventBatch) -> int:
        """Records a batch; how many events were set aside, because no try would ever record them.

        What Postgres canceled for the time it took is raised, and comes in smaller parts at the next try.
        """
        refused = list(batch.unreadable)
        for part in parts_of(batch.events, self._size.most):
            refused += self._record(part)
        if batch.events:
            self._size.got_through()
        for entry in refused:
            log.error(
                "event.set_aside", stream_id=entry.id, number=entry.number, reason=entry.reason
            )
            self.set_aside(entry)
        return len(refused)

    def set_aside(self, entry: UnreadableEntry) -> None:
        """Keeps an entry, or one event of a line, for a person to look at."""
        with translated(), self._engine.begin() as connection:
            connection.execute(
                statement("set_aside"),
                {
                    "stream_id": f"{entry.id}/{entry.number}" if entry.number else entry.id,
                    "entry": storable_text(entry.entry),
                    "reason": storable_text(entry.reason),
                },
            )

    def make_partition(self, month: date) -> None:
        """Makes room for the events of a month, unless there is."""
        with translated(), self._engine.begin() as connection:
            connection.execute(statement("make_partition"), {"month": month})

    def _make_room(self, months: set[date]) -> None:
        for month in sorted(months - self._months):
            self.make_partition(month)
            self._months.add(month)

    def _record(self, events: Sequence[JobEvent]) -> list[UnreadableEntry]:
        """Records what can be; halves a batch that is refused until it has found who is to blame."""
        if not events:
            return []
        try:
            self._write_at_once(events)
        except UNRECORDABLE as error:
            if len(events) > 1:
                middle = len(events) // 2
                return self._record(events[:middle]) + self._record(events[middle:])
            event = events[0]
            return [UnreadableEntry(event.id, repr(event), str(error), event.number)]
        return []

    def _write_at_once(self, events: Sequence[JobEvent]) -> None:
        folded = fold(events)
        months = months_in(folded.timeline)
        transcript = Transcript(folded)
        for tries_left in reversed(range(_TRIES)):
            self._make_room(months)
            try:
                with translated(), self._engine.begin() as connection:
                    transcript.write(connection)
                    if is_behind_pooler(connection):
                        connection.execute(statement("drop_staging"))
                    return
            except HistoryUnavailable as error:
                state = str(error.details["sqlstate"])
                if state == CANCELED:
                    self._size.took_too_long(len(events))
                if not tries_left or not state.startswith((_ROLLED_BACK, CHECK_VIOLATION)):
                    raise
                if state == CHECK_VIOLATION:
                    # A month may have been dropped since this recorder made it.
                    self._months.clear()
            # Not all at the same time again.
            self._pause(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - no secret


def parts_of(events: Sequence[JobEvent], most: int) -> Iterator[Sequence[JobEvent]]:
    """The events in their order, in parts of ``most`` that have few bytes: their rows take several times
    as many.
    """
    part: list[JobEvent] = []
    size = 0
    for event in events:
        if size > PART_BYTES or len(part) >= most:
            yield part
            part, size = [], 0
        part.append(event)
        size += len(event.body) + len(event.data) + len(event.log)
    if part:
        yield part
