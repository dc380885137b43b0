"""What was enqueued in a test, and how it differs from what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.follow_ups import WORDS, follow_ups_of
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.options.job_options import OPTIONS

#: What a keyword of an expectation speaks of when it is no field of the payload.
SAID_OF_A_JOB = frozenset({*OPTIONS, "priority"})
_MISSING = object()


@dataclass(frozen=True)
class EnqueuedJob:
    """A job that was accepted. Durations are seconds, instants aware UTC."""

    id: str
    job_type: str
    #: As JSON has it.
    payload: Any
    priority: str
    queue: str
    #: Not before this instant, or so long from when it was accepted.
    run_at: datetime | None
    delay: float
    #: Everything else that was said: tags, tenant, trace_id, retry_delays…
    options: Mapping[str, Any] = field(repr=False)
    #: The type of the job whose handler enqueued it; empty for none.
    enqueued_by: str = field(default="", repr=False)

    def said(self, name: str) -> Any:
        """What it says of one option; None for nothing."""
        if name in {"priority", "queue", "run_at"}:
            return getattr(self, name)
        if name == "delay":
            return self.delay or None
        if name == "job_id":
            return self.id
        if name in WORDS:
            return self._follow_up(name)
        found = labels_of(self.options)
        if name == "tags":
            return list(found.tags)
        return self.options.get(name, getattr(found, name, None))

    def _follow_up(self, when: str) -> Any:
        """As a caller says it: a name, or a job with a payload of its own."""
        for each in follow_ups_of(self.options):
            if each.when == when:
                asked = {"job_type": each.job_type, "payload": each.payload}
                return each.job_type if each.payload is None else asked
        return None


def enqueued_job(job: NewJob, enqueued_by: str = "") -> EnqueuedJob:
    """The job that was accepted."""
    options = {
        **job.options,
        "max_retries": job.max_attempts - 1,
        "timeout": job.timeout,
        "result_ttl": job.result_ttl,
        "expires_at": job.expires_at,
    }
    return EnqueuedJob(
        job.id,
        job.job_type,
        json.loads(job.payload),
        job.queue.priority.value,
        str(job.queue),
        job.run_at,
        job.delay,
        options,
        enqueued_by,
    )


@dataclass(frozen=True)
class Wanted:
    """The jobs that an expectation means: fields of the payload, and what else is said of them."""

    job_type: str
    payload: Mapping[str, Any]
    options: Mapping[str, Any]
    #: What stands for a field that a payload leaves out.
    left_out: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Under which other name a payload may have a field.
    other_names: Mapping[str, str] = field(default_factory=dict, repr=False)

    def differences(self, job: EnqueuedJob) -> dict[str, tuple[Any, Any]]:
        """What is not as wanted: found and wanted, by name."""
        has = job.payload if isinstance(job.payload, Mapping) else {}
        found = [(name, self._in(has, name), want) for name, want in self.payload.items()]
        found += [(name, job.said(name), want) for name, want in self.options.items()]
        return {name: (has, want) for name, has, want in found if not _is_same(has, want)}

    def _in(self, payload: Mapping[str, Any], name: str) -> Any:
        for known in (name, self.other_names.get(name, name)):
            if known in payload:
                return payload[known]
        return self.left_out.get(name, _MISSING)

    def takes(self, job: EnqueuedJob) -> bool:
        """Whether it is one of those that are meant."""
        return job.job_type == self.job_type and not self.differences(job)

    def __str__(self) -> str:
        said = {**self.payload, **self.options}
        words = ", ".join(f"{name}={value!r}" for name, value in said.items())
        return f"{self.job_type} with {words}" if words else self.job_type


def _is_same(has: Any, want: Any) -> bool:
    """Options that are lists may be said as any collection; the order of a set says nothing."""
    if isinstance(has, list) and isinstance(want, set | frozenset):
        return set(has) == want
    return bool(has == (list(want) if isinstance(want, tuple) else want))


def described(wanted: Wanted, jobs: Sequence[EnqueuedJob], most: int = 10) -> str:
    """What was enqueued instead, the nearest first, with what differs."""
    if not jobs:
        return "nothing was enqueued"
    ordered = sorted(jobs, key=lambda job: _distance(wanted, job))
    lines = [line for job in ordered[:most] for line in _lines(wanted, job)]
    more = [f"  … and {len(jobs) - most} more"] if len(jobs) > most else []
    counted = "1 job was" if len(jobs) == 1 else f"{len(jobs)} jobs were"
    return "\n".join([f"{counted} enqueued, the nearest first:", *lines, *more])


def _distance(wanted: Wanted, job: EnqueuedJob) -> tuple[bool, int]:
    return (job.job_type != wanted.job_type, len(wanted.differences(job)))


def _lines(wanted: Wanted, job: EnqueuedJob) -> Iterator[str]:
    payload = json.dumps(job.payload, ensure_ascii=False)
    yield f"  {job.job_type} {payload[:300]} in {job.queue}"
    if job.job_type == wanted.job_type:
        for name, (has, want) in wanted.differences(job).items():
            found = "not there" if has is _MISSING else repr(has)
            yield f"    {name}: {found}, expected {want!r}"
