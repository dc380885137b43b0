"""Rows as the text that COPY reads: tabs between, a newline after, nothing for null."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from backend.history.recording.attempt_fault import AttemptFault, note_of
from backend.history.recording.job_registers import EndedAttempt, FoldedEvent, JobRegisters

_NO_FAULT = AttemptFault("", "", "")
#: Of a job whose acceptance the batch does not tell: before its options, and behind them.
_NOT_ACCEPTED, _NO_LABELS = ("", "1", ""), ("", "", "", "", "", "f")
_CHANGES, _FINISHED = frozenset({"redriven", "replaced"}), "finished"


def job_lines(jobs: Iterable[JobRegisters]) -> str:
    """Lines for ``jobs`` and for what is staged for it."""
    return "".join([_line(_job_fields(job)) for job in jobs])


def event_lines(timeline: Iterable[FoldedEvent]) -> str:
    """Lines for ``job_events`` and for what is staged for it."""
    return "".join([_line(_event_fields(folded)) for folded in timeline])


def result_lines(attempts: Iterable[EndedAttempt]) -> str:
    """Lines for ``job_results`` and for what is staged for it."""
    return "".join([_line(_result_fields(attempt)) for attempt in attempts])


def _line(fields: Sequence[str]) -> str:
    line = "\t".join(fields)
    if "\\" in line or line.count("\t") >= len(fields) or _has_breaks(line):
        line = "\t".join([_escaped(text) for text in fields])
    return line + "\n"


def _has_breaks(line: str) -> bool:
    return "\n" in line or "\r" in line or "\0" in line


def _escaped(text: str) -> str:
    """A value as COPY wants it. Postgres has no NUL in texts: it becomes the replacement character."""
    text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return text.replace("\r", "\\r").replace("\0", "\ufffd")


def _job_fields(job: JobRegisters) -> list[str]:
    fault = job.fault or _NO_FAULT
    return [
        job.id,
        str(job.position),
        *_accepted_fields(job),
        str(job.status_version),
        job.status,
        _instant(job.due_ms) if job.due_ms else "",
        str(job.version),
        job.queue,
        str(job.fence),
        str(job.attempt),
        job.worker,
        str(job.error_version),
        fault.summary,
        fault.kind,
        fault.reason,
        str(job.payload_version),
        job.changed_payload,
        str(job.ready_version),
        str(job.discarded_version),
    ]


def _accepted_fields(job: JobRegisters) -> tuple[str, ...]:
    event, labels = job.accepted, job.labels
    if event is None or labels is None:
        return (*_NOT_ACCEPTED, job.options, *_NO_LABELS)
    return (
        event.job_type,
        str(event.max_attempts or 1),
        event.data,
        job.options,
        _array(labels.tags) if labels.tags else "",
        labels.tenant,
        labels.trace_id,
        labels.context_id,
        labels.callback_url,
        "t" if labels.is_test else "f",
    )


def _array(values: Sequence[str]) -> str:
    quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(quoted) + '"}'


def _instant(unix_ms: int) -> str:
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).isoformat()
    except (OverflowError, OSError) as error:
        raise ValueError(f"{unix_ms} ms is beyond all calendars") from error


def _event_fields(folded: FoldedEvent) -> list[str]:
    event = folded.event
    return [
        event.job_id,
        str(folded.version),
        event.kind,
        folded.status,
        event.queue,
        str(event.attempt),
        event.worker,
        str(folded.fence) if folded.fence else "",
        repr(event.run_ms) if event.run_ms > 0 else "",
        _instant(event.due_ms) if event.due_ms else "",
        note_of(event),
        event.data if event.kind in _CHANGES else "",
    ]


def _result_fields(attempt: EndedAttempt) -> list[str]:
    event, job = attempt.event, attempt.job
    fault = attempt.fault or _NO_FAULT
    ready = [version for version in job.ready_versions if version < attempt.fence]
    return [
        event.job_id,
        str(attempt.fence),
        str(attempt.version),
        str(event.attempt),
        event.kind,
        job.accepted.job_type if job.accepted else "",
        event.queue,
        event.worker,
        job.labels.trace_id if job.labels else "",
        str(ready[-1]) if ready else "",
        repr(event.run_ms) if event.run_ms > 0 else "",
        event.body if event.kind == _FINISHED else "",
        fault.reason,
        fault.kind,
        fault.message,
        fault.traceback,
        event.log,
    ]
