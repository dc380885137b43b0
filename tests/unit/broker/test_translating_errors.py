"""redis-py's errors become ours in one place."""

from __future__ import annotations

import pytest
from redis import exceptions

from backend.broker.server.connection import translate, translated
from backend.broker.server.functions import is_missing_function
from backend.domain.errors import QueueFull, QueueUnavailable


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("refused"),
        exceptions.TimeoutError("slow"),
        exceptions.InvalidResponse("Protocol Error: HTTP"),
    ],
)
def test_an_outage_is_one_clear_error(error: exceptions.RedisError) -> None:
    ours = translate(error)

    assert isinstance(ours, QueueUnavailable)
    assert "check REDIS_URL and the server" in str(ours)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.NoPermissionError("no permissions to run 'fcall'"),
        exceptions.AuthenticationError("WRONGPASS"),
    ],
)
def test_a_refused_account_is_told_from_an_outage(error: exceptions.RedisError) -> None:
    assert "refuses our account" in str(translate(error))


@pytest.mark.parametrize(
    "error",
    [
        exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
        exceptions.ResponseError("OOM allow-oom flag is not set on the function"),
    ],
)
def test_full_memory_is_a_full_queue(error: exceptions.RedisError) -> None:
    assert isinstance(translate(error), QueueFull)


def test_a_mistake_of_our_own_stays_what_it_is() -> None:
    error = exceptions.ResponseError("WRONGTYPE")

    assert translate(error) is error
    with pytest.raises(exceptions.ResponseError, match="WRONGTYPE"), translated():
        raise error


def test_the_cause_is_kept() -> None:
    cause = exceptions.ConnectionError("refused")

    with pytest.raises(QueueUnavailable) as raised, translated():
        raise cause

    assert raised.value.__cause__ is cause


def test_a_missing_library_is_recognised() -> None:
    assert is_missing_function(exceptions.ResponseError("ERR Function not found"))
    assert not is_missing_function(exceptions.ResponseError("ERR wrong number of arguments"))
    assert not is_missing_function(exceptions.ConnectionError("Function not found"))
