"""Who was let through a gate that time opens and did not start yet: the rules of `_on_the_way.lua`."""

from __future__ import annotations

from collections.abc import Collection

from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import lane_of
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import freezes

#: After so long one counts no more: it may be that nobody serves his queue.
PATIENCE_MS = 60_000
#: Nobody looks again sooner.
_SOON_MS = 50
#: Of a queue so many are asked whether it is served.
_IN_FRONT = 20
_TIMED = ("rate:", "breaker:")


def is_timed(gate: str) -> bool:
    """Whether time opens a gate, so that who was let through counts there."""
    return gate.startswith(_TIMED)


def send(state: BrokerState, gate: str, job: KeptJob) -> None:
    """Somebody is let through."""
    if is_timed(gate):
        state.on_the_way[gate][job.id] = state.now_ms


def leave(state: BrokerState, job: KeptJob, gate: str) -> None:
    """It started, or does not start by this gate."""
    state.on_the_way[gate].pop(job.id, None)


def leave_passed(state: BrokerState, job: KeptJob) -> None:
    """It does not start by the gate that it was let through."""
    gate, attempts = job.passed
    if gate and attempts == job.attempt:
        leave(state, job, gate)


def coming(state: BrokerState, gate: str) -> list[KeptJob]:
    """Those who count, the first one first. Who never comes, or not soon, counts no more."""
    now = state.now_ms
    sent = {i: at for i, at in state.on_the_way[gate].items() if now - PATIENCE_MS < at <= now}
    found = [job for job_id in sent if (job := state.find(job_id)) and _is_coming(state, job)]
    old = {job.queue for job in found if now - sent[job.id] >= _SOON_MS}
    left_alone = {queue for queue in old if _is_left_alone(state, gate, queue, sent)}
    found = [job for job in found if now - sent[job.id] < _SOON_MS or job.queue not in left_alone]
    state.on_the_way[gate] = {job.id: sent[job.id] for job in found}
    return found


def next_look_ms(state: BrokerState, gate: str) -> int:
    """When (Unix ms) to look again: the longer the first of them does not come, the less often."""
    now = state.now_ms
    found = coming(state, gate)
    age = now - state.on_the_way[gate][found[0].id] if found else 0
    return now + max(_SOON_MS, min(age, PATIENCE_MS - age))


def _is_left_alone(state: BrokerState, gate: str, queue: str, sent: Collection[str]) -> bool:
    """In front of it one stands who counts no more: nobody serves it, and none who follow count."""
    front = (state.jobs[job_id] for job_id in state.queues[queue][:_IN_FRONT])
    return any(job.passed == (gate, job.attempt) and job.id not in sent for job in front)


def _is_coming(state: BrokerState, job: KeptJob) -> bool:
    if job.state is not JobState.QUEUED or job.parked:
        return False
    is_paused = {f"queue:{job.queue}", f"lane:{lane_of(job.queue)}"} & state.paused.keys()
    return not is_paused and freezes.is_thawed(state, job.queue)
