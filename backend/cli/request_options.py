"""The options of a new job, the same on every command that takes them, and as those of `enqueue_job`."""

from __future__ import annotations

from typing import Any

import click

from backend.cli.completing import a_queue
from backend.cli.instants import COMING, DURATION, DURATIONS, Duration
from backend.domain import bounds
from backend.domain.bounds import Bound
from backend.domain.queue_name import Priority


def whole(bound: Bound) -> click.IntRange:
    """A whole number within its bound."""
    return click.IntRange(int(bound.least), int(bound.most))


_OPTIONS = (
    click.option(
        "--priority",
        "-p",
        type=click.Choice([priority.value for priority in Priority]),
        help="Default: the job type's own.",
    ),
    click.option(
        "--queue",
        help="Another than the job type's: high:email, or a lane: email.",
        shell_complete=a_queue,
    ),
    click.option("--delay", type=DURATION, help="How long from now: 90s, 10m."),
    click.option("--run-at", type=COMING, help="When: 2h, 2026-02-01T08:00."),
    click.option("--expires-at", type=COMING, help="Withdrawn if not started by then: 2h."),
    click.option("--max-retries", type=whole(bounds.MAX_RETRIES), help="Attempts after the first."),
    click.option("--retry-delays", type=DURATIONS, help="Before each retry: 10s,1m,1h."),
    click.option("--timeout", type=Duration(bounds.TIMEOUT), help="Soft time limit."),
    click.option("--result-ttl", type=Duration(bounds.RESULT_TTL), help="How long Redis keeps it."),
    click.option("--limit-key", help="Jobs of one key share one limit."),
    click.option("--limit", type=whole(bounds.LIMIT), help="So many of --limit-key at once."),
    click.option("--tag", "tags", multiple=True, help="May be given several times."),
    click.option("--tenant", help="Whose job it is."),
    click.option("--environment", help="Where it belongs, to search by."),
    click.option("--context-id", help="An id of your own, to search by."),
    click.option("--trace-id", help="The trace it belongs to."),
    click.option("--job-id", help="An id of your own making."),
    click.option("--idempotency-key", help="The same key again is the same job."),
    click.option(
        "--idempotency-window",
        type=Duration(bounds.IDEMPOTENCY_WINDOW),
        help="How long the key is remembered.",
    ),
    click.option("--callback-url", help="Is told how the job ended."),
    click.option(
        "--version", type=whole(bounds.VERSION), help="Only if the job type has this one."
    ),
    click.option("--test", "is_test", is_flag=True, help="A rehearsal: nothing outside moves."),
)


def request_options(command: Any) -> Any:
    """Puts them on a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def said(asked: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without what nothing was said of."""
    left_out: tuple[Any, ...] = (None, False, "", ())
    # By identity: 0 retries are not no word about retries.
    given = {
        name: value
        for name, value in asked.items()
        if not any(value is nothing for nothing in left_out)
    }
    if "tags" in given:
        given["tags"] = list(given["tags"])
    if "result_ttl" in given:
        given["result_ttl"] = int(given["result_ttl"])
    return given
