"""Writes down once a minute what waits in each queue, so that it can be seen how it was.

A minute in which a store is away is left out. Two that sample the same minute write it once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from backend.domain.history.queue_depth import ALL_QUEUES, DepthBook, QueueDepth
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState
from backend.domain.ports import Clock, Inspection
from backend.loops.leader import Leader
from backend.loops.led_loop import LedLoop

log = structlog.get_logger("tally.depth-sampler")

_MINUTE, _PRUNE_EVERY = timedelta(minutes=1), timedelta(hours=1)
#: Twice the longest stretch that the pages show, so that one week can be held against the one before.
KEEP = timedelta(days=15)


class DepthSampler(LedLoop):
    """Samples while it leads; leading only spares the others the work."""

    name = "depth-sampler"

    def __init__(
        self, inspection: Inspection, book: DepthBook, leader: Leader, clock: Clock
    ) -> None:
        super().__init__(leader)
        self._look = inspection
        self._book = book
        self._clock = clock
        self._sampled: datetime | None = None
        self._pruned: datetime | None = None
        #: Queues that held something at the last sample: that they are empty is worth a row.
        self._held: set[str] = set()

    def act(self) -> float:
        """Samples if this minute has no sample of ours; the seconds until the next minute."""
        now = self._clock.now()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._sampled:
            self._sample(minute, now)
        if self._pruned is None or now - self._pruned >= _PRUNE_EVERY:
            self._prune(now)
        return (minute + _MINUTE - now).total_seconds()

    def _sample(self, minute: datetime, now: datetime) -> None:
        states = self._look.queue_states(self._look.queue_names())
        depths = [_depth(state, minute, now) for state in states]
        holding = {each.queue for each in depths if each.waiting}
        waiting = sum(each.waiting for each in depths)
        oldest = max((each.oldest_wait for each in depths), default=0.0)
        worth = [each for each in depths if each.queue in holding | self._held]
        self._book.add([QueueDepth(minute, ALL_QUEUES, waiting, oldest), *worth])
        self._sampled, self._held = minute, holding

    def _prune(self, now: datetime) -> None:
        # A clock of one machine alone that is ahead must delete nothing.
        pruned = self._book.prune(min(now, self._book.now()) - KEEP)
        self._pruned = now
        if pruned:
            log.info("depths.pruned", rows=pruned)


def _depth(state: QueueState, minute: datetime, now: datetime) -> QueueDepth:
    since = state.oldest_enqueued_at
    # The clock of Redis may be ahead of this one.
    waited = max(0.0, (now - since).total_seconds()) if since else 0.0
    return QueueDepth(minute, state.name, state.counts[JobState.QUEUED], waited)
