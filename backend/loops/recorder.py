"""Copies what happened from the event stream into the long-term record. Any number of recorders may run.

An entry is acknowledged only after its batch was committed, and a batch may be written again without
harm: so each event is on record once, whoever dies in between. While a store is away the recorder keeps
the batch it holds and tries again; the stream keeps the rest.
"""

from __future__ import annotations

import threading

import structlog

from backend.domain.history.history_ports import EventBatch, EventRecord, EventSource
from backend.domain.ports import Clock
from backend.loops.loop import Loop

log = structlog.get_logger("tally.recorder")

_EMPTY = EventBatch()
#: Seconds a small batch lets more events gather, so that a trickle does not cost a transaction each.
_GATHER = 0.05
_SMALL = 0.25
#: Seconds between looks at the stream's end that is done with, and at what dead recorders left.
_TRIM_EVERY, _RECLAIM_EVERY = 1.0, 5.0


class Recorder(Loop):
    """One recorder: reads, writes, acknowledges."""

    name = "recorder"

    def __init__(
        self,
        stream: EventSource,
        record: EventRecord,
        clock: Clock,
        *,
        batch: int,
        patience: float = 1.0,
    ) -> None:
        """``patience`` is how many seconds a read blocks, and so the longest that stopping takes."""
        self._stream = stream
        self._record = record
        self._clock = clock
        self._most = batch
        self._patience = patience
        self._in_hand = _EMPTY
        self._trim_at = self._reclaim_at = 0.0
        self.recorded = 0
        self.set_aside = 0

    def run_once(self) -> float:
        """Records one batch; the wait is none while there is much to do."""
        size = self.record_batch()
        self._trim()
        return 0.0 if size == 0 or size > self._most * _SMALL else _GATHER

    def record_batch(self) -> int:
        """Records the batch in hand, or the next; how many events it had, 0 when none came."""
        if not self._in_hand.size:
            self._in_hand = self._next()
        batch = self._in_hand
        if batch.size:
            refused = self._record.write(batch)
            self._stream.acknowledge(batch)
            self._in_hand = _EMPTY
            self.recorded += batch.size - refused
            self.set_aside += refused
        return batch.size

    def run(self, stop: threading.Event) -> None:
        """Records until ``stop`` is set; what is in hand then stays for other recorders."""
        super().run(stop)
        try:
            self._stream.leave()
        except Exception as error:  # noqa: BLE001 - whatever Redis says, leaving is no reason to fail
            log.warning("recorder.left_without_a_word", error=str(error))

    def _next(self) -> EventBatch:
        now = self._clock.monotonic()
        if now >= self._reclaim_at:
            left = self._stream.reclaim(self._most)
            if left.size:
                log.info("recorder.took_over", events=left.size)
                return left
            self._reclaim_at = now + _RECLAIM_EVERY
        return self._stream.read(self._most, self._patience)

    def _trim(self) -> None:
        now = self._clock.monotonic()
        if now >= self._trim_at:
            self._stream.trim()
            self._trim_at = now + _TRIM_EVERY
