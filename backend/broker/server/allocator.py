"""Which memory allocator a server works with: what it was built with, or what its process was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: As Redis names the C library's own.
LIBC = "libc"
_PRELOADED = re.compile(r"/lib(mimalloc|jemalloc|tcmalloc)[^/\s]*\.so")
_TUNED = b"glibc.malloc."


def allocator_in_use(info: Mapping[str, Any], processes: Path = Path("/proc")) -> str:
    """``jemalloc-5.3.0``, ``libc``, or ``libc, mimalloc preloaded``; empty where Redis does not say.

    ``info`` is all of INFO, which tells only how the program was built. What its process was given
    is seen where it runs on this host, on Linux, and may be looked at.
    """
    built = str(info.get("mem_allocator", ""))
    if built != LIBC:
        return built
    given = _given(info, processes / str(info.get("process_id", "")))
    return f"{built}, {given}" if given else built


def server_words(info: Mapping[str, Any]) -> str:
    """``valkey 9.1.2, memory allocator libc, mimalloc preloaded``."""
    flavour = "valkey" if "valkey_version" in info else "redis"
    version = info.get("valkey_version") or info.get("redis_version", "of unknown version")
    return f"{flavour} {version}, memory allocator {allocator_in_use(info) or 'unknown'}"


def _given(info: Mapping[str, Any], process: Path) -> str:
    try:
        # A process of that number may be another one, when Redis is on another host.
        if str((process / "exe").readlink()) != info.get("executable"):
            return ""
        preloaded = _PRELOADED.search((process / "maps").read_text())
        tuned = _TUNED in (process / "environ").read_bytes()
    except OSError:
        return ""
    if preloaded:
        return f"{preloaded[1]} preloaded"
    return "tuned" if tuned else ""
