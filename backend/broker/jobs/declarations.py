"""The job types that workers publish in Redis, so that others need not have their code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.published_type import PublishCode, job_type_of, text_of
from backend.telemetry.logs.logger import Logger

log = Logger("tally.types")

#: Leases that one step looks at.
_BULK = 500
#: Seconds for which what was read holds; of a name that was not there, so many.
_FRESH_SECONDS, _MISSED_SECONDS = 30.0, 1.0
#: Seconds for which a Redis that was away is not asked again.
_AWAY_SECONDS = 2.0


class RedisDeclarations:
    """Read whole and kept for some seconds: a caller by name asks twice a minute. Safe for threads."""

    def __init__(
        self, client: Redis, keys: Keys, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._monotonic = monotonic
        self._known: Mapping[str, JobType] = {}
        self._read_at: float | None = None
        self._away_until = -1.0

    def publish(self, kinds: Sequence[JobType]) -> list[PublishCode]:
        """Tells of job types: the highest version of each stays."""
        said = [part for kind in kinds for part in _said_of(kind)]
        reply = self._functions.call("declare", *said)
        found, lease, more = reply[: len(kinds)], reply[len(kinds)], reply[len(kinds) + 1 :]
        for name, left in zip(more[::2], more[1::2], strict=True):
            self._let_through(name, left)
        limited = [kind.name for kind in kinds if kind.limit]
        while lease != b"0":
            lease = self._functions.call("muster", lease, _BULK, *limited)
        codes = [PublishCode(code) for code in found]
        for kind, code in zip(kinds, codes, strict=True):
            if code is PublishCode.CHANGED:
                log.info("declaration.changed", job_type=kind.name, version=kind.version)
        return codes

    def _let_through(self, job_type: bytes, left: int) -> None:
        """More of those than one step may who waited for a limit that is declared higher now."""
        more = [left]
        while more:
            _, _, *more = self._functions.call("limit", "", "", job_type, 0, *more)

    def find(self, name: str) -> JobType | None:
        """One that some worker published; None when none did. While Redis is away, what was known holds."""
        try:
            known = self._within(_FRESH_SECONDS)
            return known.get(name) or self._within(_MISSED_SECONDS).get(name)
        except QueueUnavailable:
            if name not in self._known:
                raise
            return self._known[name]

    def all(self) -> Mapping[str, JobType]:
        """Every one by name. While Redis is away, what was read before holds."""
        try:
            return self._within(_FRESH_SECONDS)
        except QueueUnavailable:
            if self._read_at is None:
                raise
            return self._known

    def _within(self, seconds: float) -> Mapping[str, JobType]:
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= seconds:
            if now < self._away_until:
                raise QueueUnavailable(
                    "Redis was away a moment ago: job types cannot be looked for"
                )
            try:
                self._known = self._read()
            except QueueUnavailable:
                # A page of many jobs asks for each of them.
                self._away_until = now + _AWAY_SECONDS
                raise
            self._read_at = now
        return self._known

    def _read(self) -> dict[str, JobType]:
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.types))
        return {
            name.decode(): job_type_of(name.decode(), text.partition(b" ")[2])
            for name, text in found.items()
        }


def _said_of(kind: JobType) -> tuple[str | int, ...]:
    return (
        kind.name,
        kind.version,
        text_of(kind),
        kind.limit or 0,
        kind.rate.text if kind.rate else "",
    )
