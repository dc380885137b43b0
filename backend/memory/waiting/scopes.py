"""Unique jobs in memory: the rules of `_unique.lua`."""

from __future__ import annotations

from backend.broker.jobs.codec import milliseconds
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.unique import ENDED, STARTED, OnConflict, UniqueScope
from backend.memory.kept_job import WAITING, KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import anew

_WITHDRAWN = {"canceled", "expired", "discarded"}


def holder(state: BrokerState, key: str) -> KeptJob | None:
    """The job that keeps others out under a key; None: the key is free."""
    job_id, until_ms = state.scopes.get(key, ("", 0))
    job = state.find(job_id)
    scope = job.asked.scope if job else None
    if job is None or scope is None or (until_ms and until_ms <= state.now_ms):
        return None
    if job.has_expired(state.now_ms):
        return None
    if scope.until == STARTED:
        return job if is_first(job) else None
    if scope.until == ENDED:
        return job if job.state in {*WAITING, JobState.STARTED} else None
    return job if job.state is not JobState.CANCELED else None


def enter(state: BrokerState, job: KeptJob, scope: UniqueScope) -> None:
    """A new job takes its key."""
    _take(state, job, scope)
    if scope.longest_wait_seconds:
        job.debounce_by_ms = state.now_ms + int(scope.longest_wait_seconds * 1000)
    if scope.seconds:
        kept_until = state.now_ms + int(scope.seconds * 1000)
        job.unique_until_ms = max(job.unique_until_ms, kept_until)


def meet(state: BrokerState, asked: NewJob, *, may_tell: bool) -> EnqueueReply | None:
    """What a job is answered whose key another one holds; None: it is accepted, or refused."""
    held = holder(state, asked.scope.key) if asked.scope else None
    if held is None or asked.scope is None:
        return None
    replaces = asked.scope.on_conflict != OnConflict.KEEP and is_first(held)
    if replaces and not may_tell:
        return None
    if asked.unique_key:
        until_ms = state.now_ms + int(asked.unique_window * 1000)
        state.uniques[asked.unique_key] = (held.id, until_ms)
        held.digests.add(asked.digest)
        # It is kept as long as a key stands for it; one that has finished from now on.
        held.unique_until_ms = max(held.unique_until_ms, until_ms)
        if held.forget_ms:
            held.forget_ms = max(held.forget_ms, until_ms)
    if replaces:
        _replace(state, held, asked, asked.scope)
    return EnqueueReply(held.id, created=False, replaced=replaces)


def has_started(state: BrokerState, job: KeptJob) -> None:
    """An attempt began and is over."""
    if job.asked.scope and job.asked.scope.until == STARTED:
        _free(state, job, job.asked.scope)


def has_ended(state: BrokerState, job: KeptJob, how: str) -> None:
    """The job has ended. A time goes on, unless the job was withdrawn."""
    scope = job.asked.scope
    if scope and (not scope.seconds or how in _WITHDRAWN):
        _free(state, job, scope)


def is_kept_out(state: BrokerState, job: KeptJob, scope: UniqueScope | None) -> bool:
    """Whether another job holds the key of a scope in which one that ended waits again."""
    held = holder(state, scope.key) if scope else None
    return held is not None and held is not job


def change(state: BrokerState, job: KeptJob, scope: UniqueScope | None) -> None:
    """A job that got another payload is the same as others than before, or (None) as none."""
    before = job.asked.scope
    if before and before != scope:
        _free(state, job, before)
    job.asked = job.asked._replace(scope=scope)


def come_back(state: BrokerState, job: KeptJob) -> None:
    """A job that ended waits once more."""
    if job.asked.scope and not is_kept_out(state, job, job.asked.scope):
        _take(state, job, job.asked.scope)
        job.scope_from = job.attempt


def is_first(job: KeptJob) -> bool:
    """Whether it still waits for its first attempt."""
    return job.state in WAITING and job.attempt == job.scope_from


def _take(state: BrokerState, job: KeptJob, scope: UniqueScope) -> None:
    until_ms = state.now_ms + int(scope.seconds * 1000) if scope.seconds else 0
    state.scopes[scope.key] = (job.id, until_ms)


def _free(state: BrokerState, job: KeptJob, scope: UniqueScope) -> None:
    if state.scopes.get(scope.key, ("", 0))[0] == job.id:
        del state.scopes[scope.key]


def _replace(state: BrokerState, held: KeptJob, asked: NewJob, scope: UniqueScope) -> None:
    held.payload, due_ms = asked.payload, 0
    anew.follow_payload(state, held, asked)
    if scope.on_conflict == OnConflict.DEBOUNCE and held.state is JobState.SCHEDULED:
        due_ms = _later_due(state, held, asked)
    if due_ms:
        state.schedule(held, due_ms)
    told = {"data": asked.payload, "due_ms": due_ms, "options": held.options}
    state.event(EventKind.REPLACED, held, **told)


def _later_due(state: BrokerState, held: KeptJob, asked: NewJob) -> int:
    """None (0) at which it has expired, and none beyond its latest."""
    due_ms = milliseconds(asked.run_at) or state.now_ms + int(asked.delay * 1000)
    due_ms = min(due_ms, held.debounce_by_ms or due_ms)
    return due_ms if held.expires_ms is None or due_ms < held.expires_ms else 0
