"""What a process was asked: to stop in order, and, asked again some seconds later, to hurry."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: Signals within so many seconds of the first are one request. Service managers and runners of a
#: Procfile signal each process of a group, and a supervisor tells its own once more.
ONE_REQUEST_SECONDS = 3.0


class StopRequests:
    """May be told from signal handlers and from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: float | None = None
        #: A queue, for a signal handler may touch no lock.
        self._arrived: SimpleQueue[None] = SimpleQueue()
        #: Everything is to be given back at once.
        self.hurried = False

    @property
    def stopping(self) -> bool:
        """Whether somebody wants the process to end."""
        return self._first is not None

    def ask(self) -> None:
        """Asks for an orderly stop; again, it is the same request."""
        if self._first is None:
            self._first = self._clock()
        self._arrived.put(None)

    def hurry(self) -> None:
        """Asks to give everything back at once."""
        self.hurried = True
        self.ask()

    def signal(self) -> None:
        """A signal asks for an orderly stop; one that comes later than the first ones, to hurry."""
        if self._first is not None and self._clock() - self._first >= ONE_REQUEST_SECONDS:
            self.hurry()
        else:
            self.ask()

    def wait(self, seconds: float) -> bool:
        """Blocks until something was asked, at most so long; whether the process shall stop."""
        try:
            self._arrived.get(timeout=seconds)
        except Empty:
            return self.stopping
        return True
