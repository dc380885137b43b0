"""Options that many commands share, so that they are called the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from backend.cli.completing import a_job_type, a_queue
from backend.cli.instants import INSTANT

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
reason = click.option("--reason", default="", help="Why, for history and the audit log.")
since = click.option("--since", type=INSTANT, help="From: 2h, 7d, 2026-02-01T08:00.")
until = click.option("--until", type=INSTANT, help="Until, in the same form.")


def limit(default: int, most: int = 500) -> Callable[[Command], Command]:
    """How many to show."""
    return click.option(
        "--limit", "-n", type=click.IntRange(1, most), default=default, show_default=True
    )


def dead_filter(command: Command) -> Command:
    """Which dead jobs are meant."""
    for option in (
        click.option("--before", type=INSTANT, help="Dead since before this: 1h, 2026-02-01."),
        click.option("--after", type=INSTANT, help="Dead since this or later."),
        click.option("--worker", help="Only of this worker: of their last attempt."),
        click.option("--tenant", help="Only of this tenant."),
        click.option("--tag", help="Only with this tag."),
        click.option("--error", help="Error class, reason, or a part of the message."),
        click.option(
            "--queue", help="Only of this queue: high, low:export.", shell_complete=a_queue
        ),
        click.option(
            "--type", "job_type", help="Only of this job type.", shell_complete=a_job_type
        ),
    ):
        command = option(command)
    return command
