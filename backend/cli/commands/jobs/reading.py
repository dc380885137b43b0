"""Looking at jobs, live and on record."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.instants import DURATION
from backend.cli.input.parts import history_service, search_service, standing_of, why_service
from backend.cli.output.ages import age
from backend.cli.output.job_printing import (
    attempts_of,
    listed,
    masked,
    masked_history,
    print_history,
    print_job,
)
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.errors import JobNotFound, Unavailable
from backend.domain.history.history_record import JobHistory, JobRecord
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState


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
    standing = standing_of(found)
    if as_json:
        print_json({"job": masked(live, standing), "history": masked_history(record)})
        return
    if live is not None:
        print_job(live, as_json=False, standing=standing)
    if record is not None:
        print_history(record, with_head=live is None, standing=standing)


@click.command("list")
@options.state
@options.job_filter
@click.option("--source", type=click.Choice(["live", "history"]), help="Ask one store only.")
@click.option("--cursor", help="Where the last page ended.")
@options.limit(20)
@options.as_json
def list_jobs(
    *,
    as_json: bool,
    source: Any,
    cursor: str | None,
    limit: int,
    state: str | None,
    **wanted: Any,
) -> None:
    """Finds jobs in Redis and in the record of months, the newest first.

    \b
    Examples:
      tally jobs list --state failed --since 1h
      tally jobs list --type send_email --tag welcome --limit 100
      tally jobs search --error "connection refused" --since 7d
    """
    page = search_service().search(
        options.filter_of(wanted, state), limit=limit, cursor=cursor, source=source
    )
    if as_json:
        told = {"jobs": listed(page.jobs), "sources": page.sources, "next": page.next}
        print_json({**told, "as_of": page.as_of})
        return
    print_rows(
        ("job", "type", "queue", "state", "attempt", "accepted", "last error"),
        [_row(job) for job in page.jobs],
        empty="no job matches",
    )
    if page.next:
        say(f"more: --cursor {page.next}")
    if page.as_of is not None:
        say(f"the record is as of {page.as_of.astimezone(UTC):%H:%M:%S} UTC, from a replica")
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
    """Says why a job is not running: paused, behind others, no worker, at a limit…

    Asks Redis, then the record.
    """
    explanation = why_service().explain_found(search_service().find(job_id))
    if as_json:
        print_json(explanation)
        return
    tell(f"{explanation.state}: {explanation.text}")
    if explanation.position is not None:
        say(
            f"{explanation.position} before it in its queue, "
            f"{explanation.ahead_elsewhere} in more urgent ones"
        )


def _record_of(job_id: str) -> JobHistory | None:
    """What is on record as well; a record that is away or behind does not hide the live job."""
    try:
        return history_service().get_job(job_id)
    except JobNotFound:
        return None
    except Unavailable as error:
        say(f"history: {error}")
        return None


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
        attempts_of(job, "/"),
        _ago(job.created_at),
        error.partition("\n")[0][:100],
    )


def _ago(instant: datetime | None) -> str:
    return f"{age(instant)} ago" if instant else ""
