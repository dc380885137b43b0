"""``tally queues foreign`` and ``give-back``: jobs of RQ that came into our queues."""

from __future__ import annotations

import sys

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.parts import actions
from backend.cli.output.ages import age
from backend.cli.output.printing import print_json, print_rows, say, tell


@click.command()
@options.limit(20)
@options.as_json
def foreign(limit: int, as_json: bool) -> None:
    """Shows jobs that are not ours: RQ enqueued them under our prefix; they were set apart, untouched."""
    jobs_apart = platform().broker.foreign
    found = jobs_apart.first(limit)
    if as_json:
        print_json(found)
        return
    print_rows(
        ("job", "enqueued in", "calls", "apart for"),
        [(job.id, job.queue, job.call, age(job.since)) for job in found],
        empty="no job of another program was found in our queues",
    )
    if (count := jobs_apart.count()) > len(found):
        say(f"{count - len(found)} more: --limit")


@click.command("give-back")
@click.argument("job_ids", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were set apart.")
@click.option("--to", "queue", type=GIVEN, required=True, help="Queue of RQ, none of ours.")
@options.reason
@options.as_json
def give_back(
    job_ids: tuple[str, ...], *, every: bool, queue: str, reason: str, as_json: bool
) -> None:
    """Sends jobs that are not ours to a queue that RQ's own workers listen to.

    Exit status 1 unless all that were named were given back.

    \b
    Examples:
      tally queues give-back --all --to default
    """
    if bool(job_ids) == every:
        raise click.UsageError("Name jobs, or say --all.")
    jobs_apart = platform().broker.foreign
    ids = [job.id for job in jobs_apart.first(jobs_apart.count())] if every else list(job_ids)
    given = actions().queues.give_back(who(), queue, ids, reason=reason)
    if as_json:
        print_json({"given_back": given})
    else:
        tell(f"{len(given)} of {len(ids)} now wait in {queue}")
    # What goes by itself while all are given back is no failure; what somebody named was to go.
    sys.exit(1 if set(job_ids) - set(given) else 0)
