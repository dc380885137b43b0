"""``tally history``: search over months, statistics, kinds of failure, export, pruning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.commands.jobs.reading import list_jobs
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.completing import a_job_type, a_queue
from backend.cli.input.confirmation import confirm
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.parts import actions, history_service
from backend.cli.output.ages import age, length, moment
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, progress, say, tell
from backend.cli.output.whole_file import export_to
from backend.domain.history.history_record import JobRecord
from backend.domain.history.history_retention import RetentionRule
from backend.domain.history.history_search import MOST_PER_PAGE
from backend.domain.history.history_statistics import AttemptCounts, DurationSummary
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.services.finding.history_service import HistoryService

#: A hundred years: what is older than the calendar has no date.
_MOST_DAYS = 36_500


@click.group(cls=CommandGroup)
def history() -> None:
    """Searches and sums up the record in Postgres; exports and prunes it."""


history.add_command(list_jobs, "search")


@history.command()
@options.since
@options.until
@click.option(
    "--by", type=click.Choice(["hour", "type", "queue"]), default="type", show_default=True
)
@click.option("--queue", type=GIVEN, help="Only of this queue, by hour.", shell_complete=a_queue)
@options.as_json
def stats(
    since: datetime | None, until: datetime | None, by: str, queue: str | None, as_json: bool
) -> None:
    """Counts attempts and their waits and runs, by job type, queue or hour; the last day by default.

    \b
    Examples:
      tally history stats --since 1h             processed in the last hour, by type
      tally history stats --by queue --since 7d
      tally history stats --by hour --queue high --since 1d
    """
    if queue and by != "hour":
        raise click.UsageError("--queue goes with --by hour; --by queue shows every queue")
    found = _statistics(history_service(), by, since, until, queue or "")
    if as_json:
        print_json(found)
        return
    names = ("ended", "finished", "failed", "retried", "crashed")
    print_rows(
        (by, *names, "wait p50", "wait p95", "run mean", "run p95"),
        [(_head(row), *_counts(row.attempts), *_times(row.wait, row.run)) for row in found],
        empty="nothing ended in that time",
    )


@history.command()
@options.since
@options.until
@click.option(
    "--type", "job_type", type=GIVEN, help="Only of this job type.", shell_complete=a_job_type
)
@options.limit(20)
@options.as_json
def failures(
    since: datetime | None, until: datetime | None, job_type: str | None, limit: int, as_json: bool
) -> None:
    """Groups what went wrong by kind of error and job type, the most frequent first."""
    found = history_service().failures(since, until, job_type=job_type or "", limit=limit)
    if as_json:
        print_json(found)
        return
    print_rows(
        ("attempts", "given up", "type", "error", "last", "example", "message"),
        [
            (g.attempts, g.failed, g.job_type, g.error_kind, f"{age(g.last_at)} ago", g.job_id,
             g.message.partition("\n")[0][:120])
            for g in found
        ],
        empty="nothing went wrong in that time",
    )  # fmt: skip


@history.command()
@options.since
@options.until
@options.as_json
def states(since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Counts the jobs on record by state; of those accepted in a time if one is given."""
    counts = history_service().count_by_state(since, until)
    if as_json:
        print_json(counts)
    else:
        print_rows(("state", "jobs"), list(counts.items()), empty="no job is on record")


@history.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@options.state
@options.job_filter
def export(file: str, state: str | None, **wanted: Any) -> None:
    """Writes jobs on record to FILE (- is standard output), one JSON object a line.

    FILE is whole or, where it cannot be, as it was before.

    \b
    Example:
      tally history export failed.jsonl --state failed --since 30d
    """
    count = 0
    with export_to(file) as output, progress() as bar:
        task = bar.add_task("exporting", total=None)
        for job in _all(options.filter_of(wanted, state)):
            output.write(json.dumps(plain(job), ensure_ascii=False) + "\n")
            count += 1
            bar.update(task, advance=1)
    say(f"{count} jobs exported")


@history.command()
@click.argument("days", type=click.IntRange(1, _MOST_DAYS))
@click.option(
    "--include-failed",
    is_flag=True,
    help="Also jobs that were given up, but for those in the dead-letter queue.",
)
@options.yes
@options.as_json
def prune(days: int, include_failed: bool, yes: bool, as_json: bool) -> None:
    """Deletes jobs that ended more than DAYS days ago, with their results.

    The recorder does this by itself by the retention settings; this is for once. Who is in the
    dead-letter queue stays until they are redriven, discarded or resolved.
    """
    kinds = "finished, canceled and failed" if include_failed else "finished and canceled"
    confirm(f"Delete the {kinds} jobs that ended more than {days} days ago?", yes=yes)
    done = (JobState.FINISHED, JobState.CANCELED)
    rule = RetentionRule((*done, JobState.FAILED) if include_failed else done, timedelta(days=days))
    before = platform().clock.now() - rule.keep
    deleted = actions().history.prune(who(), days, rule, before)
    if as_json:
        print_json({"deleted": deleted})
    else:
        tell(f"{deleted} jobs deleted")


def _all(wanted: JobFilter) -> Iterator[JobRecord]:
    service = history_service()
    page = service.search(wanted, limit=MOST_PER_PAGE)
    yield from page.jobs
    while page.next is not None:
        page = service.search(wanted, limit=MOST_PER_PAGE, after=page.next)
        yield from page.jobs


def _statistics(
    service: HistoryService, by: str, since: datetime | None, until: datetime | None, queue: str
) -> list[Any]:
    if by == "hour":
        return list(service.by_hour(since, until, queue=queue))
    return list(service.by_queue(since, until) if by == "queue" else service.by_type(since, until))


def _head(row: Any) -> str:
    head = row[0]
    return moment(head) if isinstance(head, datetime) else head


def _counts(attempts: AttemptCounts) -> tuple[int, ...]:
    return tuple(attempts)


def _times(wait: DurationSummary | None, run: DurationSummary | None) -> tuple[str, ...]:
    waits = (length(wait.p50), length(wait.p95)) if wait else ("", "")
    runs = (length(run.mean), length(run.p95)) if run else ("", "")
    return (*waits, *runs)
