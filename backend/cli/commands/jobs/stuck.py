"""Jobs that are started and do not get on: whose worker is gone, or that run for too long."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.confirmation import confirm
from backend.cli.input.identity import who
from backend.cli.input.instants import DURATION
from backend.cli.input.parts import actions, stuck_jobs
from backend.cli.output.ages import age
from backend.cli.output.printing import print_json, print_rows, say
from backend.domain.jobs.job import JobView


@click.command("reset-stuck")
@click.argument("job_ids", nargs=-1, metavar="[JOB_ID...]")
@click.option(
    "--older-than", type=DURATION, default="5m", show_default=True, help="Started longer ago."
)
@click.option("--force", is_flag=True, help="Also jobs whose worker is alive; they are stopped.")
@click.option("--dry-run", is_flag=True, help="Only show them.")
@options.yes
@options.reason
@options.as_json
def reset_stuck(
    *,
    job_ids: tuple[str, ...],
    older_than: float,
    force: bool,
    dry_run: bool,
    yes: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Gives started jobs back to the front of their queues, uncharged.

    Without JOB_ID: all that started longer ago than --older-than. Those whose worker is alive are
    left alone unless --force is given: then the worker loses its lease, and stops them at its next
    heartbeat. A job of a dead worker needs none of this: it is rescued by itself when its lease ends.
    What another worker has taken since it was looked at is left alone.

    \b
    Examples:
      tally jobs reset-stuck --dry-run
      tally jobs reset-stuck --older-than 10m --yes
      tally jobs reset-stuck 019c1f0a-7d3e-7b62-9a51-2f6c1f0e8d11 --force
    """
    found = _named(job_ids) if job_ids else stuck_jobs().older_than(older_than)
    alive, held = stuck_jobs().workers_alive(), stuck_jobs().held(found)
    stuck = [lease for lease in held if force or lease.worker not in alive]
    if not as_json:
        _show(found, alive)
    if dry_run or not stuck:
        _answer([], found, as_json=as_json)
        sys.exit(1 if job_ids and not dry_run else 0)
    confirm(f"Reset {len(stuck)} job(s)?", yes=yes)
    done = actions().jobs.reset_stuck(who(), stuck, reason=reason, force=force)
    _answer(done, found, as_json=as_json)
    # Whose worker is alive stays, as it was asked for; what somebody named was to be reset.
    sys.exit(0 if len(done) == len(found if job_ids else stuck) else 1)


def _named(job_ids: Sequence[str]) -> list[JobView]:
    return [platform().queue_service.get_job(job_id) for job_id in job_ids]


def _show(jobs: Sequence[JobView], alive: Set[str]) -> None:
    print_rows(
        ("job", "type", "queue", "started", "worker", "its worker"),
        [
            (
                job.id,
                job.job_type,
                job.queue,
                f"{age(job.started_at)} ago",
                job.worker,
                "alive" if job.worker in alive else "gone",
            )
            for job in jobs
        ],
        empty="no job is stuck",
    )


def _answer(done: Sequence[str], found: Sequence[JobView], *, as_json: bool) -> None:
    if as_json:
        print_json({"reset": done, "found": [job.id for job in found]})
    elif found:
        say(f"{len(done)} of {len(found)} reset")
