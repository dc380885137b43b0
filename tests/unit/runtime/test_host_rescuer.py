"""Who is on duty for its host looks for ended leases, and tells what Redis says; others ask it nothing."""

from __future__ import annotations

import pytest

from backend.domain.errors import QueueUnavailable
from backend.loops.rescuer import Rescuer
from backend.telemetry.clock import SystemClock
from workers.runtime.presence.host_rescuer import HostRescuer


class _Host:
    """Its roster, its Redis, and its leases."""

    def __init__(self, *, is_on_duty: bool, error: Exception | None = None) -> None:
        self._is_on_duty = is_on_duty
        self._error = error
        self.asked: list[str] = []
        self.told: list[str] = []
        rescuer = Rescuer(self, SystemClock(), grace=1, lease_seconds=9)  # type: ignore[arg-type]
        self.loop = HostRescuer(rescuer, self, SystemClock(), self._check)

    def take(self, process: int, now: float) -> bool:
        return self._is_on_duty

    def say(self, trouble: str, now: float) -> None:
        self.told.append(trouble)

    def _check(self) -> None:
        self.asked.append("check")
        if self._error:
            raise self._error

    def expired(self, most: int) -> list[object]:
        self.asked.append("expired")
        return []


def test_on_duty_it_looks_and_says_that_redis_serves() -> None:
    host = _Host(is_on_duty=True)

    assert host.loop.run_once() == 1.0

    assert (host.asked, host.told) == (["check", "expired"], [""])


def test_off_duty_it_asks_nothing_and_says_nothing() -> None:
    host = _Host(is_on_duty=False)

    assert host.loop.run_once() == 1.0

    assert (host.asked, host.told) == ([], [])


def test_what_redis_refuses_is_told_to_all() -> None:
    host = _Host(is_on_duty=True, error=QueueUnavailable("READONLY"))

    with pytest.raises(QueueUnavailable):
        host.loop.run_once()

    assert host.told == ["READONLY"]
