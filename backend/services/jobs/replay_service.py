"""Runs any job of history again, as a new job that names its ancestor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from backend.domain.errors import JobNotFound
from backend.domain.history.history_ports import HistoryReader
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.options.follow_ups import ON_FAILURE, ON_SUCCESS, FollowUp
from backend.domain.jobs.options.job_options import FollowUpRequest, JobOptions, OwnOptions
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ports import JobQueue
from backend.services.jobs.job_intake import JobIntake


class ReplayService:
    """Replays jobs, as long as history keeps them."""

    def __init__(self, history: HistoryReader, queue: JobQueue, intake: JobIntake) -> None:
        self._history = history
        self._queue = queue
        self._intake = intake

    def replay(
        self,
        job_id: str,
        /,
        *,
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        own: OwnOptions | None = None,
        **options: Unpack[JobOptions],
    ) -> str:
        """Enqueues a copy of a job and returns its id; the old job stays as it is.

        It gets what the old one ran with last (another ``payload`` if one is given), its tags, tenant,
        trace, context and retries; ``options`` of `enqueue_job` change that. Raises `JobNotFound`,
        and `InvalidRequest` when the job type takes such a payload no longer.
        """
        old = self._history.find(job_id)
        if old is None:
            raise JobNotFound(f"no job {job_id!r} on record", job_id=job_id)
        body = old.current_payload if payload is None else payload
        place = QueueName.parse(old.job.queue)
        said = {**_options_of(old), **self._lane_of(old, place), **options}
        urgency = priority or place.priority.value
        new = self._intake.check(old.job.job_type, body, urgency, said, _own_of(old) | (own or {}))
        return self._queue.enqueue([new])[0].id

    def _lane_of(self, old: JobHistory, place: QueueName) -> JobOptions:
        """The lane that was chosen for it, if one was that is not its job type's and still is served."""
        catalogue = self._intake.catalogue
        is_own = (
            old.job.job_type in catalogue and catalogue.get(old.job.job_type).lane == place.lane
        )
        return {} if is_own or place.lane not in catalogue.lanes() else {"queue": place.lane}


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
