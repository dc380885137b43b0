"""Connections to Redis, and the one place where its errors become ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any

from redis import Redis
from redis import exceptions as redis_errors
from redis.backoff import ConstantBackoff
from redis.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from backend.broker.server import siblings
from backend.broker.server.command_words import TextPacker
from backend.broker.server.error_replies import ACCOUNT, read_reply
from backend.domain.errors import PayloadTooLarge, QueueFull, QueueUnavailable
from backend.domain.store_answer import Meaning, StoreAnswer

#: Together they keep a caller's wait under two seconds (redis-py's own defaults wait a minute).
CONNECT_TIMEOUT = 0.8
COMMAND_TIMEOUT = 1.6
#: Seconds that a blocking command may take longer than it was asked to, and any other of its client.
BLOCKING_MARGIN = 1.0
_UNBLOCKING_TIMEOUT = 10.0

#: The library's name is not told to the server: Redis 7.0 has no command for it (CLIENT SETINFO), and
#: an ACL that names the command cannot be loaded there.
_UNANNOUNCED: dict[str, Any] = (
    {"driver_info": None}
    if "driver_info" in signature(AbstractConnection.__init__).parameters
    else {"lib_name": None, "lib_version": None}
)

#: A quiet connection is asked after a minute whether its other end is there, and given up half a minute
#: later. Routers on the way forget one in some minutes without a word, and so does a server that died.
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

#: As in redis-py before 8, which refuses the 101st thread that calls at once. ``?max_connections=`` in the
#: address says otherwise.
_AS_MANY_AS_CALL = 2**31

#: What redis-py knows by class, it leaves the code out of the text of. Subclasses come first.
_CODES: tuple[tuple[type[RedisError], str], ...] = (
    (redis_errors.OutOfMemoryError, "OOM"),
    (redis_errors.ReadOnlyError, "READONLY"),
    (redis_errors.NoPermissionError, "NOPERM"),
    (redis_errors.AuthenticationError, "NOAUTH"),
    (redis_errors.BusyLoadingError, "LOADING"),
    (redis_errors.ExecAbortError, "EXECABORT"),
    (redis_errors.MasterDownError, "MASTERDOWN"),
    (redis_errors.ClusterDownError, "CLUSTERDOWN"),
    (redis_errors.TryAgainError, "TRYAGAIN"),
    (redis_errors.MovedError, "MOVED"),
    (redis_errors.AskError, "ASK"),
    (redis_errors.ClusterCrossSlotError, "CROSSSLOT"),
    (redis_errors.NoScriptError, "NOSCRIPT"),
)
_NO_ANSWER = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    # What answers is no Redis.
    redis_errors.InvalidResponse,
)


def connect(url: str, *, name: str = "tally", command_timeout: float = COMMAND_TIMEOUT) -> Redis:
    """A client for short commands. One quiet second try: every function of ours is idempotent."""
    client = Redis.from_url(
        url,
        max_connections=_AS_MANY_AS_CALL,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=command_timeout,
        retry=Retry(ConstantBackoff(0.05), 1, supported_errors=(redis_errors.ConnectionError,)),
        health_check_interval=0,
        client_name=name,
        protocol=2,
        command_packer=TextPacker(),
        **_keepalive(url),
        **_UNANNOUNCED,
    )
    siblings.join(client.connection_pool)
    return client


def connect_blocking(url: str, *, name: str = "tally-waiting") -> Redis:
    """A client for `blocked`: it never sends a command twice."""
    client = Redis.from_url(
        url,
        max_connections=_AS_MANY_AS_CALL,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=_UNBLOCKING_TIMEOUT,
        retry=Retry(ConstantBackoff(0), 0),
        client_name=name,
        protocol=2,
        command_packer=TextPacker(),
        **_keepalive(url),
        **_UNANNOUNCED,
    )
    siblings.join(client.connection_pool)
    return client


def _keepalive(url: str) -> dict[str, Any]:
    """Also for who only listens, and would else never learn that the other end is gone."""
    if url.startswith("unix:"):
        return {}
    # Not every platform has them all.
    known = {getattr(socket, name, None): value for name, value in _KEEPALIVE.items()}
    known.pop(None, None)
    return {"socket_keepalive": True, "socket_keepalive_options": known}


def blocked(client: Redis, seconds: float, *command: Any) -> Any:
    """Runs a command that blocks in Redis for at most ``seconds``; gives a silent server up soon after.

    The command's own timeout is kept by the server, so one that is frozen or cut off would never end
    it. Raises redis-py's errors; the reply is as Redis sent it.
    """
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        connection.send_command(*command, check_health=False)
        return _read_within(connection, seconds + BLOCKING_MARGIN)
    except ResponseError:
        raise
    except BaseException:
        # Its answer may still come, and must not be taken for that of the next command.
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def _read_within(connection: Any, seconds: float) -> Any:
    # Its read_response() takes a time itself since redis-py 8 only.
    if not connection.can_read(timeout=seconds):
        raise redis_errors.TimeoutError("Timeout reading from socket")
    return connection.read_response()


@contextmanager
def translated() -> Iterator[None]:
    """Turns redis-py's errors into ours."""
    try:
        yield
    except RedisError as error:
        raise translate(error) from error


def answer_in(error: RedisError) -> StoreAnswer | None:
    """What Redis answered; None where it did not answer, or where the error is redis-py's own."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "")
    if not code and not isinstance(error, ResponseError):
        return None
    return read_reply(str(error), code)


def translate(error: RedisError, **details: Any) -> Exception:
    """Our error for one of redis-py's; a mistake of our own stays what it is.

    Where the answer tells that we speak to the wrong server, all idle connections of this process are
    given up, so that the next command looks the name up again.
    """
    answer = answer_in(error)
    if answer is None:
        if isinstance(error, _NO_ANSWER):
            text = f"Redis cannot be used now: {error}; check REDIS_URL and the server"
            return QueueUnavailable(text, **details)
        return error
    if answer.is_wrong_server:
        siblings.give_up()
    if answer.meaning is Meaning.MISTAKE:
        return error
    return _refusal(error, answer, details)


def _refusal(error: RedisError, answer: StoreAnswer, details: dict[str, Any]) -> Exception:
    if answer.code == "OOM":
        return QueueFull(
            f"Redis is at its memory limit: nothing was written; {answer.remedy}",
            remedy=answer.remedy,
        )
    words = str(error).removeprefix("ERR ")
    if answer.code != "ERR" and not words.startswith(answer.code):
        words = f"{answer.code} {words}"
    if answer.meaning is Meaning.REFUSED and answer.code not in ACCOUNT:
        return PayloadTooLarge(f"Redis refuses it: {words}; {answer.remedy}")
    told = {"reply": answer.code, "is_known": answer.is_known, "remedy": answer.remedy, **details}
    what = "refuses our account" if answer.code in ACCOUNT else "cannot be used now"
    return QueueUnavailable(f"Redis {what}: {words}; {answer.remedy}", **told)
