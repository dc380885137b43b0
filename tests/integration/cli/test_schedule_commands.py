"""Recurring jobs from a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.integration.cli.shell import Shell

_NEXT = re.compile(r"ping: next run \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n")


@pytest.fixture
def ping(shell: Shell) -> Iterator[str]:
    """What is said of a schedule that was made."""
    yield shell.run("schedules", "add", "ping", "greet", '{"name": "Zoë"}', "--interval=10m").text
    shell.run("schedules", "delete", "ping", "--yes")


def test_the_next_run_is_told_in_utc_whoever_tells_it(shell: Shell, ping: str) -> None:
    assert _NEXT.fullmatch(ping)
    assert _NEXT.fullmatch(shell.run("schedules", "change", "ping", "--interval", "5m").text)

    shell.run("schedules", "pause", "ping")
    changed = shell.run("schedules", "change", "ping", "--interval", "6m").text
    assert changed == "ping is paused\n"

    assert _NEXT.fullmatch(shell.run("schedules", "resume", "ping").text)


def test_a_payload_is_shown_as_it_is_typed(shell: Shell, ping: str) -> None:
    assert re.search(r'payload +\{"name": "Zoë"\} *\n', shell.run("schedules", "show", "ping").text)


def test_secrets_of_its_jobs_are_not_shown(shell: Shell) -> None:
    shell.run(
        "schedules", "add", "post", "letter", '{"to": "Ada", "secret": "s-17"}', "--cron=@daily"
    )

    shown = [
        shell.run("schedules", "show", "post").text,
        shell.run("schedules", "show", "post", "--json").text,
        shell.run("schedules", "list", "--json").text,
    ]

    shell.run("schedules", "delete", "post", "--yes")
    assert all('"secret": "[hidden]"' in text and "s-17" not in text for text in shown)
