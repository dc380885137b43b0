"""Where a job's result tells of files that it produced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KEYS = {"id", "sha256", "size_bytes"}


def mentions_in(result: Any, deep: int) -> Iterator[dict[str, Any]]:
    """What looks like an artifact, wherever a handler put it, down to so many levels."""
    if isinstance(result, dict):
        if result.keys() >= _KEYS and isinstance(result["id"], str):
            yield result
        inner = list(result.values())
    else:
        inner = result if isinstance(result, list) else []
    for value in inner if deep else ():
        yield from mentions_in(value, deep - 1)
