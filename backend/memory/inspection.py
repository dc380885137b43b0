"""Looking at queues, dead letters and gates, in memory. The read side; nothing here changes a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from backend.broker.jobs.moments import moment
from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate, RateState
from backend.domain.jobs.options.unique import OnConflict, UniqueScope
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.plans.twin import Twin, TwinBy
from backend.domain.jobs.queue_name import lane_of
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.schedules.freeze import FrozenWindow
from backend.memory.job_queue import conflict_between
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import rates, scopes
from backend.memory.waiting.fair_lines import FAIR, gate_of

_ENDED = (JobState.FINISHED, JobState.FAILED, JobState.CANCELED)


class MemoryInspection:
    """The `Inspection` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state
        self._workers: list[Callable[[], WorkerState]] = []

    def count_in(self, worker: Callable[[], WorkerState]) -> None:
        """Somebody in this process works here; how it is doing is asked when it is looked at."""
        self._workers.append(worker)

    def queue_names(self) -> list[str]:
        """Every queue that ever held a job."""
        with self._state.lock:
            return sorted(name for name, books in self._state.counts.items() if books)

    def queue_states(self, names: Sequence[str]) -> list[QueueState]:
        """How many jobs of each queue are where, and since when its oldest waits, parked ones too."""
        with self._state.lock:
            return [self._queue_state(name) for name in names]

    def _queue_state(self, name: str) -> QueueState:
        state, books = self._state, self._state.counts[name]
        there = [job for job in state.jobs.values() if job.queue == name]
        counts = {each: sum(job.state is each for job in there) for each in JobState}
        counts |= {ended: books[ended.value] for ended in _ENDED}
        waiting = [job.enqueued_ms for job in there if job.state is JobState.QUEUED]
        return QueueState(
            name=name,
            counts=counts,
            accepted=books["accepted"],
            parked=books["parked"] - books["lined"],
            lined=books["lined"],
            oldest_enqueued_at=moment(min(waiting) / 1000) if waiting else None,
            paused=bool({f"queue:{name}", f"lane:{lane_of(name)}"} & state.paused.keys()),
            poisoned=books["poisoned"],
        )

    def paused(self) -> list[str]:
        """What is paused."""
        with self._state.lock:
            return sorted(self._state.paused)

    def pauses(self) -> list[Pause]:
        """What is paused, by whom, since when and why, and how many jobs stepped aside for it."""
        with self._state.lock:
            return [self._pause(what) for what in sorted(self._state.paused)]

    def _pause(self, what: str) -> Pause:
        note = self._state.paused[what]
        gate = what.replace("type:", "paused:", 1)
        parked = len(self._state.parked.get(gate, ()))
        return Pause(what, note.by, note.reason, moment(note.since_ms / 1000), parked)

    def gates(self) -> list[str]:
        """Limits and paused job types that jobs wait behind, by name."""
        with self._state.lock:
            return sorted({gate_of(line) for line, ids in self._state.parked.items() if ids})

    def parked(self, gate: str, start: int, most: int) -> list[str]:
        """Ids that wait behind a limit or a paused job type, the next to go on first."""
        with self._state.lock:
            return self._behind(gate)[start : start + most]

    def newest_parked(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one."""
        with self._state.lock:
            return [i for gate in self.gates() for i in self._behind(gate)[-most:]]

    def _behind(self, gate: str) -> list[str]:
        if gate.startswith(FAIR):
            return self._state.lines.ids(gate.removeprefix(FAIR))
        return self._state.parked.get(gate, [])

    def position(self, job_id: str, queue: str) -> int | None:
        """How many jobs of its queue run before it; None when it does not wait there."""
        with self._state.lock:
            waiting = self._state.queues.get(queue, [])
            return waiting.index(job_id) if job_id in waiting else None

    def waiting(self, queue: str, start: int, most: int) -> list[str]:
        """Ids in a queue, the next to run first."""
        with self._state.lock:
            return self._state.queues.get(queue, [])[start : start + most]

    def scheduled(self, start: int, most: int) -> list[tuple[str, datetime]]:
        """Jobs that wait for their time, the soonest first."""
        with self._state.lock:
            found = sorted(
                self._state.of_state(JobState.SCHEDULED), key=lambda job: (job.due_ms, job.id)
            )
            return [(job.id, moment(job.due_ms / 1000)) for job in found[start : start + most]]

    def started(self, queue: str) -> list[str]:
        """Ids that run now."""
        with self._state.lock:
            running = self._state.of_state(JobState.STARTED)
            return sorted(job.id for job in running if job.queue == queue)

    def dead(
        self, start: int, most: int, *, newest_first: bool = True
    ) -> list[tuple[str, datetime]]:
        """Dead jobs and since when they are."""
        with self._state.lock:
            found = [(since, job_id) for job_id, since in self._state.dead.items()]
            ordered = sorted(found, reverse=newest_first)[start : start + most]
            return [(job_id, moment(since / 1000)) for since, job_id in ordered]

    def dead_count(self) -> int:
        """How many jobs are in the dead-letter queue."""
        with self._state.lock:
            return len(self._state.dead)

    def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Those of the jobs that are known, in the order given; results are left out."""
        with self._state.lock:
            found: list[KeptJob | None] = [self._state.find(job_id) for job_id in job_ids]
            return [job.view(with_result=False) for job in found if job is not None]

    def workers(self) -> list[WorkerState]:
        """Those in this process: no other can reach this memory."""
        return [state_of() for state_of in self._workers]

    def gate(self, gate: str) -> tuple[list[str], int]:
        """Who holds the slots of a concurrency limit, and how many wait behind it."""
        with self._state.lock:
            holders = sorted(self._state.holders.get(gate, ()))
            return holders, len(self._state.parked.get(gate, ()))

    def holder_of(self, scope: UniqueScope) -> str:
        """The job that keeps out those that are the same; empty for none: the key is free."""
        with self._state.lock:
            held = scopes.holder(self._state, scope.key)
            return held.id if held else ""

    def twins(self, jobs: Sequence[NewJob]) -> list[Twin | None]:
        """Of jobs that are asked for, those that would be answered in their place; nothing is accepted."""
        with self._state.lock:
            return [self._twin(job) for job in jobs]

    def _twin(self, job: NewJob) -> Twin | None:
        state, here = self._state, self._state.find(job.id)
        found = here or (state.holder_of(job.unique_key) if job.unique_key else None)
        if found is not None:
            by = TwinBy.JOB_ID if here else TwinBy.IDEMPOTENCY_KEY
            return Twin(found.id, by, is_conflict=conflict_between(found, job) is not None)
        holder = scopes.holder(state, job.scope.key) if job.scope else None
        if holder is None or job.scope is None:
            return None
        replaced = job.scope.on_conflict != OnConflict.KEEP and scopes.is_first(holder)
        return Twin(holder.id, TwinBy.UNIQUE, job.scope, replaced)

    def key_limits(self) -> dict[str, int]:
        """How many jobs of a key may run at once, where an operator says so; 0: as many as can."""
        with self._state.lock:
            return dict(self._state.key_limits)

    def rates(self) -> dict[str, Rate]:
        """How many jobs of a type may start in a time, where that is limited."""
        with self._state.lock:
            return dict(self._state.rates)

    def key_rates(self) -> dict[str, Rate | None]:
        """How many jobs of a key may start in a time, where an operator says so; None: as many as come."""
        with self._state.lock:
            return dict(self._state.key_rates)

    def rate_state(self, name: str, own: Rate | None = None) -> RateState | None:
        """How the rate of a type stands, or of a key; None when it has none. ``own``: what its jobs say."""
        with self._state.lock:
            found = rates.state_of(self._state, name, own)
        if found is None:
            return None
        rate, waiting, opens, spoken = found
        opens_at = moment(opens / 1_000_000) if opens else None
        return RateState(rate, waiting, opens_at, moment(spoken / 1_000_000))

    def frozen(self) -> list[FrozenWindow]:
        """Windows of freezes that workers know, by their beginning; also those whose ramp is not over."""
        with self._state.lock:
            found = sorted(self._state.frozen.items(), key=lambda pair: pair[1])
        return [
            FrozenWindow(k.name, k.what, moment(at / 1000), moment(k.ends / 1000), k.ramp / 1000)
            for k, at in found
        ]

    def limits(self) -> dict[str, int]:
        """Concurrency limits by job type."""
        with self._state.lock:
            return dict(self._state.limits)
