"""Test runs: a job that is run for real, flagged so that its handler touches nothing outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Unpack

from backend.domain.errors import HistoryUnavailable, IdempotencyConflict
from backend.domain.events.event_record import TEST_EVENT, EventJob, EventRecord
from backend.domain.events.event_record_ports import EventRecordStore
from backend.domain.events.outbox import replies_to
from backend.domain.events.outbox_ports import Outbox
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.jobs.plans.unanswered import unanswered
from backend.services.jobs.job_intake import JobIntake

_TAGS = ("test", "job-run")


class RunReceipt(NamedTuple):
    """A test run that was accepted. ``run_id`` is the id of its job."""

    run_id: str
    event_id: str
    status: str
    message: str
    #: Of the job type that it runs.
    version: int


class Rehearsals:
    """Starts test runs. Event record and run are written in one transaction, or neither is."""

    def __init__(
        self,
        store: EventRecordStore,
        outbox: Outbox,
        intake: JobIntake,
        *,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._intake = intake
        self._new_id = new_id

    def test_job(
        self,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        session: Any = None,
        own: OwnOptions | None = None,
        **options: Unpack[JobOptions],
    ) -> RunReceipt:
        """Starts a test run and answers at once; follow it under its run id, as any job.

        ``options`` are those of `enqueue_job`; ``environment`` names where the run belongs. Raises
        `IdempotencyConflict` for a ``job_id`` that is in the outbox with other contents. Without a
        ``session`` a `HistoryUnavailable` says whether the run may have been accepted all the same.
        """
        event_id = self._new_id()
        tags = [*_TAGS, *(tag for tag in options.pop("tags", None) or () if tag not in _TAGS)]
        flagged: JobOptions = {**options, "is_test": True, "tags": tags}
        job = self._intake.check(
            job_type, payload or {}, priority, flagged, {**(own or {}), "event_id": event_id}
        )
        before = self._begun_as(job, session) if "job_id" in options else None
        if before is None:
            self._begin(_event_of(event_id, job), job, session)
        return self._receipt(job, before or event_id)

    def _begin(self, event: EventRecord, job: NewJob, session: Any) -> None:
        try:
            self._store.add(event, [EventJob("test_job", job)], session)
        except HistoryUnavailable as error:
            if session is not None:
                raise
            raise unanswered(error, [job], "nothing was written") from error

    def _begun_as(self, job: NewJob, session: Any) -> str | None:
        """The event under which this very run waits already; None: it does not."""
        row = self._outbox.find(job.id, session)
        if row is None:
            return None
        replies_to([job], [False], lambda _: row)
        event_id = row.job.options.get("event_id", "")
        if not event_id:
            raise IdempotencyConflict(
                f"job id {job.id!r} belongs to a job that is no test run; use a new id",
                job_id=job.id,
            )
        return str(event_id)

    def _receipt(self, job: NewJob, event_id: str) -> RunReceipt:
        version = self._intake.catalogue.get(job.job_type).version
        return RunReceipt(job.id, event_id, "queued", "Test job queued for execution", version)


def _event_of(event_id: str, job: NewJob) -> EventRecord:
    labels = labels_of(job.options)
    return EventRecord(
        id=event_id,
        name=TEST_EVENT,
        payload=json.dumps({"job_type": job.job_type, "payload": json.loads(job.payload)}),
        tenant=labels.tenant,
        trace_id=labels.trace_id,
        context_id=labels.context_id,
        is_test=True,
    )
