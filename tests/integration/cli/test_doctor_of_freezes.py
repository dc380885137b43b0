"""`tally doctor` says which freezes workers do not know of, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from backend.bootstrap.current import platform
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.integration.cli.shell import Shell

_REMEDY = (
    "the calendar of tally scheduler writes its windows: start one; if one runs, look at its log"
)


@pytest.fixture
def redis(shell: Shell, servers: Servers) -> Iterator[Redis]:
    """The Redis behind the shell."""
    client = connect(servers.redis_url)
    yield client
    client.flushall()
    client.close()


def _found(shell: Shell, code: str) -> dict[str, Any]:
    told = shell.run("doctor", "--json", status=1).json
    [found] = [each for each in told if each["code"] == code]
    return dict(found)


def test_nobody_says_anything_where_there_is_none(shell: Shell, redis: Redis) -> None:
    assert "freezes" not in {each["code"] for each in shell.json("doctor")}


def test_a_freeze_that_should_hold_and_is_not_planned_is_wrong(shell: Shell, redis: Redis) -> None:
    shell.run("freezes", "add", "move", "queue:low", "--until", "2h")
    assert "workers know the windows of all 1 freezes" in shell.run("doctor").text
    [window] = platform().inspection.frozen()
    redis.delete(platform().keys.frozen)

    found = _found(shell, "freeze_not_planned")

    assert (found["level"], found["remedy"]) == ("wrong", _REMEDY)
    assert found["text"] == (
        f"the queue low should be frozen by move until {window.ends_at:%Y-%m-%d %H:%M} UTC, and workers "
        "do not know: its jobs start all the same"
    )
    [line] = shell.json("freezes", "list")["freezes"]
    assert line["is_planned"] is False


def test_a_window_that_comes_within_two_days_is_named_by_its_times(
    shell: Shell, redis: Redis
) -> None:
    hour = (datetime.now(UTC) + timedelta(hours=2)).hour
    line = f"0 {hour} * * *"
    shell.run("freezes", "add", "nights", "type:greet", "--cron", line, "--for", "30m")
    first, *_ = platform().inspection.frozen()
    redis.delete(platform().keys.frozen)

    text = _found(shell, "freeze_not_planned")["text"]

    assert text == (
        f"the job type greet is to be frozen by nights from {first.starts_at:%Y-%m-%d %H:%M} UTC until "
        f"{first.ends_at:%Y-%m-%d %H:%M} UTC, and workers do not know yet"
    )


def test_a_freeze_that_begins_later_than_is_planned_ahead_is_well(
    shell: Shell, redis: Redis
) -> None:
    shell.run("freezes", "add", "move", "queue:low", "--from", "30d", "--until", "31d")

    assert platform().inspection.frozen() == []
    assert "workers know the windows of all 1 freezes" in shell.run("doctor").text
    [line] = shell.json("freezes", "list")["freezes"]
    assert line["is_planned"] is True
