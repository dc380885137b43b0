"""Leadership of a duty among several processes: a lease in Redis with a fence that only grows."""

from __future__ import annotations

import structlog

from backend.domain.ports import Clock, Leadership

log = structlog.get_logger("tally.leader")


class Leader:
    """One process's part in an election. Not for two threads at once."""

    def __init__(
        self, leadership: Leadership, clock: Clock, *, duty: str, holder: str, lease: float
    ) -> None:
        self._leadership = leadership
        self._clock = clock
        self._duty = duty
        self._holder = holder
        self._lease = lease
        self._renew_at = 0.0
        self.fence = 0
        #: Seconds after which a process that does not lead should ask again.
        self.look_again = lease / 3

    def leads(self) -> bool:
        """Takes or renews the lead when it is time to; whether this process leads now."""
        now = self._clock.monotonic()
        if self.fence and now < self._renew_at:
            return True
        fence = self._leadership.take(self._duty, self._holder, self._lease)
        if fence != self.fence:
            log.info("leader.changed", duty=self._duty, leads=bool(fence), fence=fence)
        self.fence = fence
        self._renew_at = now + self.look_again
        return bool(fence)

    def step_down(self) -> None:
        """Believes no longer that it leads; asks again at the next step."""
        self.fence = 0

    def make_way(self) -> None:
        """Gives the lead up, because one with a higher fence was here: the next fence is higher still.

        Who only asked again would be given the same fence again, and again be refused: where Redis lost
        what it knew of fences, or who was here is gone, its duty would rest for ever.
        """
        log.warning("leader.superseded", duty=self._duty, fence=self.fence)
        try:
            self.give_up()
        finally:
            self.step_down()

    def give_up(self) -> None:
        """Lets another lead at once."""
        if self.fence:
            self._leadership.give_up(self._duty, self._holder)
            self.fence = 0
