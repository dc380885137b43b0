"""Rows of the record as the ledger's values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_contents import digest_of
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import ON_FAILURE, follow_ups_of
from backend.domain.jobs.options.follow_ups import without as without_follow_ups
from backend.domain.jobs.options.job_labels import labels_in
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ledger.ledger import RecordedFacts, stream_id_of
from backend.domain.ledger.ledger_ports import RestorableJob

#: What neither the job nor its type says. All else that a job does not say, `LedgerMender` knows.
_TIMEOUT = 180.0


def recorded_facts(row: Sequence[Any]) -> RecordedFacts:
    """A row of ``recorded_facts``."""
    (
        job_id,
        status,
        queue,
        position,
        status_version,
        version,
        fence,
        attempt,
        worker,
        run_at,
        told,
        discarded,
        returns,
        changed_payload,
        is_asked_to_stop,
    ) = row
    return RecordedFacts(
        job_id=job_id,
        state=status,
        queue=queue,
        is_accepted=position > 0,
        status_version=status_version,
        version=version,
        fence=fence,
        attempt=attempt,
        worker=worker or "",
        run_at=run_at,
        event_state=told or "",
        discarded_version=discarded,
        returns=returns,
        changed_payload=changed_payload or "",
        is_asked_to_stop=is_asked_to_stop,
    )


def restorable_job(row: Sequence[Any]) -> RestorableJob:
    """A row of ``restorable_jobs``."""
    job_id, status, queue, version, position, job_type, payload, asked, option_text, *rest = row
    max_attempts, run_at, fence, attempt, worker, redriven, failures, *rest = rest
    is_suspect, was_dead, ended_at, asked_by, asked_why, accepted_in, *error = rest
    was_started = status == JobState.STARTED
    options = json.loads(option_text)
    job = NewJob(
        id=job_id,
        job_type=job_type,
        queue=QueueName.parse(queue),
        payload=payload,
        max_attempts=max_attempts,
        run_at=run_at,
        **_from_options(_without_on_failure(options) if was_dead else options),
    )
    if redriven:
        job = job._replace(expires_at=None)
    # The record does not tell an id of a caller's own making from ours: every job knows its call again.
    tenant = labels_in(option_text).tenant
    job = job._replace(digest=digest_of(job_type, asked, accepted_in, tenant))
    return RestorableJob(
        job=job,
        state=JobState.QUEUED if was_started or status == JobState.DEFERRED else JobState(status),
        version=version,
        created_ms=position >> 20,
        attempt=attempt,
        failures=failures,
        is_suspect=is_suspect,
        error=_error_text(error) if not was_started and error[1] else "",
        open_fence=stream_id_of(fence) if was_started else "",
        worker=worker or "",
        ended_ms=round(ended_at.timestamp() * 1000) if ended_at else 0,
        cancel_asked_by=asked_by or "",
        cancel_reason=asked_why or "",
    )


def without_called(restorable: RestorableJob, called: set[str]) -> RestorableJob:
    """The job with those of its follow-ups that are still to come."""
    options = without_follow_ups(restorable.job.options, called)
    return replace(restorable, job=restorable.job._replace(options=options))


def _without_on_failure(options: dict[str, Any]) -> dict[str, Any]:
    """What follows a failure came when the job died first, though it may be gone from the record."""
    called = {each.id for each in follow_ups_of(options) if each.when == ON_FAILURE}
    return without_follow_ups(options, called)


def _from_options(options: Mapping[str, Any]) -> dict[str, Any]:
    terms = terms_of(options)
    return {
        "options": dict(options),
        "timeout": _TIMEOUT if terms.timeout is None else terms.timeout,
        "result_ttl": terms.result_ttl or 0,
        "expires_at": terms.expires_at,
        "unique_key": terms.idempotency_key,
        "unique_window": terms.idempotency_window or 0.0,
        "limit_key": terms.limit_key,
        "limit": terms.limit,
        "scope": terms.scope,
    }


def _error_text(error: Sequence[str | None]) -> str:
    reason, kind, message, traceback = (text or "" for text in error)
    return json.dumps({"reason": reason, "error": kind, "message": message, "traceback": traceback})
