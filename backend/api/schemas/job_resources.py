"""Makes what goes out of jobs as the services give them: live from Redis, or from the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backend.api.schemas.job_search import JobLine
from backend.api.schemas.jobs import (
    Fault,
    FollowedResource,
    FollowUpResource,
    JobLogLine,
    JobResource,
)
from backend.domain.history.history_record import JobHistory, JobRecord
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import FollowUp
from backend.domain.jobs.options.job_labels import JobLabels
from backend.domain.jobs.options.job_terms import JobTerms, terms_of
from backend.domain.schedules.schedule_view import Difference, ScheduleView
from backend.services.finding.job_standing import JobStanding
from backend.telemetry.logs.masking import options_without_secrets, without_secrets
from backend.telemetry.logs.schedule_masking import differences_without_secrets


class JobResources:
    """Knows which fields of which payloads are secret."""

    def __init__(self, catalogue: JobTypeCatalogue) -> None:
        self._catalogue = catalogue

    def job(self, found: JobView | JobHistory) -> JobResource:
        """A job, wherever it was found."""
        return self._live(found) if isinstance(found, JobView) else self._recorded(found)

    def beside_others(self, found: JobView | JobHistory, standing: JobStanding) -> JobResource:
        """A job, and how it stands beside others."""
        said = {name: value or None for name, value in standing._asdict().items()}
        return self.job(found).model_copy(update=said)

    def line(self, found: JobView | JobRecord) -> JobLine:
        """A job of a list."""
        return _live_line(found) if isinstance(found, JobView) else _recorded_line(found)

    def payload(self, job_type: str, payload: Any) -> Any:
        """A payload, or a result, as people may see it."""
        return without_secrets(self._catalogue, job_type, payload)

    def options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options of a job as people may see them: what follows it has payloads, too."""
        return options_without_secrets(self._catalogue, options)

    def differences(self, view: ScheduleView) -> list[Difference]:
        """Where a schedule is not as its file says, as people may see it."""
        return differences_without_secrets(self._catalogue, view)

    def _follow_ups(self, follow_ups: Iterable[FollowUp]) -> list[FollowUpResource]:
        return [
            FollowUpResource.model_validate(
                {**each._asdict(), "payload": self.payload(each.job_type, each.payload)}
            )
            for each in follow_ups
        ]

    def _live(self, job: JobView) -> JobResource:
        return JobResource(
            id=job.id,
            job_type=job.job_type,
            queue=job.queue,
            state=job.state,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            failures=job.failures,
            payload=self.payload(job.job_type, job.payload),
            result=self.payload(job.job_type, job.result),
            error=fault_of(job.error),
            created_at=job.created_at,
            enqueued_at=job.enqueued_at,
            started_at=job.started_at,
            ended_at=job.ended_at,
            run_at=job.run_at,
            expires_at=job.expires_at,
            worker=job.worker or None,
            progress=job.progress,
            log=[JobLogLine(**line._asdict()) for line in job.log],
            cancel_asked=job.cancel_asked,
            timeout=job.timeout,
            source="live",
            follow_ups=self._follow_ups(job.follow_ups),
            **_written(job.labels),
            **_limit(terms_of(job.options)),
        )

    def _recorded(self, found: JobHistory) -> JobResource:
        job = found.job
        last = found.attempts[-1] if found.attempts else None
        return JobResource(
            id=job.id,
            job_type=job.job_type,
            queue=job.queue,
            state=job.state,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            failures=sum(1 for attempt in found.attempts if attempt.error is not None),
            payload=self.payload(job.job_type, found.current_payload),
            result=self.payload(job.job_type, last.result) if last else None,
            error=fault_of(last.error) if last else None,
            created_at=job.created_at,
            enqueued_at=job.enqueued_at,
            started_at=job.started_at,
            ended_at=job.finished_at,
            run_at=job.run_at,
            worker=job.worker or None,
            source="history",
            follow_ups=self._follow_ups(found.follow_ups),
            **_written(found.labels),
            **_limit(terms_of(found.options)),
        )


def _live_line(job: JobView) -> JobLine:
    labels = job.labels
    return JobLine(
        id=job.id,
        job_type=job.job_type,
        queue=job.queue,
        state=job.state,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        error=f"{job.error.error}: {job.error.message}" if job.error else None,
        created_at=job.created_at,
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        run_at=job.run_at,
        worker=job.worker or None,
        progress=job.progress,
        tags=list(labels.tags),
        tenant=labels.tenant or None,
        trace_id=labels.trace_id or None,
        context_id=labels.context_id or None,
        environment=labels.environment or None,
        version=labels.version,
        is_test=labels.is_test,
        source="live",
    )


def _recorded_line(job: JobRecord) -> JobLine:
    return JobLine(
        id=job.id,
        job_type=job.job_type,
        queue=job.queue,
        state=job.state,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        error=job.last_error or None,
        created_at=job.created_at,
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        ended_at=job.finished_at,
        run_at=job.run_at,
        worker=job.worker or None,
        tags=list(job.tags),
        tenant=job.tenant or None,
        trace_id=job.trace_id or None,
        context_id=job.context_id or None,
        environment=job.environment or None,
        version=job.version,
        is_test=job.is_test,
        source="history",
    )


def _written(labels: JobLabels) -> dict[str, Any]:
    """What is written on a job; None where nothing is."""
    words = {
        name: value or None
        for name, value in labels._asdict().items()
        if name in JobResource.model_fields
    }
    told = FollowedResource(**labels.follows._asdict()) if labels.follows else None
    return {**words, "tags": list(labels.tags), "is_test": labels.is_test, "follows": told}


def _limit(terms: JobTerms) -> dict[str, Any]:
    unique = terms.scope.until if terms.scope else None
    limit, key = terms.limit or None, terms.limit_key or None
    return {
        "limit_key": key,
        "limit": limit,
        "unique": unique,
        "unique_key": terms.scope.key if terms.scope else None,
        "destination": terms.destination or None,
    }


def fault_of(error: AttemptError | None) -> Fault | None:
    """Why an attempt went wrong, as it goes out."""
    return None if error is None else Fault(**error.to_dict())
