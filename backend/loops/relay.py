"""Takes jobs from the outbox to Redis, in order of creation, each once. Any number may run; one leads.

A row is claimed in one transaction, sent, and noted as sent in another. A relay that dies in between
leaves it in doubt: Redis may have the job, may have had it and forgotten it (a finished job leaves Redis
after a while), or never saw it. Sending it again is harmless only in the first and last case, so:

1. Each send carries the fence of the leadership; Redis refuses a lower one than it has seen. A relay
   that takes over makes its fence seen first: from then on no send of any other can arrive late.
2. Only then rows that were claimed in another term are judged. A job that Redis has, or that is on
   record since it was claimed, arrived: an earlier one had the same id. One that neither knows did not,
   but only when the recorder has followed the stream beyond that moment; until then the row waits.
3. A relay that does not know how its own send ended gives the lead up and begins a new term.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Sequence

import structlog

from backend.domain.events.outbox import OutboxJob, SendCode, SendReply, SentRow
from backend.domain.events.outbox_ports import (
    EventProgress,
    NotifyListener,
    RelayStore,
    RelayTarget,
)
from backend.domain.ports import Clock
from backend.loops.leader import Leader
from backend.loops.loop import Loop

log = structlog.get_logger("tally.relay")

#: Seconds between looks when nothing rings, and until a row that Redis refused is offered again.
_IDLE, _REFUSED_PAUSE = 1.0, 1.0
#: Seconds between looks at old rows, and at rows that a relay claimed after it had been superseded.
_TIDY_EVERY = 10.0
#: Seconds between two lines about rows that Redis refuses: each is tried again each second.
_TELL_EVERY = 60.0
_CLEAN_MOST, _DOUBTS_MOST = 5000, 1000


class Relay(Loop):
    """Empties the outbox while it leads."""

    name = "relay"

    def __init__(
        self,
        store: RelayStore,
        gate: RelayTarget,
        progress: EventProgress,
        *,
        leader: Leader,
        notify_listener: NotifyListener,
        clock: Clock,
        batch: int = 100,
        keep_sent: float = 86_400.0,
    ) -> None:
        """``keep_sent`` is how many seconds a sent row stays at least."""
        self._store = store
        self._gate = gate
        self._progress = progress
        self._leader = leader
        self._notify_listener = notify_listener
        self._clock = clock
        self._batch = batch
        self._keep_sent = keep_sent
        self._fence = 0
        #: Unlike fences, never the same again, not even after Redis lost its data.
        self._term = 0
        self._has_doubts = False
        self._is_unsure = False
        self._tidy_at = self._tell_at = 0.0
        self._refusals = 0
        self.sent = 0

    def run_once(self) -> float:
        """Sends one batch; the wait is none while there is more."""
        if not self._leads():
            return self._leader.look_again
        if self._has_doubts:
            self._resolve()
        self._tidy()
        return 0.0 if self._send() == self._batch else _IDLE

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Sleeps until something is committed to the outbox; one that does not lead just sleeps."""
        if seconds <= 0 or stop.is_set():
            return
        if self._fence and self._leader.fence == self._fence:
            self._notify_listener.wait(min(seconds, _IDLE))
        else:
            stop.wait(seconds)

    def run(self, stop: threading.Event) -> None:
        """Relays until ``stop`` is set."""
        try:
            super().run(stop)
        finally:
            self._notify_listener.close()
            # Whatever Redis says: the lead ends by itself soon.
            with contextlib.suppress(Exception):
                self._leader.give_up()

    def _leads(self) -> bool:
        if self._is_unsure:
            self._leader.give_up()
            self._is_unsure = False
        if not self._leader.leads():
            return False
        if self._leader.fence != self._fence:
            if not self._gate.close_to_others(self._leader.fence):
                self._leader.make_way()
                return False
            self._fence = self._leader.fence
            self._term = secrets.randbits(62) + 1
            self._has_doubts = True
        return True

    def _resolve(self) -> None:
        """Settles rows that another relay claimed and did not live to mark."""
        doubtful = self._store.in_doubt(self._term, _DOUBTS_MOST)
        self._has_doubts = bool(doubtful)
        if not doubtful:
            return
        head = self._progress.head()
        arrived = self._gate.known(list(doubtful.values()))
        recorded_to = self._progress.recorded()
        is_complete = recorded_to is None or recorded_to >= head
        arrived |= self._store.recorded(
            [n for n, job_id in doubtful.items() if job_id not in arrived]
        )
        self._store.sent(
            [SentRow(n, job_id) for n, job_id in doubtful.items() if job_id in arrived]
        )
        lost = [number for number, job_id in doubtful.items() if job_id not in arrived]
        if is_complete:
            self._store.free(lost, self._term)
        log.warning("relay.doubts", arrived=len(arrived), lost=len(lost), decided=is_complete)

    def _send(self) -> int:
        """Claims, sends and notes one batch; how many rows it had."""
        # A Redis that has just lost its data knows of no event.
        head = self._progress.head() or self._store.last_version()
        self._is_unsure = True
        claim = self._store.claim(self._term, self._batch, head)
        if claim.unreadable:
            log.error("relay.set_aside", rows=[number for number, _ in claim.unreadable])
            self._store.set_aside(claim.unreadable)
        if claim.jobs:
            replies = self._gate.send([row.job for row in claim.jobs], self._fence)
            self._note(claim.jobs, replies)
        self._is_unsure = False
        return len(claim.jobs) + len(claim.unreadable)

    def _note(self, rows: Sequence[OutboxJob], replies: Sequence[SendReply] | None) -> None:
        if replies is None:
            superseded = [(row.number, "another relay took over") for row in rows]
            self._store.give_back(superseded, self._term, 0.0)
            self._leader.make_way()
            return
        pairs = list(zip(rows, replies, strict=True))
        sent = [
            SentRow(row.number, reply.text, reply.was_there)
            for row, reply in pairs
            if reply.code is SendCode.ACCEPTED
        ]
        refused = [
            (row.number, reply.text) for row, reply in pairs if reply.code is SendCode.REFUSED
        ]
        if sent:
            self._store.sent(sent)
            self.sent += len(sent)
        conflicts = [
            (row.number, reply.text) for row, reply in pairs if reply.code is SendCode.CONFLICT
        ]
        if conflicts:
            log.error("relay.set_aside", rows=[number for number, _ in conflicts])
            self._store.set_aside(conflicts)
        if refused:
            self._store.give_back(refused, self._term, _REFUSED_PAUSE)
            self._tell_refusals(len(refused), refused[0][1])

    def _tell_refusals(self, rows: int, reason: str) -> None:
        self._refusals += rows
        now = self._clock.monotonic()
        if now >= self._tell_at:
            log.warning("relay.refused", refusals=self._refusals, reason=reason)
            self._refusals, self._tell_at = 0, now + _TELL_EVERY

    def _tidy(self) -> None:
        now = self._clock.monotonic()
        if now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY
            self._store.clean(self._keep_sent, _CLEAN_MOST)
            self._has_doubts = True
