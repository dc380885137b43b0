"""The calendar of freezes: writes for some time ahead when each holds, where workers read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from backend.domain.errors import InvalidOption
from backend.domain.schedules.freeze_ports import Freezes, PlanCode
from backend.services.schedules.freeze_windows import windows_of
from backend.telemetry.logs.logger import Logger

log = Logger("tally.freezes")


class FreezePlanner:
    """Any number may plan the same: what was planned already changes nothing."""

    def __init__(self, freezes: Freezes, now: Callable[[], datetime]) -> None:
        self._freezes = freezes
        self._now = now

    def is_planned(self) -> bool:
        """Whether nothing was said, of a freeze or else, since a plan was begun in this Redis."""
        return self._freezes.is_planned()

    def plan(self, fence: int) -> bool:
        """Writes the windows of every freeze; False: a newer leader has been here."""
        self._freezes.begin_plan()
        now = self._now()
        for kept in self._freezes.all():
            try:
                windows = windows_of(kept.freeze, now)
            except InvalidOption as error:
                # Said by a release that knew more, or its zone is gone: the others are planned.
                log.warning("freeze.unreadable", name=kept.freeze.name, error=str(error))
                continue
            code = self._freezes.plan(kept, windows, fence)
            if code is PlanCode.NEWER_LEADER:
                return False
        return True
