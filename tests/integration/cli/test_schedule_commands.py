"""Recurring jobs from a shell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.shell import Shell
from tests.unit.cli.typed import typed

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


def test_a_schedule_of_the_settings_that_cannot_be_is_status_1(
    shell: Shell, tmp_path: Path
) -> None:
    good = "schedules:\n  nightly: {job_type: greet, payload: {name: night}, cron: '@daily'}\n"
    (tmp_path / "config.yaml").write_text(f"{good}  mad: {{job_type: gret, cron: '@daily'}}\n")

    told, again = typed("schedules", "sync"), typed("schedules", "sync", "--json")

    shell.run("schedules", "delete", "nightly", "--yes")
    reports = {each["name"]: each["outcome"] for each in json.loads(again.stdout)}
    assert (told.returncode, again.returncode) == (1, 1)
    assert "nightly: made as the file says" in told.stdout
    assert "mad: refused: " in told.stdout
    assert (reports["nightly"], reports["mad"]) == ("unchanged", "refused")
