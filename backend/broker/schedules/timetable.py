"""Jobs that wait for their time: promoting them, and waking who promotes."""

from __future__ import annotations

from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.broker.server.standing_pop import StandingPop
from backend.domain.ports import Promotion


class RedisTimetable:
    """The `Timetable` on rq-scheduler's sorted set."""

    def __init__(self, client: Redis, blocking: Redis, keys: Keys) -> None:
        self._changes = StandingPop(blocking, keys.wake("scheduler"))
        self._functions = Functions(client, keys.root)

    def promote(self, most: int, fence: int) -> Promotion:
        """Moves up to ``most`` due jobs."""
        moved, wait, late = cast(list[int], self._functions.call("promote", most, fence))
        return Promotion(moved, None if wait < 0 else wait / 1000, late / 1000)

    def wait_for_change(self, timeout: float) -> None:
        """Waits on the scheduler's wake list, which an earlier job rings; on time to the millisecond."""
        with translated():
            self._changes.wait(timeout)

    def leave_changes(self) -> None:
        """Takes no ring of the list any more, so that whoever promotes hears it."""
        self._changes.close()
