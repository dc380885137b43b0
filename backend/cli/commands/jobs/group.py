"""``tally jobs``: enqueue, look at, find, cancel, retry and wait for jobs."""

from __future__ import annotations

import click

from backend.cli.commands.jobs.acting import cancel, replay, reprioritise, retry, run
from backend.cli.commands.jobs.enqueueing import enqueue, preview, types
from backend.cli.commands.jobs.reading import list_jobs, show, wait, why
from backend.cli.commands.jobs.stuck import reset_stuck
from backend.cli.input.command_group import CommandGroup


@click.group(cls=CommandGroup)
def jobs() -> None:
    """Enqueues, shows, finds, cancels and retries jobs."""


for _command in (
    *(enqueue, preview, show, list_jobs, wait, why, cancel, retry, run, replay),
    *(reprioritise, reset_stuck, types),
):
    jobs.add_command(_command)
jobs.add_command(list_jobs, "search")
jobs.add_command(reprioritise, "move")
