"""``tally jobs``: enqueue, look at, find, cancel, retry and wait for jobs."""

from __future__ import annotations

import click

from backend.cli.jobs_acting import cancel, replay, reprioritise, retry, run
from backend.cli.jobs_enqueueing import enqueue, preview, types
from backend.cli.jobs_reading import list_jobs, show, wait, why
from backend.cli.jobs_stuck import reset_stuck
from backend.cli.noun import Noun


@click.group(cls=Noun)
def jobs() -> None:
    """Enqueues, shows, finds, cancels and retries jobs."""


for _command in (
    *(enqueue, preview, show, list_jobs, wait, why, cancel, retry, run, replay),
    *(reprioritise, reset_stuck, types),
):
    jobs.add_command(_command)
jobs.add_command(list_jobs, "search")
jobs.add_command(reprioritise, "move")
