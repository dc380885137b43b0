"""What addresses of the two stores look like; a wrong one is told before anything is done with it."""

from __future__ import annotations

import re

_REDIS = ("redis", "rediss", "unix")
_DRIVER = "postgresql+psycopg2"
#: SQLAlchemy 2.1 reads the plain schemes as psycopg 3, which is not what we ship.
_POSTGRES = ("postgresql", "postgres", _DRIVER)
_SCHEMA = re.compile(r"([a-z_][a-z0-9_]{0,62})?")


#: Instead of an address: jobs are kept in the memory of the process that enqueues them.
_MEMORY = "memory:"


def is_memory(redis_url: str) -> bool:
    """Whether jobs are kept in this process instead of in Redis."""
    return redis_url.removesuffix("//") == _MEMORY


def check_redis_url(url: str) -> str:
    """The address; raises ValueError when it is none of Redis."""
    if is_memory(url):
        return url
    _check(url, _REDIS, "redis://host:6379/0, rediss://host:6380/0 or unix:///path/to/redis.sock")
    return url


def check_postgres_url(url: str) -> str:
    """The address with our driver in it; raises ValueError when it is none of Postgres."""
    _check(url, _POSTGRES, "postgresql://user:password@host:5432/database")
    return _DRIVER + url[url.index(":") :]


def check_schema_name(name: str) -> str:
    """The name; raises ValueError for one that would have to be quoted, or is Postgres' own."""
    if not _SCHEMA.fullmatch(name) or name.startswith("pg_") or name == "information_schema":
        raise ValueError(
            "must be small letters, digits and _, not beginning with a digit or pg_, such as tally"
        )
    return name


def _check(url: str, schemes: tuple[str, ...], example: str) -> None:
    # The address may hold a password: it is not repeated.
    scheme, separator, _ = url.partition("://")
    if scheme not in schemes or not separator:
        raise ValueError(f"must be an address such as {example}")
