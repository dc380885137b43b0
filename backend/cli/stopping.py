"""Turns the signals that ask a process to end into an event for its loops."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from types import FrameType


class Stop:
    """Set by a signal. Signal handlers may not touch locks, so they fill a queue instead."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._asked: SimpleQueue[None] = SimpleQueue()

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        self._asked.put(None)

    def wait(self) -> None:
        """Blocks the main thread until a signal came, then sets the event."""
        self._asked.get()
        self.event.set()


def stop_event_on_signals() -> Stop:
    """Installs the handlers."""
    stop = Stop()
    signal.signal(signal.SIGTERM, stop.ask)
    signal.signal(signal.SIGINT, stop.ask)
    # The terminal was closed. Under nohup that is no reason to end.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop.ask)
    return stop
