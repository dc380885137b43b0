"""Readiness names what is not there, whatever a store answers to the question."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from redis.exceptions import ResponseError

from backend.api.routers.health import ready


def test_a_store_with_which_nothing_works_is_named_and_the_others_are_looked_at() -> None:
    def redis() -> None:
        raise ResponseError("unknown command 'FCALL' at redis://u:secret@host/0\nand more")

    checks = {"redis": redis, "postgres": lambda: None}
    call: Any = SimpleNamespace(parts=SimpleNamespace(checks=checks))

    answer = ready(call)

    assert answer.status == 503
    assert [(check.name, check.ok) for check in answer.body.checks] == [
        ("redis", False),
        ("postgres", True),
    ]
    told = answer.body.checks[0].detail
    assert told.startswith("ResponseError: unknown command 'FCALL'")
    assert "secret" not in told
    assert "and more" not in told
