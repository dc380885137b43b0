"""Makes what goes out of jobs as the services give them: live from Redis, or from the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.api.schemas.job_search import JobLine
from backend.api.schemas.jobs import Fault, Job
from backend.domain.history_record import JobHistory, JobRecord
from backend.domain.job import JobView
from backend.domain.job_type import JobTypeCatalogue
from backend.domain.outcome import AttemptError
from backend.telemetry.masking import without_secrets


class JobResources:
    """Knows which fields of which payloads are secret."""

    def __init__(self, catalogue: JobTypeCatalogue) -> None:
        self._catalogue = catalogue

    def job(self, found: JobView | JobHistory) -> Job:
        """A job, wherever it was found."""
        return self._live(found) if isinstance(found, JobView) else self._recorded(found)

    def line(self, found: JobView | JobRecord) -> JobLine:
        """A job of a list."""
        return _live_line(found) if isinstance(found, JobView) else _recorded_line(found)

    def payload(self, job_type: str, payload: Any) -> Any:
        """A payload, or a result, as people may see it."""
        return without_secrets(self._catalogue, job_type, payload)

    def _live(self, job: JobView) -> Job:
        return Job(
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
            cancel_asked=job.cancel_asked,
            timeout=job.timeout,
            source="live",
            **labels(job.options),
        )

    def _recorded(self, found: JobHistory) -> Job:
        job = found.job
        last = found.attempts[-1] if found.attempts else None
        return Job(
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
            **labels(found.options),
        )


def _live_line(job: JobView) -> JobLine:
    own = labels(job.options)
    del own["callback_url"]
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
        source="live",
        **own,
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


def labels(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller wrote on a job."""
    return {
        "tags": list(options.get("tags", ())),
        "tenant": options.get("tenant"),
        "trace_id": options.get("trace_id"),
        "context_id": options.get("context_id"),
        "environment": options.get("environment"),
        "version": int(options.get("version", 1)),
        "is_test": bool(options.get("is_test")),
        "callback_url": options.get("callback_url"),
    }


def fault_of(error: AttemptError | None) -> Fault | None:
    """Why an attempt went wrong, as it goes out."""
    return None if error is None else Fault(**error.to_dict())
