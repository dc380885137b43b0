"""Makes the `JobContext` of each attempt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from backend.domain.errors import TallyError
from backend.domain.jobs.attempts.noted_progress import noted_text
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.job_labels import JobLabels, labels_in
from backend.domain.jobs.step_codes import ExtendCode
from backend.telemetry.logs.logger import Logger
from workers.base_worker import JobContext, StopRequested
from workers.runtime.attempts.progress import Progress
from workers.runtime.children.forked_copy import is_copy

MOST_CHECKPOINT_BYTES = 16 * 1024

log = Logger("tally.worker")


class ProgressNotes(Protocol):
    """Where progress is written."""

    def note(self, job_id: str, fence: str, progress: str) -> ExtendCode:
        """Notes how far a job is, while its lease holds."""


class CheckpointStore(Protocol):
    """Where checkpoints are kept."""

    def load(self, job_id: str) -> str:
        """The JSON that an attempt left; empty for nothing."""

    def save(self, job_id: str, fence: str, checkpoint: str) -> bool:
        """Keeps JSON; False when the lease is lost."""


def context_maker(
    worker: str,
    notes: ProgressNotes,
    store: CheckpointStore,
    watch_log: Callable[[JobContext, ClaimedJob, Progress], None] | None = None,
) -> Callable[[ClaimedJob], JobContext]:
    """A function that makes contexts for one worker process.

    ``watch_log`` is told of each attempt that begins to log.
    """

    def tell(context: JobContext, done: float, total: float | None, note: str) -> None:
        progress = {"done": done, "total": total, "note": note}
        shown = context.written.shown if context.written is not None else ()
        try:
            code = notes.note(context.job_id, context.fence, noted_text(progress, shown))
            context.canceled |= code == ExtendCode.ASKED_TO_CANCEL
        except TallyError as error:
            log.debug("progress.lost", job_id=context.job_id, error=str(error))

    def make(job: ClaimedJob) -> JobContext:
        context = context_of(job, worker)
        context.report_progress = progress = Progress(context, tell)
        context.checkpoints = JobCheckpoints(job, store)
        if watch_log is not None:
            context.watch_log = lambda begun: watch_log(begun, job, progress)
        return context

    return make


class JobCheckpoints:
    """The checkpoints of one attempt's job."""

    def __init__(self, job: ClaimedJob, store: CheckpointStore) -> None:
        self._job = job
        self._store = store
        #: Nothing can be there before somebody began the job.
        self._is_new = job.attempt == 1

    def load(self) -> Any:
        """The value kept last; None for nothing."""
        text = "" if self._is_new else self._store.load(self._job.id)
        return json.loads(text) if text else None

    def save(self, value: Any) -> None:
        """Keeps a value; raises `ValueError` for one that is too large or no JSON."""
        text = checkpoint_text(value)
        if is_copy():
            return
        if not self._store.save(self._job.id, self._job.fence, text):
            raise StopRequested
        self._is_new = False


def checkpoint_text(value: Any) -> str:
    """A value as it is kept; raises `ValueError` for one that is too large or no JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > MOST_CHECKPOINT_BYTES:
        raise ValueError(
            f"a checkpoint may have {MOST_CHECKPOINT_BYTES} bytes as JSON; keep what is larger "
            "as an artifact and its id here"
        )
    return text


def context_of(job: ClaimedJob, worker: str) -> JobContext:
    """The context of one attempt, without a place for its progress."""
    deadline = time.monotonic() + job.timeout if job.timeout else None
    context = JobContext(
        job.id,
        job.job_type,
        job.attempt,
        job.queue,
        fence=job.fence,
        deadline=deadline,
        worker=worker,
    )
    if len(job.options) > len("{}"):
        _apply(context, labels_in(job.options))
    return context


def _apply(context: JobContext, labels: JobLabels) -> None:
    context.tags = labels.tags
    context.trace_id = labels.trace_id
    context.traceparent = labels.traceparent
    context.tracestate = labels.tracestate
    context.tenant = labels.tenant
    context.context_id = labels.context_id
    context.environment = labels.environment
    context.version = labels.version
    context.is_test = labels.is_test
    context.is_confined = labels.is_confined
    if labels.follows is not None:
        # Of most processes no job follows another.
        from workers.job_types.job_ended import JobEnded

        context.follows = JobEnded.model_validate(labels.follows._asdict())
