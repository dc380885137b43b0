"""What the memory broker knows: one dict of jobs, the orders in which they wait, and the books."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from backend.broker.jobs.codec import milliseconds
from backend.domain.jobs.hooks.attempt_end import AttemptEnd
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_event import EventKind, JobEvent
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate
from backend.domain.ports import Clock
from backend.locks.fork_locks import cached_property, own_lock
from backend.memory.kept_job import KeptJob, kept
from backend.memory.waiting.fair_lines import FairLines

if TYPE_CHECKING:
    from backend.memory.waiting.breakers import KeptBreaker
    from backend.memory.waiting.freezes import WindowKey
    from backend.memory.waiting.quotas import KeptQuota


class PauseNote(NamedTuple):
    """Who paused something, why, and since when (Unix ms)."""

    by: str
    reason: str
    since_ms: int


class BrokerState:
    """Everything of one deployment. Whoever reads or changes it holds `lock`; `changed` tells who waits."""

    #: How many jobs were accepted, and when the last event was, with its number in that millisecond.
    _accepted = 0
    _last = (0, 0)

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        own_lock(self)
        self.jobs: dict[str, KeptJob] = {}
        #: So that nobody looks through all that ever were.
        self._by_state: defaultdict[JobState, dict[str, KeptJob]] = defaultdict(dict)
        #: Ids in the order in which they run, by queue.
        self.queues: defaultdict[str, list[str]] = defaultdict(list)
        self.uniques: dict[str, tuple[str, int]] = {}
        #: Who took the key of what is unique last, and until when (0: no time says).
        self.scopes: dict[str, tuple[str, int]] = {}
        #: Ids that wait aside, the next first, and those that hold slots, by gate.
        self.parked: defaultdict[str, list[str]] = defaultdict(list)
        self.holders: defaultdict[str, set[str]] = defaultdict(set)
        #: How many were let through each gate while several priorities waited there.
        self.turns: Counter[str] = Counter()
        self.limits: dict[str, int] = {}
        self.key_limits: dict[str, int] = {}
        self.rates: dict[str, Rate] = {}
        self.key_rates: dict[str, Rate | None] = {}
        #: By rate up to which instant (µs) starts are spoken for; by gate who was let through when (ms).
        self.spoken_for: dict[str, int] = {}
        self.on_the_way: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.quotas: dict[str, KeptQuota] = {}
        self.breakers: dict[str, KeptBreaker] = {}
        #: Who set, or lifted, the rate, and the limit, of a type.
        self.rated_by: dict[str, str] = {}
        self.limited_by: dict[str, str] = {}
        self.paused: dict[str, PauseNote] = {}
        #: By window of a freeze since when (Unix ms) it holds, and how many started in its ramp.
        self.frozen: dict[WindowKey, int] = {}
        self.ramp_starts: Counter[WindowKey] = Counter()
        #: Since when jobs are dead.
        self.dead: dict[str, int] = {}
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.lines = FairLines(self.parked, self.counts)
        #: Events that are not recorded for good yet, the oldest first.
        self.events: list[JobEvent] = []
        #: Attempts whose processes died, of which no observer was told yet.
        self.untold: list[AttemptEnd] = []

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)

    @cached_property
    def fences_seen(self) -> Counter[str]:
        """By duty the highest fence of whoever did it here."""
        return Counter()

    @property
    def now_ms(self) -> int:
        """The time in Unix milliseconds."""
        return milliseconds(self.clock.now())

    def find(self, job_id: str) -> KeptJob | None:
        """The job of this id, unless its time is over."""
        job = self.jobs.get(job_id)
        if job is None:
            return None
        if job.forget_result_ms and job.forget_result_ms <= self.now_ms:
            job.result = ""
        if job.forget_ms and job.forget_ms <= self.now_ms:
            self.forget(job)
            return None
        return job

    def of_state(self, state: JobState) -> list[KeptJob]:
        """Every job in a state, in the order in which they were accepted."""
        return sorted(self._by_state[state].values(), key=lambda job: job.number)

    def move(self, job: KeptJob, state: JobState) -> None:
        """It is in that state from now on. Nothing else sets it: `of_state` goes by this."""
        self._by_state[job.state].pop(job.id, None)
        self._by_state[state][job.id] = job
        job.state = state

    def forget(self, job: KeptJob) -> None:
        """It is nowhere any more."""
        del self.jobs[job.id], self._by_state[job.state][job.id]

    def event(self, kind: EventKind, job: KeptJob, **fields: Any) -> str:
        """Appends one line to the history of a job; its id, which only grows."""
        last_ms, sequence = self._last
        now = max(self.now_ms, last_ms)
        self._last = (now, sequence + 1 if now == last_ms else 0)
        identity = f"{self._last[0]}-{self._last[1]}"
        line = JobEvent(identity, kind.value, job.id, job.queue)
        self.events.append(line._replace(**fields))
        self.changed.notify_all()
        return identity

    def accept(self, asked: NewJob) -> None:
        """Puts a job that is not there into its queue, or into the schedule."""
        self._accepted += 1
        job = self.jobs[asked.id] = kept(asked, self.now_ms, self._accepted)
        if asked.unique_key:
            job.unique_until_ms = self.now_ms + int(asked.unique_window * 1000)
            self.uniques[asked.unique_key] = (job.id, job.unique_until_ms)
        self.counts[job.queue]["accepted"] += 1
        due_ms = milliseconds(asked.run_at)
        if asked.delay > 0:
            due_ms = self.now_ms + int(asked.delay * 1000)
        if due_ms > self.now_ms:
            self.schedule(job, due_ms)
        else:
            self.requeue(job)
        self.event(
            EventKind.ENQUEUED,
            job,
            state=job.state.value,
            job_type=asked.job_type,
            max_attempts=asked.max_attempts,
            due_ms=due_ms,
            data=job.payload,
            options=job.options,
        )

    def to_queue(self, job: KeptJob, *, front: bool = False) -> None:
        """Where workers look for it."""
        if front:
            self.queues[job.queue].insert(0, job.id)
        elif not self.lines.line_up(job):
            self.queues[job.queue].append(job.id)
        self.changed.notify_all()

    def requeue(self, job: KeptJob, *, front: bool = False) -> None:
        """It waits for a worker from now on."""
        self.move(job, JobState.QUEUED)
        job.enqueued_ms, job.due_ms = self.now_ms, 0
        self.to_queue(job, front=front)

    def schedule(self, job: KeptJob, due_ms: int) -> None:
        """It waits for its time."""
        self.move(job, JobState.SCHEDULED)
        job.due_ms = due_ms
        self.changed.notify_all()

    def holder_of(self, unique_key: str) -> KeptJob | None:
        """The job that a key stands for. That of one that was withdrawn, has expired or is gone is free."""
        job_id, until_ms = self.uniques.get(unique_key, ("", 0))
        job = self.find(job_id) if until_ms > self.now_ms else None
        is_free = job is None or job.state is JobState.CANCELED or job.has_expired(self.now_ms)
        return None if is_free else job
