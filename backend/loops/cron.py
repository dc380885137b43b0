"""Fires schedules: looks when the next tick is due, and once a second for schedules that changed."""

from __future__ import annotations

from collections.abc import Callable

from backend.loops.leader import Leader
from backend.loops.led_loop import LedLoop
from backend.services.schedules.schedule_runner import ScheduleRunner


class Cron(LedLoop):
    """Fires while it leads. ``seed`` brings the schedules of the configuration in, at each new lead."""

    name = "cron"

    def __init__(self, runner: ScheduleRunner, leader: Leader, seed: Callable[[], object]) -> None:
        super().__init__(leader)
        self._runner = runner
        self._seed = seed
        self._seeded_for = 0

    def act(self) -> float:
        """One look; the seconds until the next tick is due, at most one."""
        if self._seeded_for != self._leader.fence:
            self._seed()
            self._runner.look_again()
            self._seeded_for = self._leader.fence
        return self._runner.step()
