"""Runs any job of history again, as a new job that names its ancestor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Unpack

from backend.domain.errors import Unavailable
from backend.domain.history.history_ports import HistoryReader
from backend.domain.history.history_record import JobHistory
from backend.domain.history.unknown_job import unknown_job
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.jobs.options.follow_ups import ON_FAILURE, ON_SUCCESS, FollowUp
from backend.domain.jobs.options.job_options import FollowUpRequest, JobOptions, OwnOptions
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.plans.twin import Twin, TwinBy
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ports import Inspection, JobQueue
from backend.services.jobs.job_intake import JobIntake


class Replay(NamedTuple):
    """What became of a replay."""

    #: The job that runs: a new one, or its twin.
    job_id: str
    #: The job that was answered in its place; None: it is new.
    twin: Twin | None = None


class ReplayService:
    """Replays jobs, as long as history keeps them."""

    def __init__(
        self, history: HistoryReader, queue: JobQueue, intake: JobIntake, inspection: Inspection
    ) -> None:
        self._history = history
        self._queue = queue
        self._intake = intake
        self._look = inspection

    def replay(
        self,
        job_id: str,
        /,
        *,
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        own: OwnOptions | None = None,
        **options: Unpack[JobOptions],
    ) -> Replay:
        """Enqueues a copy of a job; which one runs now. The old job stays as it is.

        It gets what the old one ran with last (another ``payload`` if one is given), its tags, tenant,
        trace, context and retries; ``options`` of `enqueue_job` change that. Raises `JobNotFound`,
        and `InvalidRequest` when the job type takes such a payload no longer.
        """
        old = self._history.find(job_id)
        if old is None:
            raise unknown_job(job_id)
        new = asked_again(
            self._intake, old, payload=payload, priority=priority, own=own, options=options
        )
        reply = self._queue.enqueue([new])[0]
        return Replay(reply.id, None if reply.created else self._twin(new, reply))

    def _twin(self, new: NewJob, reply: EnqueueReply) -> Twin:
        """Why it was answered with another one, asked behind it: the same still holds, or the job says."""
        if reply.id == new.id:
            # The key fixed the id, for Postgres tells calls apart by that alone.
            return Twin(reply.id, TwinBy.IDEMPOTENCY_KEY if new.unique_key else TwinBy.JOB_ID)
        try:
            [found] = self._look.twins([new])
        except Unavailable:
            found = None
        by = TwinBy.UNIQUE if new.scope else TwinBy.IDEMPOTENCY_KEY
        if found is not None and found.job_id == reply.id:
            by = found.by
        scope = new.scope if by is TwinBy.UNIQUE else None
        return Twin(reply.id, by, scope, reply.replaced)


def asked_again(
    intake: JobIntake,
    old: JobHistory,
    *,
    payload: Mapping[str, Any] | None = None,
    priority: str | None = None,
    own: OwnOptions | None = None,
    options: Mapping[str, Any] | None = None,
) -> NewJob:
    """The job that repeats another one; nothing is enqueued. Raises `InvalidRequest`."""
    body = old.current_payload if payload is None else payload
    place = QueueName.parse(old.job.queue)
    said = {**_options_of(old), **_lane_of(intake, old, place), **(options or {})}
    urgency = priority or place.priority.value
    return intake.check(old.job.job_type, body, urgency, said, _own_of(old) | (own or {}))


def _lane_of(intake: JobIntake, old: JobHistory, place: QueueName) -> JobOptions:
    """The lane that was chosen for it, if one was that is not its job type's and still is served."""
    catalogue = intake.catalogue
    kind = catalogue.look_up(old.job.job_type)
    if kind is not None and kind.lane == place.lane:
        return {}
    is_served = place.lane in catalogue.lanes() or place.lane in catalogue.served_lanes()
    return {"queue": place.lane} if is_served else {}


def _options_of(old: JobHistory) -> JobOptions:
    """What a replay shares with its ancestor. Not the callback: its receiver knows only the old job."""
    labels, terms = old.labels, terms_of(old.options)
    return {
        "tags": labels.tags,
        "tenant": labels.tenant,
        "trace_id": labels.trace_id,
        "context_id": labels.context_id,
        "is_test": labels.is_test,
        "environment": labels.environment,
        "retry_delays": terms.retry_delays,
        "timeout": terms.timeout,
        "max_retries": old.job.max_attempts - 1,
        **_followed_by(old),
    }


def _followed_by(old: JobHistory) -> JobOptions:
    asked = {each.when: _asked_for(each) for each in old.follow_ups}
    return {"on_success": asked.get(ON_SUCCESS), "on_failure": asked.get(ON_FAILURE)}


def _asked_for(follow_up: FollowUp) -> str | FollowUpRequest:
    if follow_up.payload is None:
        return follow_up.job_type
    return {"job_type": follow_up.job_type, "payload": follow_up.payload}


def _own_of(old: JobHistory) -> OwnOptions:
    """A follow-up that is run again is told of the same job."""
    own: OwnOptions = {"replay_of": old.job.id, "is_confined": old.labels.is_confined}
    if old.labels.follows is not None:
        own["follows"] = old.labels.follows._asdict()
    return own
