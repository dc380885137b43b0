"""Redis: whom it lets in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from redis import ConnectionPool, Redis
from redis.exceptions import RedisError

from backend.cli.checks.finding import Finding, warning, wrong

_NOBODY = {"username": None, "password": None, "credential_provider": None}


def check_strangers(client: Redis, found: Mapping[str, str]) -> Iterator[Finding]:
    """Whether somebody without a name and a password could use this Redis."""
    if not _lets_strangers_in(client):
        return
    if client.connection_pool.connection_kwargs.get("username"):
        yield wrong(
            "redis_default_open",
            "Redis has accounts, and lets in whoever gives no name all the same",
            "add `user default off` to its ACL (config/redis-acl.conf)",
        )
    yield from check_exposure(found)


def _lets_strangers_in(client: Redis) -> bool:
    """Asked, not read from its settings: no right is needed for that."""
    pool = client.connection_pool
    nameless = ConnectionPool(pool.connection_class, **{**pool.connection_kwargs, **_NOBODY})
    try:
        return bool(Redis(connection_pool=nameless).ping())
    except RedisError:
        return False
    finally:
        nameless.disconnect()


def check_exposure(found: Mapping[str, str]) -> Iterator[Finding]:
    """Whether strangers on the network could reach it."""
    on_network = found.get("port", "0") != "0" or found.get("tls-port", "0") != "0"
    bound = set((found.get("bind") or "*").replace("-", "").split())
    is_local = bound <= {"127.0.0.1", "::1"}
    if on_network and not is_local and not found.get("requirepass"):
        if found.get("protected-mode") == "no":
            yield wrong(
                "redis_open",
                "Redis takes anybody who can reach it: no password, protected-mode is off",
                "set ACL users or requirepass, and bind it to a private address",
            )
        else:
            yield warning(
                "redis_no_password", "Redis has no password", "set ACL users (docs/security.md)"
            )
