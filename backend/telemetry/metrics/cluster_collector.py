"""Gauges of the whole deployment, read from Redis at the moment of a scrape. Bounded label sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from backend.domain.errors import Unavailable
from backend.domain.history.history_ports import StreamLag
from backend.domain.jobs.job_state import FINAL_STATES, JobState
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.ports import Clock, Inspection
from backend.domain.schedules.freeze import KINDS, FrozenWindow
from backend.telemetry.logs.logger import Logger
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.counts import Labels
from backend.telemetry.metrics.families import family
from backend.telemetry.metrics.metric_catalogue import Metric
from backend.telemetry.metrics.server_facts import FactSource, ServerFacts

log = Logger("tally.metrics")

#: Anybody may write a queue's name into Redis; what is over this is left out.
MOST_QUEUES = 200
_Values = tuple[Metric, Mapping[Labels, float]]
_WAITING = (JobState.SCHEDULED, JobState.DEFERRED, JobState.QUEUED, JobState.STARTED)


class ClusterCollector(Collector):
    """What the Redis of one shard knows. While it is away only `tally_redis_up` is left, at 0."""

    def __init__(
        self,
        inspection: Inspection,
        facts: FactSource,
        clock: Clock,
        *,
        shard: int = 0,
        queues: Sequence[str],
        lag: Callable[[], StreamLag],
        lag_limit: int = 0,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """``queues`` are shown before they have held a job; ``check`` raises while Redis takes none.

        ``lag_limit``: events that may wait for the record until jobs are refused; 0: no limit.
        """
        self._look = inspection
        self._shard = str(shard)
        self._facts = facts
        self._clock = clock
        self._queues = list(queues)
        self._lag, self._lag_limit = lag, lag_limit
        self._check = check

    def describe(self) -> list[Family]:
        """Nothing: registering must not ask Redis."""
        return []

    def collect(self) -> Iterator[Family]:
        """Everything, as of now."""
        for metric, values in self._values():
            yield family(metric, {(*names, self._shard): value for names, value in values.items()})

    def _values(self) -> Iterator[_Values]:
        """Each metric with what it has, by its labels without the shard's."""
        try:
            found = self._look.queue_names()
            names = [*self._queues, *(name for name in found if name not in self._queues)]
            states = self._look.queue_states(names[:MOST_QUEUES])
            dead, workers = self._look.dead_count(), self._look.workers()
            facts, lag, frozen = self._facts.read(), self._lag(), self._look.frozen()
        except Exception as error:  # noqa: BLE001 - the rest of the page is to be shown
            self._tell(error)
            yield metrics.REDIS_UP, {(): 0}
            return
        yield metrics.REDIS_UP, {(): 1}
        yield metrics.REDIS_WRITABLE, {(): float(self._is_writable())}
        yield metrics.QUEUES_LEFT_OUT, {(): len(names) - len(states)}
        yield from self._of_queues(states)
        yield metrics.DEAD, {(): dead}
        yield metrics.QUEUE_FROZEN, self._frozen_queues(states, frozen)
        yield metrics.FROZEN, self._frozen(frozen)
        yield from _of_workers(workers)
        yield from _of_server(facts)
        yield metrics.LAG_EVENTS, {(): lag.events}
        yield metrics.LAG_LIMIT, {(): self._lag_limit}
        yield metrics.LAG_SECONDS, {(): lag.seconds}

    def _is_writable(self) -> bool:
        try:
            self._check()
        except Exception as error:  # noqa: BLE001 - the rest of the page is to be shown
            self._tell(error)
            return False
        return True

    def _tell(self, error: Exception) -> None:
        if not isinstance(error, Unavailable):
            log.exception("metrics.not_read", shard=self._shard)

    def _frozen(self, windows: Sequence[FrozenWindow]) -> Mapping[Labels, float]:
        now = self._clock.now()
        holding = Counter(w.what.partition(":")[0] for w in windows if w.holds(now))
        return {(kind,): float(holding[kind]) for kind in KINDS}

    def _frozen_queues(
        self, states: Sequence[QueueState], windows: Sequence[FrozenWindow]
    ) -> Mapping[Labels, float]:
        now = self._clock.now()
        return {(q.name,): float(any(w.keeps(q.name, now) for w in windows)) for q in states}

    def _of_queues(self, states: Sequence[QueueState]) -> Iterator[_Values]:
        now = self._clock.now()
        oldest: dict[Labels, float] = {}
        for queue in states:
            since = queue.oldest_enqueued_at
            oldest[queue.name,] = max(0.0, (now - since).total_seconds()) if since else 0.0
        waiting: dict[Labels, float] = {
            (q.name, state.value): float(q.counts[state]) for q in states for state in _WAITING
        }
        ended: dict[Labels, float] = {
            (q.name, state.value): float(q.counts[state])
            for q in states
            for state in sorted(FINAL_STATES)
        }
        yield metrics.QUEUE_JOBS, waiting
        yield metrics.ENDED, ended
        yield metrics.QUEUE_OLDEST, oldest
        yield metrics.QUEUE_PARKED, {(q.name,): q.parked for q in states}
        yield metrics.QUEUE_PAUSED, {(q.name,): float(q.paused) for q in states}
        yield metrics.ACCEPTED, {(q.name,): q.accepted for q in states}
        yield metrics.POISONED, {(q.name,): q.poisoned for q in states}
        yield metrics.DIFFERENCE, {(q.name,): q.difference for q in states}


def _of_workers(workers: Sequence[WorkerState]) -> Iterator[_Values]:
    processes: Counter[Labels] = Counter()
    slots: Counter[Labels] = Counter()
    for worker in workers:
        processes[worker.lane, worker.state] += 1
        if worker.state != "lost":
            slots[worker.lane, "busy"] += worker.busy_slots
            slots[worker.lane, "idle"] += max(0, worker.slots - worker.busy_slots)
    yield metrics.WORKERS, processes
    yield metrics.SLOTS, slots


def _of_server(facts: ServerFacts) -> Iterator[_Values]:
    yield metrics.FOREIGN, {(): facts.foreign_jobs}
    yield metrics.BREAKERS, {(): facts.breakers}
    yield metrics.BREAKER_OPEN, {(): facts.breaker_seconds}
    yield metrics.QUOTAS, {(): facts.quotas}
    used_up = {"waiting": facts.quotas_waiting, "running": facts.quotas_running}
    yield metrics.QUOTAS_USED_UP, {(kind,): float(used_up[kind]) for kind in used_up}
    yield metrics.LEASES, {(): facts.leases}
    yield metrics.LEASES_EXPIRED, {(): facts.leases_expired}
    yield metrics.SCHEDULE_OVERDUE, {(): facts.overdue_seconds}
    yield metrics.REDIS_MEMORY, {(): facts.memory_bytes}
    yield metrics.REDIS_LIMIT, {(): facts.memory_limit_bytes}
    yield metrics.REDIS_EVICTS, {(): facts.evicts}
