"""The record and the schema from a shell: numbers and words that cannot be are refused in a line."""

from __future__ import annotations

import pytest

from backend.bootstrap.current import platform
from tests.integration.cli.shell import Shell


@pytest.mark.parametrize("days", ["36501", "999999", "9999999999", "0"])
def test_nothing_is_older_than_the_calendar(shell: Shell, days: str) -> None:
    assert "1<=x<=36500" in shell.run("history", "prune", days, "--yes", status=2).talk


def test_what_ended_a_hundred_years_ago_may_be_deleted(shell: Shell) -> None:
    assert shell.json("history", "prune", "36500", "--yes") == {"deleted": 0}


@pytest.mark.parametrize("other", ["--functions-only", "--tune-redis"])
def test_who_only_wants_to_look_at_the_schema_changes_nothing(shell: Shell, other: str) -> None:
    redis = platform().redis
    redis.function_flush()

    said = shell.run("migrate", "--status", other, status=2).talk

    assert f"--status and {other} exclude each other" in said
    assert redis.function_list() == []
    platform().load_library()
