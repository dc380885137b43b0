"""How jobs and their attempts end: the rules of `settle.lua`, shared by workers, rescuers and operators."""

from __future__ import annotations

import json
import math
from typing import Any

from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import (
    FOLLOW,
    FOLLOWS,
    ON_FAILURE,
    Followed,
    ended_state,
    options_text,
)
from backend.domain.jobs.queue_name import QueueName
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import gates, on_the_way, scopes

_REQUEUED = {OutcomeKind.RELEASED, OutcomeKind.CRASHED, OutcomeKind.SUSPECTED}
_COUNTED = {OutcomeKind.RETRIED, OutcomeKind.FAILED, OutcomeKind.CRASHED}
_STOPPED_BY_CANCEL = _REQUEUED | {
    OutcomeKind.RETURNED,
    OutcomeKind.RETRIED,
    OutcomeKind.SNOOZED,
}
#: Seconds that any job is kept at most once it has ended.
_LONGEST = 31_622_400
#: Seconds that it is kept at least, without its result: who got no answer says the same again.
_SAID_AGAIN = 10


def end_attempt(state: BrokerState, job: KeptJob, outcome: Outcome) -> OutcomeKind:
    """Ends the attempt that is under way; the kind that holds."""
    fence, attempt, worker = job.fence, job.attempt, job.worker
    job.lease_ms = 0
    gates.leave(state, job)
    has_begun = outcome.kind is not OutcomeKind.RETURNED
    if not has_begun:
        job.take_back()
    job.before = (0, "", 0, "")
    kind = _charge(state, job, outcome)
    _move(state, job, kind, outcome)
    if has_begun:
        _tell_end(state, job, kind, outcome, (fence, attempt, worker))
    else:
        _tell_return(state, job, kind, outcome, (fence, worker))
    if job.state.is_final:
        tell_end(state, job, job.state.value)
        gates.leave_kept_gate(state, job)
    elif has_begun:
        scopes.has_started(state, job)
    return kind


def _charge(state: BrokerState, job: KeptJob, outcome: Outcome) -> OutcomeKind:
    """What the attempt leaves with the job, and the kind that holds: a crash may spend the last attempt."""
    kind = outcome.kind
    if job.cancel and kind in _STOPPED_BY_CANCEL:
        kind = OutcomeKind.CANCELED
    if outcome.error is not None and kind is not OutcomeKind.RELEASED:
        job.error = outcome.error
    job.is_suspect |= kind in {OutcomeKind.SUSPECTED, OutcomeKind.CRASHED}
    job.suspicions += kind is OutcomeKind.SUSPECTED
    if kind in {OutcomeKind.RETRIED, OutcomeKind.SNOOZED}:
        job.suspicions = 0
    job.failures += kind in _COUNTED
    is_spent = kind is OutcomeKind.CRASHED and job.failures >= job.asked.max_attempts
    if is_spent or outcome.is_poison:
        state.counts[job.queue]["poisoned"] += 1
    return OutcomeKind.FAILED if is_spent else kind


def _move(state: BrokerState, job: KeptJob, kind: OutcomeKind, outcome: Outcome) -> None:
    now = state.now_ms
    if kind in {OutcomeKind.FINISHED, OutcomeKind.CANCELED}:
        job.result = outcome.result if kind is OutcomeKind.FINISHED else ""
        end(state, job, JobState(kind.value))
        keep(state, job, with_key=kind is OutcomeKind.FINISHED)
    elif kind is OutcomeKind.FAILED:
        end(state, job, JobState.FAILED)
        state.dead[job.id] = now
    elif kind is OutcomeKind.RETURNED and outcome.delay > 0:
        job.fence = ""
        state.schedule(job, now + int(outcome.delay * 1000))
    elif kind is OutcomeKind.RETURNED:
        job.fence = ""
        state.move(job, JobState.QUEUED)
        state.to_queue(job, front=True)
    elif kind in _REQUEUED:
        job.fence = ""
        state.requeue(job, front=True)
    else:
        job.fence, job.ended_ms = "", now
        state.schedule(job, now + max(int(outcome.delay * 1000), 1))


def _tell_end(
    state: BrokerState,
    job: KeptJob,
    kind: OutcomeKind,
    outcome: Outcome,
    held: tuple[str, int, str],
) -> None:
    fence, attempt, worker = held
    state.event(
        EventKind(kind.value),
        job,
        attempt=attempt,
        worker=worker,
        fence=fence,
        body=codec.outcome_texts(outcome)[0],
        run_ms=outcome.run_seconds * 1000,
        due_ms=state.now_ms + int(outcome.delay * 1000) if outcome.delay > 0 else 0,
        log=outcome.log,
    )


def _tell_return(
    state: BrokerState, job: KeptJob, kind: OutcomeKind, outcome: Outcome, held: tuple[str, str]
) -> None:
    """Its handler never began: the start is taken back."""
    fence, worker = held
    if kind is not OutcomeKind.RETURNED:
        state.event(EventKind(kind.value), job, worker=worker, taken_back=fence)
    elif outcome.delay <= 0:
        state.event(EventKind.RELEASED, job, worker=worker, taken_back=fence)
    else:
        body = codec.outcome_texts(outcome)[0]
        given = {"worker": worker, "taken_back": fence, "body": body, "due_ms": job.due_ms}
        state.event(EventKind.SNOOZED, job, **given)


def end(state: BrokerState, job: KeptJob, ended: JobState) -> None:
    """A job reaches a final state."""
    state.move(job, ended)
    job.ended_ms = state.now_ms
    state.counts[job.queue][ended.value] += 1
    state.changed.notify_all()


def keep(state: BrokerState, job: KeptJob, *, with_key: bool) -> None:
    """Leaves a final job readable for its ``result_ttl``, ten seconds, or as long as its key stands."""
    now, ttl = state.now_ms, min(job.asked.result_ttl, _LONGEST)
    left = math.ceil((job.unique_until_ms - now) / 1000) if with_key and job.unique_until_ms else 0
    life = max(ttl, _SAID_AGAIN, min(left, _LONGEST))
    if ttl <= 0:
        job.result = ""
    job.forget_ms, job.forget_result_ms = now + life * 1000, now + max(ttl, 0) * 1000


def withdraw(
    state: BrokerState, job: KeptJob, *, by: str, reason: str, how: str = "canceled"
) -> None:
    """Cancels a job that waits, wherever it waits: somebody wants so, or it is ``expired``."""
    was_parked = bool(job.parked)
    if was_parked:
        gates.unpark(state, job)
    elif job.state is JobState.QUEUED and job.id in state.queues[job.queue]:
        state.queues[job.queue].remove(job.id)
    end(state, job, JobState.CANCELED)
    keep(state, job, with_key=False)
    state.event(EventKind.CANCELED, job, body=reason, worker=by)
    tell_end(state, job, how)
    gates.leave_kept_gate(state, job)
    if not was_parked:
        on_the_way.leave_passed(state, job)
        gates.pass_on_all(state, job)


def tell_end(state: BrokerState, job: KeptJob, how: str) -> None:
    """Everybody who waits for a job hears that it has ended so: what is the same, and what follows."""
    scopes.has_ended(state, job, how)
    call_follow_up(state, job, how)


def call_follow_up(state: BrokerState, job: KeptJob, how: str) -> None:
    """Enqueues what follows when a job ends so. Once, whatever becomes of the job later."""
    to_come, called = job.follow, ended_state(how)
    # A dead one may come back and finish; otherwise none can come any more.
    job.follow = [word for word in to_come if how == "failed" and word != ON_FAILURE]
    if called is None or called[0] not in to_come:
        return
    plan = json.loads(job.options)[FOLLOW][called[0]]
    if state.find(plan["id"]) is None:
        told = Followed(job.id, job.asked.job_type, called[1].value, job.attempt)
        state.accept(_job_of(plan, told))


def _job_of(plan: dict[str, Any], ended: Followed) -> NewJob:
    """The follow-up; its own payload says nothing of how that job ended, but its options always do."""
    told = ended._asdict()
    return NewJob(
        id=plan["id"],
        job_type=plan["job_type"],
        queue=QueueName.parse(plan["queue"]),
        payload=plan["payload"] if "payload" in plan else options_text(told),
        options={"parent_id": ended.job_id, FOLLOWS: told, **json.loads(plan["options"])},
        max_attempts=plan["max_attempts"],
        timeout=plan["timeout"],
        result_ttl=plan["result_ttl"],
        limit_key=plan.get("limit_key", ""),
        limit=plan.get("limit", 0),
    )
