"""What every loop does around its steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from backend.domain.errors import (
    HistoryUnavailable,
    MigrationError,
    QueueUnavailable,
    TallyError,
)
from backend.loops.loop import Loop
from backend.telemetry.outages import Outages


class _Waits(threading.Event):
    """Passes no time; sets itself when the loop has come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return self.is_set()


class _Scripted(Loop):
    """Its steps end as a test says: with a number of seconds, or an error."""

    def __init__(self, ends: list[float | Exception], stop: threading.Event) -> None:
        self.outages = Outages()
        self._ends: Iterator[float | Exception] = iter(ends)
        self._left = len(ends)
        self._stop = stop

    def run_once(self) -> float:
        self._left -= 1
        if not self._left:
            self._stop.set()
        end = next(self._ends)
        if isinstance(end, Exception):
            raise end
        return end


def _waited(*ends: float | Exception) -> list[float]:
    stop = _Waits()
    _Scripted(list(ends), stop).run(stop)
    return stop.seconds


@pytest.mark.parametrize(
    "error",
    [
        QueueUnavailable("Redis is away"),
        HistoryUnavailable("Postgres is away", sqlstate=""),
        MigrationError("run `tally migrate`"),
    ],
    ids=lambda error: error.code,
)
def test_what_is_away_is_waited_for_with_growing_pauses_and_then_it_goes_on(
    error: TallyError,
) -> None:
    assert _waited(*[error] * 6, 7.0) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 7.0]


def test_pauses_begin_anew_after_a_step_that_went_well() -> None:
    away = QueueUnavailable("Redis is away")

    assert _waited(away, away, 5.0, away, 3.0) == [0.1, 0.2, 5.0, 0.1, 3.0]


def test_a_mistake_of_our_own_is_told_and_waited_out_with_longer_pauses() -> None:
    mistake = ZeroDivisionError("ours")

    assert _waited(*[mistake] * 8, 3.0) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 3.0]


def test_a_loop_has_stepped_once_a_step_went_well() -> None:
    stop = _Waits()
    loop = _Scripted([QueueUnavailable("Redis is away"), QueueUnavailable("Redis is away")], stop)
    loop.run(stop)
    assert not loop.has_stepped

    stop = _Waits()
    loop = _Scripted([QueueUnavailable("Redis is away"), 1.0], stop)
    loop.run(stop)
    assert loop.has_stepped


def test_what_fails_while_it_idles_is_waited_out_and_told_apart() -> None:
    class Idle(_Scripted):
        def wait(self, seconds: float, stop: threading.Event) -> None:
            raise QueueUnavailable("the pop was refused")

    stop = _Waits()
    loop = Idle([1.0, 1.0, 1.0], stop)
    loop.run(stop)

    assert stop.seconds == [0.1, 0.2, 0.4]
    assert loop.outages.reasons() == ["loop (idle): the pop was refused"]
