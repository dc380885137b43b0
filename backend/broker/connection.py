"""Connections to Redis, and the one place where its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from redis import Redis
from redis import exceptions as redis_errors
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from backend.broker import library
from backend.domain.errors import QueueFull, QueueUnavailable

#: Together they keep a caller's wait under two seconds (redis-py's own defaults wait a minute).
CONNECT_TIMEOUT = 0.8
COMMAND_TIMEOUT = 1.6

_REFUSALS = (redis_errors.NoPermissionError, redis_errors.AuthenticationError)
_OUTAGES = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.BusyLoadingError,
    redis_errors.ReadOnlyError,
    # What answers is no Redis.
    redis_errors.InvalidResponse,
)


def connect(url: str, *, name: str = "tally", command_timeout: float = COMMAND_TIMEOUT) -> Redis:
    """A client for short commands. One quiet second try: every function of ours is idempotent."""
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=command_timeout,
        retry=Retry(ConstantBackoff(0.05), 1, supported_errors=(redis_errors.ConnectionError,)),
        health_check_interval=0,
        client_name=name,
        protocol=2,
    )


def connect_blocking(url: str, *, name: str = "tally-waiting") -> Redis:
    """A client for commands that block: it waits as long as they do and never sends one twice."""
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=None,
        retry=Retry(ConstantBackoff(0), 0),
        client_name=name,
        protocol=2,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turns redis-py's errors into ours."""
    try:
        yield
    except RedisError as error:
        raise translate(error) from error


def translate(error: RedisError) -> Exception:
    """Our error for one of redis-py's; a mistake of our own stays what it is."""
    if isinstance(error, redis_errors.OutOfMemoryError) or "OOM" in str(error):
        return QueueFull(
            "Redis is at its memory limit and refused the job; nothing was written. "
            "Let workers drain the queues, or raise maxmemory"
        )
    if isinstance(error, _REFUSALS):
        return QueueUnavailable(f"Redis refuses our account: {error}; check REDIS_URL and its ACL")
    if isinstance(error, _OUTAGES):
        return QueueUnavailable(
            f"Redis cannot be used now: {error}; check REDIS_URL and the server"
        )
    return error


class Functions:
    """Calls the library's functions by the name of their step, loading it where it is missing."""

    def __init__(self, client: Redis, root: str) -> None:
        self._client = client
        self._execute: Any = client.execute_command
        self._root = root
        self._names = {step: library.function_name(step) for step in library.STEPS}

    def command(self, step: str, args: list[Any]) -> tuple[Any, ...]:
        """The `FCALL` of a step, for those who send it themselves."""
        return ("FCALL", self._names[step], 1, self._root, *args)

    def call(self, step: str, *args: Any) -> Any:
        """Runs a step and returns its reply; raises our errors."""
        command = self.command(step, list(args))
        with translated():
            try:
                return self._execute(*command)
            except ResponseError as error:
                if not is_missing_function(error):
                    raise
                library.load(self._client)
                return self._execute(*command)

    def codes(self, step: str, *args: Any) -> list[int]:
        """Runs a step that answers one code an item."""
        return cast(list[int], self.call(step, *args))


def is_missing_function(error: Exception) -> bool:
    """Whether Redis does not know this release's library (it is new, or somebody flushed it)."""
    return isinstance(error, ResponseError) and "function not found" in str(error).lower()
