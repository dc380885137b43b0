"""Redis: is it there, new enough, does it keep what it was given, can strangers reach it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from backend.broker.server import library
from backend.broker.server.server_facts import eviction_policy
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.cli.checks.redis_accounts import check_strangers
from backend.cli.checks.redis_speed import check_allocator, check_listpack
from backend.domain.errors import QueueFull, Unavailable

_OLDEST = {"redis": (7, 0), "valkey": (7, 2)}
_MOST_CLOCK_SECONDS = 1.0
_FULL = 0.8


_NOT_KEPT = wrong(
    "redis_not_kept",
    "appendonly is off: a restart of Redis loses every waiting job",
    "CONFIG SET appendonly yes, and set it in redis.conf (config/redis.conf)",
)


def check_redis(
    client: Redis,
    now: Callable[[], float],
    check: Callable[[], object] = lambda: None,
    root: str = "",
) -> Iterator[Finding]:
    """Everything about the server; only one finding when it does not answer.

    ``check`` raises `Unavailable` unless it would take a job; ``root`` is what our keys begin with.
    """
    try:
        info: dict[str, Any] = client.info()
    except NoPermissionError:
        yield warning(
            "redis_facts_hidden",
            "Redis answers, and tells this account nothing about itself",
            "run doctor with the REDIS_URL of tally-operator (docs/security.md)",
        )
        return
    except RedisError as error:
        yield wrong(
            "redis_down", f"Redis does not answer: {error}", "check REDIS_URL and the server"
        )
        return
    yield _version(info)
    yield from _role(info)
    yield from check_cluster(info, root)
    yield from _clock(client, now)
    yield from _memory(info)
    yield from check_allocator(info)
    missing = list(_library(client))
    yield from missing
    if not missing:
        # Else it would be loaded by looking.
        yield from _writes(check)
    yield from _eviction(info)
    yield from _configuration(client, info)


def _configuration(client: Redis, info: dict[str, Any]) -> Iterator[Finding]:
    try:
        found: dict[str, str] = client.config_get("*")  # type: ignore[assignment]
    except RedisError:
        yield warning(
            "redis_config_hidden",
            "Redis does not show its configuration to us",
            "look yourself: appendfsync everysec or always (config/redis.conf)",
        )
        if not int(info.get("aof_enabled", 1)):
            yield _NOT_KEPT
        return
    yield from _persistence(found, info)
    yield from check_listpack(found)
    yield from check_strangers(client, found)


def _version(info: dict[str, Any]) -> Finding:
    flavour = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if parts < _OLDEST[flavour]:
        return wrong(
            "redis_version",
            f"{flavour} {version} has no functions as we need them",
            "use Redis 7.0 or later, or Valkey 7.2 or later",
        )
    return ok("redis_version", f"{flavour} {version}")


def check_cluster(info: dict[str, Any], root: str) -> Iterator[Finding]:
    """Whether all our keys lie in one hash slot, as a step that touches several of them needs it."""
    opens, closes = root.find("{"), root.find("}")
    if int(info.get("cluster_enabled", 0)) and not 0 <= opens < closes - 1:
        yield wrong(
            "redis_cluster_root",
            f"Redis is a cluster, and our keys ({root}:…) lie all over it: no step works (CROSSSLOT)",
            "set redis.prefix to a name in braces, such as {t0}, before anything is enqueued",
        )


def _role(info: dict[str, Any]) -> Iterator[Finding]:
    if info.get("role") != "master":
        yield wrong(
            "redis_replica", "REDIS_URL names a replica, which takes no jobs", "name the primary"
        )


def _clock(client: Redis, now: Callable[[], float]) -> Iterator[Finding]:
    before = now()
    seconds, microseconds = client.time()
    middle = (before + now()) / 2
    difference = seconds + microseconds / 1e6 - middle
    if abs(difference) > _MOST_CLOCK_SECONDS:
        yield warning(
            "clock",
            f"the clocks of this host and of Redis differ by {difference:+.1f} s",
            "run a time service (chrony) on both; Tally goes by the clock of Redis",
        )


def _memory(info: dict[str, Any]) -> Iterator[Finding]:
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not most:
        yield warning(
            "redis_no_limit",
            "Redis has no maxmemory: the kernel may kill it when memory runs out",
            "set maxmemory to about 70 % of the machine's memory",
        )
    elif used > _FULL * most:
        yield wrong(
            "redis_full",
            f"Redis uses {used / most:.0%} of its maxmemory; at 100 % enqueueing is refused",
            "drain queues, shorten redis.result_ttl, start a recorder, or raise maxmemory",
        )


def _library(client: Redis) -> Iterator[Finding]:
    name = f"tally_{library.version()}"
    try:
        loaded = client.function_list(library=name)
    except RedisError as error:
        yield wrong(
            "redis_functions", f"functions cannot be used: {error}", "grant +fcall +function"
        )
        return
    if not loaded:
        yield warning(
            "library_missing",
            f"this release's functions ({name}) are not loaded",
            "they are loaded at the next call of who may, or by `tally migrate --functions-only`",
        )


def _writes(check: Callable[[], object]) -> Iterator[Finding]:
    try:
        check()
    except Unavailable as error:
        remedy = error.details.get("remedy", "check REDIS_URL and the server")
        words = str(error).removesuffix(f"; {remedy}")
        what = "accepted; workers go on" if isinstance(error, QueueFull) else "accepted or started"
        yield wrong("redis_refuses", f"no job is {what}: {words}", remedy)


def _persistence(found: dict[str, str], info: dict[str, Any]) -> Iterator[Finding]:
    if found.get("appendonly") != "yes":
        yield _NOT_KEPT
        return
    if found.get("appendfsync") == "no":
        yield warning(
            "redis_fsync",
            "appendfsync is no: a power cut loses what the kernel had not written",
            "set appendfsync everysec, or always for no loss at all",
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        yield wrong(
            "redis_aof_failing",
            "Redis cannot write its append-only file",
            "look at its log and disk",
        )
    else:
        yield ok("redis_kept", f"append-only file, fsync {found.get('appendfsync')}")


def _eviction(info: dict[str, Any]) -> Iterator[Finding]:
    """Told by INFO: a service that shows no configuration has another policy more often than not."""
    if policy := eviction_policy(info):
        goes = "jobs" if policy.startswith("allkeys") else "idempotency keys and finished jobs"
        yield wrong(
            "redis_evicts",
            f"maxmemory-policy is {policy}: Redis throws {goes} away when memory is short",
            "CONFIG SET maxmemory-policy noeviction, and in redis.conf or where the service is set up",
        )
