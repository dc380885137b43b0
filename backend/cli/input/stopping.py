"""Turns the signals that ask a process to end into an event for its loops."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from types import FrameType

from workers.runtime import stop_signals


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


def stop_event_on_signals(*, hang_up: bool = False) -> Stop:
    """Installs the handlers; ``hang_up``: also for a terminal that goes away, but not under nohup."""
    stop = Stop()
    for number in stop_signals.ASKING:
        stop_signals.handle(number, stop.ask)
    if hang_up and signal.getsignal(stop_signals.HANG_UP) is not signal.SIG_IGN:
        stop_signals.handle(stop_signals.HANG_UP, stop.ask)
    return stop
