"""Options that many commands share, so that they are called the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import click

from backend.cli.input.completing import a_job_type, a_queue
from backend.cli.input.given_text import GIVEN
from backend.cli.input.instants import INSTANT
from backend.cli.input.known_queues import known_queue
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="JSON for programs.")
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
reason = click.option("--reason", default="", help="Why, for history and the audit log.")
anyway = click.option(
    "--anyway", is_flag=True, help="Also while a job that is the same holds their key."
)
since = click.option("--since", type=INSTANT, help="From: 2h, 7d, 2026-02-01T08:00.")
until = click.option("--until", type=INSTANT, help="Until, in the same form.")


def limit(default: int, most: int = 500) -> Callable[[Command], Command]:
    """How many to show."""
    return click.option(
        "--limit", "-n", type=click.IntRange(1, most), default=default, show_default=True
    )


def _text(*names: str, **said: Any) -> Callable[[Command], Command]:
    return click.option(*names, type=GIVEN, **said)


def job_filter(command: Command) -> Command:
    """Which jobs are meant; `filter_of` makes the filter of them."""
    for option in reversed(
        (
            _text("--type", "job_type", help="Only of this job type.", shell_complete=a_job_type),
            _text("--queue", help="Only of this queue: high, low:export.", shell_complete=a_queue),
            _text("--tag", help="Only with this tag."),
            _text("--tenant", help="Only of this tenant."),
            _text("--trace-id", help="Only of this trace."),
            _text("--context-id", help="Only of this context of the caller's."),
            _text("--environment", help="Only of where its maker said that it belongs."),
            _text("--worker", help="Only of this worker: of their last attempt."),
            _text("--error", "error_text", help="A part of the last error, or its reason."),
            _text("--error-kind", help="Class of the last error, exactly."),
            click.option("--since", "accepted_since", type=INSTANT, help="Accepted since: 2h, 7d."),
            click.option("--until", "accepted_until", type=INSTANT, help="Accepted before."),
            click.option("--after", "died_after", type=INSTANT, help="Dead since this or later."),
            click.option("--before", "died_before", type=INSTANT, help="Dead since before this."),
        )
    ):
        command = option(command)
    return command


state = click.option(
    "--state", type=click.Choice([state.value for state in JobState]), help="Only in this state."
)


def filter_of(wanted: Mapping[str, Any], state: str | None = None) -> JobFilter:
    """What the options of `job_filter` say. A queue that does not exist is refused, not found empty."""
    given = {name: value for name, value in wanted.items() if value is not None}
    if "queue" in given:
        # While Redis is away nobody knows which queues there are, and the record answers.
        with suppress(QueueUnavailable):
            given["queue"] = known_queue(given["queue"])
    return JobFilter(states=frozenset([JobState(state)] if state else []), **given)
