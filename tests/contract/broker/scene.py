"""What happens at a broker, in the words of those who use it; nothing here knows which broker it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.domain.jobs.job import ClaimedJob, EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan, Dispatch, Lease, Rescued
from tests.contract.broker.brokers import Broker
from tests.contract.broker.jobs import new_job, outcome

LANES = ("default", "email")
QUEUES = ("high", "normal", "low")


def answers(replies: Sequence[EnqueueReply]) -> list[tuple[str, bool]]:
    """Of each the id, and whether it is new."""
    return [(reply.id, reply.created) for reply in replies]


class Scene:
    """One broker, its callers, workers and operators."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.do = broker.operations
        self.look = broker.inspection
        self._events: list[JobEvent] = []
        self._workers: dict[tuple[str, float], Dispatch] = {}

    # -- callers

    def ask(self, *jobs: NewJob) -> list[tuple[str, bool]]:
        """What callers hear who enqueue: the id, and whether it is new."""
        return answers(self.broker.queue.enqueue(jobs))

    def accept(self, *jobs: NewJob) -> list[str]:
        """Jobs that are there now; their ids."""
        assert all(is_new for _, is_new in self.ask(*jobs))
        return [job.id for job in jobs]

    def waiting(self, **fields: Any) -> str:
        """A job that waits for a worker."""
        return self.accept(new_job(**fields))[0]

    def scheduled(self, **fields: Any) -> str:
        """A job that waits for its time."""
        return self.waiting(**{"delay": 1000.0, **fields})

    # -- workers

    def worker(self, name: str = "w1", lease_seconds: float = 60.0) -> Dispatch:
        """One worker process; the same for the same name, since each has a connection of its own."""
        who = name, lease_seconds
        if who not in self._workers:
            self._workers[who] = self.broker.dispatch(name, LANES, lease_seconds=lease_seconds)
        return self._workers[who]

    def claim(
        self,
        most: int = 1,
        queues: Sequence[str] = QUEUES,
        *,
        worker: str = "w1",
        lease_seconds: float = 60.0,
        guaranteed: dict[str, int] | None = None,
    ) -> list[ClaimedJob]:
        """Jobs that a worker takes."""
        plan = [ClaimPlan(queue, (guaranteed or {}).get(queue, 0)) for queue in queues]
        return self.worker(worker, lease_seconds).settle_and_claim([], plan, most)[1]

    def claimed_ids(self, most: int = 10, queues: Sequence[str] = QUEUES) -> list[str]:
        """The ids of what a worker takes, in its order."""
        return [job.id for job in self.claim(most, queues)]

    def started(self, **fields: Any) -> ClaimedJob:
        """A job that a worker holds."""
        job = new_job(**fields)
        self.accept(job)
        return next(held for held in self.claim(10, [str(job.queue)]) if held.id == job.id)

    def settle(self, held: ClaimedJob, kind: str, **fields: Any) -> SettleCode:
        """The worker says how the attempt ended."""
        return self.worker().settle_and_claim([(held, outcome(kind, **fields))], [], 0)[0][0]

    def finished(self, **fields: Any) -> str:
        """A job that is done."""
        held = self.started(**fields)
        self.settle(held, "finished", result='"done"')
        return held.id

    def dead(self, **fields: Any) -> str:
        """A job in the dead-letter queue."""
        held = self.started(**fields)
        self.settle(held, "failed")
        return held.id

    def in_state(self, state: str) -> str:
        """A job in a state."""
        return {
            "queued": self.waiting,
            "scheduled": self.scheduled,
            "started": lambda: self.started().id,
            "finished": self.finished,
            "failed": self.dead,
            "canceled": self.canceled,
        }[state]()

    # -- the clock

    def promote(self, most: int = 100) -> int:
        """Jobs whose time has come go to their queues."""
        return self.broker.timetable.promote(most, 0).moved

    def lease_of(self, held: ClaimedJob) -> Lease:
        """A lease as a rescuer sees it."""
        leases = self.broker.leases.of_worker("w1")
        return next(lease for lease in leases if lease.job_id == held.id)

    def rescue(self, lease: Lease, kind: str = "released", *, only_expired: bool = True) -> bool:
        """Somebody else ends the attempt."""
        rescued = [Rescued(lease, outcome(kind))]
        return self.broker.leases.rescue(rescued, only_expired=only_expired)[0]

    # -- operators

    def cancel(self, *job_ids: str, force: bool = False) -> list[int]:
        """Ada withdraws jobs."""
        return [*self.do.cancel(job_ids, by="ada", reason="changed my mind", force=force)]

    def canceled(self, **fields: Any) -> str:
        """A job that was withdrawn before it ran."""
        job_id = self.waiting(**fields)
        self.cancel(job_id)
        return job_id

    def parked_by_limit(self, **fields: Any) -> tuple[ClaimedJob, str]:
        """A job that holds the only slot of its type, and one that waits behind it."""
        self.do.limit(fields.get("job_type", "greet"), 1)
        holder = self.started(**fields)
        job_id = self.waiting(**fields)
        assert self.claim(queues=[holder.queue]) == []
        return holder, job_id

    # -- looking

    def view(self, job_id: str) -> JobView:
        """The job as everybody sees it."""
        found = self.broker.queue.find(job_id)
        assert found is not None
        return found

    def is_gone(self, job_id: str) -> bool:
        """Whether nothing is known of it any more."""
        return self.broker.queue.find(job_id) is None

    def state(self, job_id: str) -> str:
        """The state it is in."""
        return self.view(job_id).state.value

    def queue(self, name: str = "normal") -> list[str]:
        """Ids in a queue, the next to run first."""
        return self.look.waiting(name, 0, 100)

    def books(self, name: str = "normal") -> QueueState:
        """One queue and its numbers."""
        return self.look.queue_states([name])[0]

    def count(self, state: str, name: str = "normal") -> int:
        """How many jobs of a queue are in a state."""
        return self.books(name).counts[JobState(state)]

    def events(self, job_id: str) -> list[JobEvent]:
        """Every line of a job's history so far."""
        while (batch := self.broker.events.read(1000, 0.001)).size:
            self._events += batch.events
        return [event for event in self._events if event.job_id == job_id]

    def kinds(self, job_id: str) -> list[str]:
        """What happened to a job, in order."""
        return [event.kind for event in self.events(job_id)]

    def imbalance(self) -> dict[str, int]:
        """By how much the books of each queue are out; empty when all is well."""
        states = self.look.queue_states(self.look.queue_names())
        return {state.name: state.difference for state in states if state.difference}
