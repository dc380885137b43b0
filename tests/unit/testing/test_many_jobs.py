"""What a queue in memory looks through: what is to be done, not all that was."""

from __future__ import annotations

from typing import Any, NoReturn

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ports import ClaimPlan
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock


class _Listless(dict[str, Any]):
    """Jobs that are found by their ids alone."""

    def values(self) -> NoReturn:
        raise AssertionError("looks through all jobs that ever were")


def _job(job_id: str, delay: float = 0.0) -> NewJob:
    return NewJob(job_id, "greet", QueueName.parse("normal"), "{}", {}, 4, 60.0, 60, delay=delay)


def test_a_job_is_worked_off_without_a_look_at_those_that_ended() -> None:
    broker = MemoryBroker(StandingClock())
    state = broker._state
    state.jobs = _Listless()
    worker = broker.dispatch("w1", ("default",), lease_seconds=60)
    broker.queue.enqueue([_job("a"), _job("b"), _job("later", delay=60)])

    broker.timetable.promote(10, 0)
    _, [claimed] = worker.settle_and_claim([], [ClaimPlan("normal", 0)], 1)
    broker.leases.extend([(claimed.id, claimed.fence)], 60)
    worker.settle_and_claim([(claimed, Outcome(OutcomeKind.FINISHED, "1"))], (), 0)

    found = {each: [job.id for job in state.of_state(each)] for each in JobState}
    assert {each: ids for each, ids in found.items() if ids} == {
        JobState.SCHEDULED: ["later"],
        JobState.QUEUED: ["b"],
        JobState.FINISHED: ["a"],
    }
