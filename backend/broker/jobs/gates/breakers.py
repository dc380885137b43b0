"""The breakers of destinations, in Redis. Their rules are in `_breakers.lua`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from redis import Redis

from backend.broker.jobs.moments import moment
from backend.broker.jobs.parked_jobs import ParkedJobs
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus

_STATUSES = {
    "open": BreakerStatus.OPEN,
    "half": BreakerStatus.HALF_OPEN,
    "ramp": BreakerStatus.RAMPING,
}


class RedisBreakers:
    """The `Breakers` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._parked = ParkedJobs(client, keys)

    def open(self, destination: str, *, by: str = "", reason: str = "") -> bool:
        """Opens one until somebody closes it; False if it was open so before."""
        return bool(self._functions.call("breaker", by, reason, destination, "open"))

    def close(self, destination: str, *, by: str = "", reason: str = "") -> bool:
        """Closes one: who waits comes back, not all at once; False if it was closed before."""
        return bool(self._functions.call("breaker", by, reason, destination, "closed"))

    def find(self, destination: str) -> BreakerState:
        """How one stands; one that nobody knows is closed."""
        [state] = self._states([destination])
        return state

    def not_closed(self, most: int) -> list[BreakerState]:
        """Those that hold jobs back, at most so many, the longest first."""
        with translated():
            found = cast(list[bytes], self._client.zrange(self._keys.breakers, 0, most - 1))
        return self._states([name.decode() for name in found])

    def count(self) -> int:
        """How many are not closed."""
        with translated():
            return self._client.zcard(self._keys.breakers)

    def _states(self, destinations: Sequence[str]) -> list[BreakerState]:
        gates = [f"breaker:{destination}" for destination in destinations]
        pipe = self._client.pipeline(transaction=False)
        for destination, gate in zip(destinations, gates, strict=True):
            pipe.hgetall(self._keys.breaker(destination))
            pipe.scard(self._keys.holders(gate))
        with translated():
            rows = pipe.execute() if gates else []
        waiting = self._parked.counts(gates)
        return [
            _state(destination, rows[2 * at], rows[2 * at + 1], waiting[at])
            for at, destination in enumerate(destinations)
        ]


def _state(
    destination: str, row: Mapping[bytes, bytes], probing: int, waiting: int
) -> BreakerState:
    text: dict[str, Any] = {name.decode(): value.decode() for name, value in row.items()}
    status = _STATUSES.get(text.get("state", ""), BreakerStatus.CLOSED)
    if status is BreakerStatus.CLOSED:
        return BreakerState(destination, status, waiting=waiting)
    since, probe_at = (float(text.get(name, 0)) / 1000 for name in ("since", "probe_at"))
    return BreakerState(
        destination,
        status,
        since=moment(since) if since else None,
        probe_at=moment(probe_at) if probe_at and status is BreakerStatus.OPEN else None,
        waiting=waiting,
        probing=probing,
        trips=int(text.get("trips", 0)),
        error=text.get("error", ""),
        by=text.get("by", ""),
        reason=text.get("reason", ""),
    )
