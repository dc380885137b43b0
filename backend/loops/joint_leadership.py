"""A duty that the last release led by a key in Redis alone: who leads it has that key too."""

from __future__ import annotations

from backend.domain.ports import Leadership


class JointLeadership:
    """Holds a duty in two places, or in none: so one of each release never lead it at once."""

    def __init__(self, first: Leadership, second: Leadership) -> None:
        """The fence is that of ``second``."""
        self._first = first
        self._second = second

    def take(self, duty: str, holder: str, lease_seconds: float) -> int:
        """The fence of the leadership; 0 when somebody else holds it in one of the places."""
        if not self._first.take(duty, holder, lease_seconds):
            return 0
        fence = 0
        try:
            fence = self._second.take(duty, holder, lease_seconds)
        finally:
            # Also if it cannot be asked: another process may be able to.
            if not fence:
                self._first.give_up(duty, holder)
        return fence

    def give_up(self, duty: str, holder: str) -> None:
        """Lets go of both."""
        self._second.give_up(duty, holder)
        self._first.give_up(duty, holder)
