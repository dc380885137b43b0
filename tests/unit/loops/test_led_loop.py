"""A loop of which one acts keeps the lead for as long as it does."""

from __future__ import annotations

import threading

import pytest

from backend.loops.leader import Leader
from backend.loops.led_loop import LedLoop
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock

LEASE_SECONDS = 3.0


class _Rare(LedLoop):
    """Acts every ten seconds, three times."""

    def __init__(self, leader: Leader, stop: threading.Event) -> None:
        super().__init__(leader)
        self._stop = stop
        self.acted = 0

    def act(self) -> float:
        self.acted += 1
        if self.acted == 3:
            self._stop.set()
        return 10.0


class _Passing(threading.Event):
    """Its waits pass at once on a clock; between them another process tries to lead."""

    def __init__(self, clock: StandingClock, rival: Leader) -> None:
        super().__init__()
        self._clock = clock
        self._rival = rival
        self.rival_led: list[bool] = []

    def wait(self, timeout: float | None = None) -> bool:
        if not self.is_set():
            self._clock.move(timeout or 0.0)
            self.rival_led.append(self._rival.leads())
        return self.is_set()


@pytest.mark.parametrize("lease_seconds", [LEASE_SECONDS, 60.0])
def test_a_loop_that_waits_longer_than_its_lease_leads_all_the_time(lease_seconds: float) -> None:
    clock = StandingClock()
    leadership = MemoryBroker(clock).leadership
    ours, rival = (
        Leader(leadership, clock, duty="seals", holder=holder, lease=lease_seconds)
        for holder in ("ours", "rival")
    )
    stop = _Passing(clock, rival)
    loop = _Rare(ours, stop)
    ours.leads()
    fence = ours.fence

    loop.run(stop)

    assert loop.acted == 3
    assert not any(stop.rival_led)
    assert ours.fence == fence
    assert clock.monotonic() == pytest.approx(20.0)


def test_a_lead_that_is_lost_meanwhile_is_noticed_before_the_next_step() -> None:
    clock = StandingClock()
    leadership = MemoryBroker(clock).leadership
    ours = Leader(leadership, clock, duty="seals", holder="ours", lease=LEASE_SECONDS)
    rival = Leader(leadership, clock, duty="seals", holder="rival", lease=60.0)
    stop = threading.Event()
    loop = _Rare(ours, stop)
    loop.run_once()
    clock.move(LEASE_SECONDS)
    assert rival.leads()

    assert loop.run_once() == ours.look_again
    assert loop.acted == 1
