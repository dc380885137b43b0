"""A loop of which several may run and one acts."""

from __future__ import annotations

import contextlib
import threading

from backend.loops.leader import Leader
from backend.loops.loop import Loop


class LedLoop(Loop):
    """Acts while it leads. One that fails lets another try, who may reach what it cannot."""

    def __init__(self, leader: Leader) -> None:
        self._leader = leader

    def act(self) -> float:
        """One step of the leader; returns the seconds until the next."""
        raise NotImplementedError

    def run_once(self) -> float:
        """One step of the leader, or a look whether it is time to become it."""
        if not self._leader.leads():
            return self._leader.look_again
        try:
            return self.act()
        except Exception:
            # If that fails as well, the lease ends by itself soon.
            with contextlib.suppress(Exception):
                self._leader.give_up()
            self._leader.step_down()
            raise

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Keeps the lead meanwhile: with a lease shorter than the wait, nobody would seem to lead."""
        while seconds > self._leader.look_again and not stop.is_set():
            stop.wait(self._leader.look_again)
            seconds -= self._leader.look_again
            self._leader.leads()
        stop.wait(seconds)

    def close(self) -> None:
        """Lets another lead at once."""
        self._leader.give_up()
