"""What people do to jobs."""

from __future__ import annotations

import click

from backend.cli.commands.jobs.enqueueing import payload_from
from backend.cli.input import options
from backend.cli.input.bulk import for_each
from backend.cli.input.confirmation import confirm
from backend.cli.input.identity import who
from backend.cli.input.parts import actions
from backend.cli.output.printing import print_json, say, tell
from backend.domain.jobs.queue_name import Priority


@click.command()
@click.argument("job_ids", nargs=-1, required=True, metavar="JOB_ID...")
@click.option("--force", is_flag=True, help="Stop the running ones now instead of asking them.")
@options.yes
@options.reason
@options.as_json
def cancel(job_ids: tuple[str, ...], force: bool, yes: bool, reason: str, as_json: bool) -> None:
    """Withdraws jobs. Waiting ones at once; running ones are asked, or stopped with --force.

    \b
    Example:
      tally jobs cancel 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11 --reason "sent twice"
    """
    confirm(f"Cancel {len(job_ids)} job(s)?", yes=yes or (len(job_ids) == 1 and not force))
    for_each(
        job_ids,
        lambda job_id: actions().jobs.cancel(who(), job_id, reason=reason, force=force),
        as_json=as_json,
    )


@click.command()
@click.argument("job_ids", nargs=-1, required=True, metavar="JOB_ID...")
@click.option("--payload", help="Run it with this payload instead: JSON, @FILE or -.")
@options.anyway
@options.reason
@options.as_json
def retry(
    job_ids: tuple[str, ...], payload: str | None, anyway: bool, reason: str, as_json: bool
) -> None:
    """Sends failed jobs back to their queues with all their attempts.

    \b
    Examples:
      tally jobs retry 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11 --reason "receiver is back"
      tally dlq redrive --type send_email --error timeout      many at once
    """
    changed = payload_from(payload) if payload is not None else None

    def act(job_id: str) -> str:
        actions().jobs.retry(who(), job_id, reason=reason, payload=changed, anyway=anyway)
        return "queued again"

    for_each(job_ids, act, as_json=as_json)


@click.command()
@click.argument("job_ids", nargs=-1, required=True, metavar="JOB_ID...")
@options.reason
@options.as_json
def run(job_ids: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Queues scheduled jobs before they are due, also those that wait to be retried.

    \b
    Example:
      tally jobs run 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11 --reason "the receiver is back"
    """
    for_each(
        job_ids,
        lambda job_id: f"waits in {actions().jobs.run_now(who(), job_id, reason=reason)}",
        as_json=as_json,
    )


@click.command()
@click.argument("job_id")
@click.option("--payload", help="Run it with this payload instead: JSON, @FILE or -.")
@options.reason
@options.as_json
def replay(job_id: str, payload: str | None, reason: str, as_json: bool) -> None:
    """Runs an old job again, from the record, as a new job."""
    changed = payload_from(payload) if payload is not None else None
    done = actions().jobs.replay(who(), job_id, reason=reason, payload=changed)
    answered = done.twin.words if done.twin else None
    if as_json:
        print_json({"job_id": done.job_id, "replay_of": job_id, "answered": answered})
        return
    tell(done.job_id)
    if answered:
        say(answered)


@click.command()
@click.argument("job_id")
@click.argument("priority", type=click.Choice([priority.value for priority in Priority]))
@click.option("--front", is_flag=True, help="Before all others of that priority.")
@options.reason
def reprioritise(job_id: str, priority: str, front: bool, reason: str) -> None:
    """Moves a waiting job to another priority of its lane."""
    queue = actions().jobs.reprioritise(who(), job_id, priority, reason=reason, front=front)
    tell(f"{job_id} waits in {queue}")
