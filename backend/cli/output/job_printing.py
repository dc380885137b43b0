"""One job for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.bootstrap.current import platform
from backend.cli.output.ages import age, length, moment
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_facts, print_heading, print_json, print_rows, tell
from backend.domain.history.history_record import JobHistory, JobRecord
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import FollowUp
from backend.domain.jobs.options.job_labels import JobLabels
from backend.domain.jobs.options.job_terms import terms_of
from backend.services.finding.job_standing import JobStanding
from backend.telemetry.logs.masking import options_without_secrets, without_secrets

#: In these the last attempt did not fail, or has not yet.
_UNCHARGED = (JobState.STARTED, JobState.FINISHED, JobState.CANCELED)


def attempts_of(job: JobView | JobRecord, of: str = " of ") -> str:
    """Which attempt of how many. When some did not count, as those before a redrive, it is said."""
    attempt, most = job.attempt, job.max_attempts
    if isinstance(job, JobRecord):
        # The record does not say which of them counted.
        return f"{attempt}{of}{most}" if attempt <= most else f"{attempt}, at most {most} counted"
    if attempt - job.failures <= (job.state in _UNCHARGED):
        return f"{attempt}{of}{most}"
    return f"{attempt}, {job.failures}{of}{most} counted"


def print_job(job: JobView, *, as_json: bool, standing: JobStanding | None = None) -> None:
    """A live job with all that Redis knows of it, and how it stands beside others."""
    if as_json:
        print_json(masked(job))
        return
    error = job.error
    print_facts(
        [
            ("job", job.id),
            ("type", job.job_type),
            ("queue", job.queue),
            ("state", f"{job.state}{' (asked to cancel)' if job.cancel_asked else ''}"),
            ("attempt", attempts_of(job)),
            *_times(job),
            ("worker", job.worker),
            ("progress", json.dumps(job.progress) if job.progress else ""),
            ("tags", ", ".join(job.tags)),
            *_terms(job.options, standing),
            *_labels(job.labels),
            *_follow_ups(job.follow_ups),
            ("payload", _line(_shown(job.job_type, job.payload))),
            ("result", _line(_shown(job.job_type, job.result)) if job.result is not None else ""),
            ("error", f"{error.error}: {error.message} [{error.reason}]" if error else ""),
        ]
    )
    if error and error.traceback:
        tell("\n" + error.traceback.rstrip())


def print_history(
    history: JobHistory, *, with_head: bool, standing: JobStanding | None = None
) -> None:
    """What is on record of a job; ``with_head`` when nothing else tells of the job itself."""
    if with_head:
        _print_record(history, standing)
    if history.attempts:
        print_heading("Attempts")
        print_rows(
            ("#", "outcome", "started (UTC)", "waited", "ran", "worker", "error"),
            [
                (
                    a.attempt,
                    a.outcome,
                    moment(a.started_at),
                    length(a.waited),
                    length(a.ran),
                    a.worker,
                    f"{a.error.error}: {a.error.message}" if a.error else "",
                )
                for a in history.attempts
            ],
        )
        _print_logs(history)
    print_heading("Timeline")
    print_rows(
        ("at (UTC)", "event", "state", "queue", "attempt", "by", "note"),
        [
            (
                moment(line.at),
                line.kind,
                line.state or "",
                line.queue,
                line.attempt or "",
                line.actor,
                line.note,
            )
            for line in history.timeline
        ],
    )


def _print_logs(history: JobHistory) -> None:
    lines = [
        (a.attempt, moment(line.at), line.level, line.text)
        for a in history.attempts
        for line in a.log
    ]
    if lines:
        print_heading("Log")
        print_rows(("#", "at (UTC)", "level", "text"), lines)


def _print_record(history: JobHistory, standing: JobStanding | None) -> None:
    job = history.job
    payload = _shown(job.job_type, history.current_payload)
    print_facts(
        [
            ("job", f"{job.id} (on record only)"),
            ("type", job.job_type),
            ("queue", job.queue),
            ("state", job.state),
            ("attempt", attempts_of(job)),
            ("created", _with_age(job.created_at)),
            ("ended", _with_age(job.finished_at)),
            ("tags", ", ".join(job.tags)),
            *_terms(history.options, standing),
            *_labels(history.labels),
            *_follow_ups(history.follow_ups),
            ("payload", _line(payload)),
            ("error", job.last_error),
        ]
    )


def masked(job: JobView | None, standing: JobStanding | None = None) -> Any:
    """A live job for programs, with its secret fields masked, and how it stands beside others."""
    if job is None:
        return None
    shown = {name: _shown(job.job_type, getattr(job, name)) for name in ("payload", "result")}
    beside = {name: value or None for name, value in standing._asdict().items()} if standing else {}
    if standing:
        beside["unique_key"] = job.scope.key if job.scope else None
    return {**plain(job), **shown, "options": masked_options(job.options), **beside}


def masked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a job for programs, without the secrets of what follows it."""
    return options_without_secrets(platform().catalogue, options)


def masked_history(history: JobHistory | None) -> Any:
    """The record of a job for programs, with its secret fields masked."""
    if history is None:
        return None
    kind, said = history.job.job_type, plain(history)
    shown = {name: _shown(kind, said[name]) for name in ("payload", "changed_payload")}
    attempts = [each | {"result": _shown(kind, each["result"])} for each in said["attempts"]]
    options = masked_options(history.options)
    return {**said, **shown, "options": options, "attempts": attempts}


def listed(jobs: Sequence[JobView | JobRecord]) -> list[dict[str, Any]]:
    """Jobs of a list for programs: the same fields whichever store knows them, those of the API."""
    from backend.api.schemas.job_resources import JobResources

    resources = JobResources(platform().catalogue)
    return [resources.line(job).model_dump(mode="json") for job in jobs]


def _labels(labels: JobLabels) -> list[tuple[str, object]]:
    """What its maker wrote on it; the version only where it says something."""
    return [
        ("trace", labels.trace_id),
        ("tenant", labels.tenant),
        ("context", labels.context_id),
        ("environment", labels.environment),
        ("version", labels.version if labels.version != 1 else ""),
        ("test run", "yes" if labels.is_test else ""),
        ("callback", labels.callback_url),
        ("enqueued by", labels.parent_id),
        ("follows", _followed(labels)),
    ]


def _followed(labels: JobLabels) -> str:
    """How the job ended that called it; which one is said beside it."""
    told = labels.follows
    return f"{told.job_type}, {told.state} in attempt {told.attempt}" if told else ""


def _terms(options: Mapping[str, Any], standing: JobStanding | None) -> list[tuple[str, object]]:
    """What decides when it may start, beside its queue and its time."""
    terms, beside = terms_of(options), standing or JobStanding()
    scope = terms.scope
    limit = f"{terms.limit_key}: {terms.limit} at once" if terms.limit_key else ""
    fair = f"by {beside.fair_by}: {beside.fair_key or 'no key'}" if beside.fair_by else ""
    return [
        ("unique", scope.words if scope else ""),
        ("unique key", scope.key if scope else ""),
        ("held by", (beside.unique_holder or "nobody") if scope and standing else ""),
        ("destination", terms.destination),
        ("limit", limit),
        ("fair", fair),
    ]


def _follow_ups(follow_ups: Sequence[FollowUp]) -> list[tuple[str, object]]:
    """What is enqueued when it ends, under which id, and with which payload of its own."""
    return [(each.when.replace("_", " "), _follow_up(each)) for each in follow_ups]


def _follow_up(each: FollowUp) -> str:
    named = f"{each.job_type} {each.id}"
    return (
        named if each.payload is None else f"{named} {_line(_shown(each.job_type, each.payload))}"
    )


def _shown(job_type: str, value: Any) -> Any:
    return without_secrets(platform().catalogue, job_type, value)


def _times(job: JobView) -> list[tuple[str, str]]:
    names = ("created_at", "run_at", "enqueued_at", "started_at", "ended_at", "expires_at")
    return [(name.removesuffix("_at"), _with_age(getattr(job, name))) for name in names]


def _with_age(instant: datetime | None) -> str:
    if instant is None:
        return ""
    ago = age(instant)
    return f"{moment(instant)} ({ago} ago)" if ago != "0ms" else moment(instant)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
