"""Attempts whose processes died: `rescue` leaves them here for whoever has observers."""

from __future__ import annotations

import json
from typing import Any, cast

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.hooks.attempt_end import AttemptEnd, labels_of
from backend.telemetry.logs.logger import Logger

log = Logger("tally.store")


class RedisUntoldEnds:
    """The `UntoldEnds` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def take(self, most: int) -> list[AttemptEnd]:
        """Takes up to so many, the oldest first; nobody else gets them."""
        with translated():
            found = cast("list[bytes] | None", self._client.lpop(self._keys.untold, most))
        return [end for text in found or () if (end := _end_in(text)) is not None]


def _end_in(text: bytes) -> AttemptEnd | None:
    """None for what a foreign hand left there."""
    try:
        return _end(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("untold.unreadable", error=repr(error))
        return None


def _end(said: dict[str, Any]) -> AttemptEnd:
    return AttemptEnd(
        job_id=said["job_id"],
        job_type=said["job_type"],
        attempt=int(said["attempt"]),
        max_attempts=int(said["max_attempts"]),
        queue=said["queue"],
        fence=said["fence"],
        outcome=said["outcome"],
        error=codec.attempt_error(said["error"]) if said["error"] else None,
        delay_seconds=int(said["delay_ms"]) / 1000,
        run_seconds=0.0,
        wait_seconds=0.0,
        labels=labels_of(said["options"]),
    )
