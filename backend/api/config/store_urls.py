"""What addresses of the two stores look like; a wrong one is told before anything is done with it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_REDIS = ("redis", "rediss", "unix")
_DRIVER = "postgresql+psycopg2"
#: SQLAlchemy 2.1 reads the plain schemes as psycopg 3, which is not what we ship.
_POSTGRES = ("postgresql", "postgres", _DRIVER)
_SCHEMA = re.compile(r"([a-z_][a-z0-9_]{0,62})?")
#: What stands before the database, read as SQLAlchemy does: a password may have / in it there.
_POSTGRES_HOST = re.compile(
    r"(?:[^:/]*(?::[^@]*)?@)?(?P<host>\[[^/?]+\]|[^/:?]+)?(?::(?P<port>[^/?]*))?"
)
_HIGHEST_PORT = 65_535
#: The address may hold a password: it is not repeated, nor is what Python says of it.
_UNREADABLE = (
    "cannot be read: after the host there must be a port's number or nothing; in user and password write "
    "/ as %2F, # as %23, ? as %3F, @ as %40, : as %3A, [ as %5B and ] as %5D"
)
#: The settings that are addresses of stores.
STORES = frozenset({"redis_url", "database_url", "read_url"})


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
    if not _is_readable_redis(url):
        raise ValueError(_UNREADABLE)
    return url


def without_login(url: str) -> str:
    """The address, user and password hidden whatever is in them."""
    scheme, separator, rest = url.partition("://")
    _, at, host = rest.rpartition("@")
    return f"{scheme}{separator}[hidden]@{host}" if at else url


def check_postgres_url(url: str) -> str:
    """The address with our driver in it; raises ValueError when it is none of Postgres."""
    _check(url, _POSTGRES, "postgresql://user:password@host:5432/database")
    if not _is_readable_postgres(url):
        raise ValueError(_UNREADABLE)
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


def _is_readable_redis(url: str) -> bool:
    if url.startswith("unix:"):
        return True
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    # The rest of a password whose beginning was read as a host.
    return "@" not in parts.path and not parts.fragment


def _is_readable_postgres(url: str) -> bool:
    found = _POSTGRES_HOST.match(url.partition("://")[2])
    host, port = (found["host"] or "", found["port"] or "0") if found else ("@", "")
    is_number = port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT
    return is_number and not set(host.strip("[]")) & set("@[]")
