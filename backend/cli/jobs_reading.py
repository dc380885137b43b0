"""Looking at jobs, live and on record."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from backend.bootstrap import platform
from backend.cli import options
from backend.cli.ages import age, length, moment
from backend.cli.instants import DURATION
from backend.cli.masking import shown_payload
from backend.cli.parts import history_service, search_service, why_service
from backend.cli.plain_data import plain
from backend.cli.printing import print_facts, print_heading, print_json, print_rows, say
from backend.domain.errors import JobNotFound, Unavailable
from backend.domain.history_record import JobHistory, JobRecord
from backend.domain.history_search import JobSearch
from backend.domain.job import JobView
from backend.domain.job_state import JobState


@click.command()
@click.argument("job_id")
@options.as_json
def show(job_id: str, as_json: bool) -> None:
    """Shows one job: state, payload, attempts, errors, timeline. Asks Redis, then the record.

    \b
    Example:
      tally jobs show 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11
    """
    found = search_service().find(job_id)
    live = found if isinstance(found, JobView) else None
    record = found if isinstance(found, JobHistory) else _record_of(job_id)
    if as_json:
        print_json({"job": _masked(live), "history": _masked_history(record)})
        return
    if live is not None:
        print_job(live, as_json=False)
    if record is not None:
        _print_history(record, with_head=live is None)


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]))
@click.option("--type", "job_type", default="", help="Job type.")
@click.option("--queue", default="", help="As high, or low:export.")
@click.option("--tag", default="")
@click.option("--tenant", default="")
@click.option("--trace-id", default="")
@click.option("--context-id", default="")
@click.option("--worker", default="", help="The worker of the last attempt.")
@click.option("--error", "error_text", default="", help="A part of the last error.")
@options.since
@options.until
@click.option("--source", type=click.Choice(["live", "history"]), help="Ask one store only.")
@click.option("--cursor", help="Where the last page ended.")
@options.limit(20)
@options.as_json
def list_jobs(
    as_json: bool, source: Any, cursor: str | None, state: str | None, **wanted: Any
) -> None:
    """Finds jobs in Redis and in the record of months, the newest first.

    \b
    Examples:
      tally jobs list --state failed --since 1h
      tally jobs list --type send_email --tag welcome --limit 100
      tally jobs search --error "connection refused" --since 7d
    """
    search = JobSearch(state=JobState(state) if state else None, **wanted)
    page = search_service().search(search, cursor=cursor, source=source)
    if as_json:
        jobs = [_masked(job) if isinstance(job, JobView) else plain(job) for job in page.jobs]
        print_json({"jobs": jobs, "sources": page.sources, "next": page.next})
        return
    print_rows(
        ("job", "type", "queue", "state", "attempt", "accepted", "last error"),
        [_row(job) for job in page.jobs],
        empty="no job matches",
    )
    if page.next:
        say(f"more: --cursor {page.next}")
    if source is None and len(page.sources) == 1:
        say(f"only {page.sources[0]} could be asked; the other store is away")


@click.command()
@click.argument("job_id")
@click.option("--timeout", type=DURATION, default="30s", show_default=True)
@options.as_json
def wait(job_id: str, timeout: float, as_json: bool) -> None:
    """Waits until a job has ended, and shows it. Exit status 1 unless it finished."""
    job = platform().queue_service.wait(job_id, timeout)
    print_job(job, as_json=as_json)
    if job.state is not JobState.FINISHED:
        sys.exit(1)


@click.command()
@click.argument("job_id")
@options.as_json
def why(job_id: str, as_json: bool) -> None:
    """Says why a job is not running: paused, behind others, no worker, at a limit…"""
    explanation = why_service().explain(platform().queue_service.get_job(job_id))
    if as_json:
        print_json(explanation)
        return
    click.echo(f"{explanation.state}: {explanation.text}")
    if explanation.position is not None:
        say(
            f"{explanation.position} before it in its queue, "
            f"{explanation.ahead_elsewhere} in more urgent ones"
        )


def print_job(job: JobView, *, as_json: bool) -> None:
    """A live job with all that Redis knows of it."""
    if as_json:
        print_json(_masked(job))
        return
    error = job.error
    print_facts(
        [
            ("job", job.id),
            ("type", job.job_type),
            ("queue", job.queue),
            ("state", f"{job.state}{' (asked to cancel)' if job.cancel_asked else ''}"),
            ("attempt", f"{job.attempt} of {job.max_attempts}"),
            *_times(job),
            ("worker", job.worker),
            ("progress", json.dumps(job.progress) if job.progress else ""),
            ("tags", ", ".join(job.tags)),
            ("trace", job.trace_id),
            ("payload", _line(shown_payload(platform().catalogue, job.job_type, job.payload))),
            ("result", _line(job.result) if job.result is not None else ""),
            ("error", f"{error.error}: {error.message} [{error.reason}]" if error else ""),
        ]
    )
    if error and error.traceback:
        click.echo("\n" + error.traceback.rstrip())


def _times(job: JobView) -> list[tuple[str, str]]:
    names = ("created_at", "run_at", "enqueued_at", "started_at", "ended_at", "expires_at")
    return [(name.removesuffix("_at"), _with_age(getattr(job, name))) for name in names]


def _with_age(instant: datetime | None) -> str:
    if instant is None:
        return ""
    ago = age(instant)
    return f"{moment(instant)} ({ago} ago)" if ago != "0ms" else moment(instant)


def _record_of(job_id: str) -> JobHistory | None:
    """What is on record as well; a record that is away or behind does not hide the live job."""
    try:
        return history_service().get_job(job_id)
    except JobNotFound:
        return None
    except Unavailable as error:
        say(f"history: {error}")
        return None


def _print_history(history: JobHistory, *, with_head: bool) -> None:
    if with_head:
        _print_record(history)
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


def _print_record(history: JobHistory) -> None:
    job = history.job
    payload = shown_payload(platform().catalogue, job.job_type, history.current_payload)
    print_facts(
        [
            ("job", f"{job.id} (on record only)"),
            ("type", job.job_type),
            ("queue", job.queue),
            ("state", job.state),
            ("attempt", f"{job.attempt} of {job.max_attempts}"),
            ("created", _with_age(job.created_at)),
            ("ended", _with_age(job.finished_at)),
            ("tags", ", ".join(job.tags)),
            ("trace", job.trace_id),
            ("payload", _line(payload)),
            ("error", job.last_error),
        ]
    )


def _row(job: JobView | JobRecord) -> tuple[object, ...]:
    if isinstance(job, JobView):
        error = f"{job.error.error}: {job.error.message}" if job.error else ""
    else:
        error = job.last_error
    return (
        job.id,
        job.job_type,
        job.queue,
        job.state,
        f"{job.attempt}/{job.max_attempts}",
        _ago(job.created_at),
        error.partition("\n")[0][:100],
    )


def _ago(instant: datetime | None) -> str:
    return f"{age(instant)} ago" if instant else ""


def _masked(job: JobView | None) -> Any:
    if job is None:
        return None
    return {**plain(job), "payload": shown_payload(platform().catalogue, job.job_type, job.payload)}


def _masked_history(history: JobHistory | None) -> Any:
    if history is None:
        return None
    catalogue, kind = platform().catalogue, history.job.job_type
    changed = history.changed_payload
    return {
        **plain(history),
        "payload": shown_payload(catalogue, kind, history.payload),
        "changed_payload": None if changed is None else shown_payload(catalogue, kind, changed),
    }


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
