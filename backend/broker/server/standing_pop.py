"""A blocking pop that stays with Redis while its caller looks at its own clock in between."""

from __future__ import annotations

import time
from typing import Any

from redis import Redis
from redis import exceptions as redis_errors

from backend.broker.server.connection import BLOCKING_MARGIN

#: Seconds after which Redis answers by itself: by that alone it is known to be there still.
_ROUND = 5.0


class StandingPop:
    """One ``BLPOP`` on a connection of its own, waited for in pieces. Not for two threads at once.

    Redis looks at the time limits of those who block ten times a second (``hz``), so who leaves it to
    Redis to be woken at a moment is up to 100 ms late. Here the kernel keeps the time, and the call
    stays outstanding when it is over.
    """

    def __init__(self, client: Redis, *lists: str) -> None:
        self._connection: Any = client.connection_pool.make_connection()
        self._lists = lists
        #: When Redis must have answered; None while nothing is asked.
        self._overdue_at: float | None = None

    def wait(self, seconds: float) -> bool:
        """Blocks until something is popped, at most ``seconds``; whether it was.

        Raises redis-py's errors, also for a server that does not answer in time.
        """
        until = time.monotonic() + seconds
        try:
            while not (was_popped := self._has_answer(until)) and time.monotonic() < until:
                pass
        except BaseException:
            # Its answer may still come, and must not be taken for that of the next call.
            self.close()
            raise
        return was_popped

    def _has_answer(self, until: float) -> bool:
        """Waits for one answer, at most until then; True if it brought something."""
        if self._overdue_at is None:
            self._connection.send_command("BLPOP", *self._lists, _ROUND, check_health=False)
            self._overdue_at = time.monotonic() + _ROUND + BLOCKING_MARGIN
        left = min(until, self._overdue_at) - time.monotonic()
        if self._connection.can_read(timeout=max(left, 0.0)):
            reply = self._connection.read_response()
            self._overdue_at = None
            return reply is not None
        if time.monotonic() >= self._overdue_at:
            raise redis_errors.TimeoutError("Timeout reading from socket")
        return False

    def close(self) -> None:
        """Takes the call back. The next wait makes another, on a new connection."""
        self._overdue_at = None
        self._connection.disconnect()
