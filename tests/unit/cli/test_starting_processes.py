"""Processes start before a Redis that serves, and end at once where it is one that never will."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from backend.broker.server.keyspace import refuse_others
from backend.cli.commands.processes import _refuse_others
from backend.domain.errors import (
    ConfigurationError,
    ForeignKeyspace,
    QueueFull,
    QueueUnavailable,
    TallyError,
)


class _Parts:
    """A platform whose Redis answers with an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def refuse_others(self) -> None:
        raise self._error


def _begin(error: Exception) -> None:
    parts: Any = _Parts(error)
    _refuse_others(parts)


@pytest.mark.parametrize("error", [QueueUnavailable("away"), QueueFull("full")])
def test_who_starts_while_redis_cannot_serve_waits_for_it(error: TallyError) -> None:
    _begin(error)


def test_who_would_work_beside_rq_ends() -> None:
    with pytest.raises(ForeignKeyspace):
        _begin(ForeignKeyspace("RQ works here"))


def test_a_redis_with_which_nothing_works_is_told_in_a_sentence() -> None:
    functions: Any = SimpleNamespace(call=_unknown)

    with pytest.raises(ConfigurationError, match=r"unknown command 'FCALL'.*tally doctor"):
        refuse_others(functions)


def _unknown(*_: object) -> None:
    raise ResponseError("unknown command 'FCALL', with args beginning with: ")
