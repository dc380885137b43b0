"""URLs of stores that somebody else runs: as they may be shown, and whether they answer."""

from __future__ import annotations

import re

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.embedded.errors import EmbeddedServerError

_CONNECT_SECONDS = 5
_ADVICE = "start that server, correct the variable, or unset it to use an embedded one"


def without_password(url: str) -> str:
    """The URL as it may appear in messages and logs."""
    masked = re.sub(r"//([^/@?]*?):[^/?]*@", r"//\1:***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", masked, flags=re.IGNORECASE)


def check_redis(url: str, *, variable: str) -> None:
    """Raise unless Redis answers at the URL that the environment variable gives."""
    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, ValueError) as error:
        raise _unreachable(variable, url, error) from error


def check_postgres(url: str, *, variable: str) -> None:
    """Raise unless a session can be opened at the URL that the environment variable gives."""
    if not re.match(r"postgres(ql)?(\+\w+)?://", url):
        raise EmbeddedServerError(
            f"{variable} is {without_password(url)}: only postgresql:// URLs are known"
        )
    # libpq does not know the driver that SQLAlchemy's URLs name.
    dsn = re.sub(r"^[^:]*", "postgresql", url, count=1)
    try:
        psycopg2.connect(dsn, connect_timeout=_CONNECT_SECONDS).close()
    except psycopg2.Error as error:
        raise _unreachable(variable, url, error) from error


def _unreachable(variable: str, url: str, error: Exception) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"nothing usable answers at {variable}={without_password(url)} "
        f"({str(error).strip()}): {_ADVICE}"
    )
