"""Sends on what readers have not taken yet, all from one thread, and cuts off who hardly reads."""

from __future__ import annotations

import fcntl
import selectors
import struct
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from gunicorn.workers.gthread import PollableMethodQueue  # type: ignore[import-untyped]

from backend.api.serving.answer_outlet import AnswerOutlet

log = structlog.get_logger("tally.api")

#: Seconds over which it is measured how fast somebody reads.
WINDOW_SECONDS = 30.0
_LOOK_SECONDS = 1.0


@dataclass(slots=True)
class _Reader:
    """Somebody who has not taken all of an answer. ``measured`` bytes had arrived at ``since``."""

    sock: Any
    outlet: AnswerOutlet
    then: Callable[[bool], None]
    since: float
    measured: int


class AnswerSender:
    """One thread with every reader whose answer is not sent yet."""

    def __init__(self, least_bytes_per_second: int) -> None:
        self._least = least_bytes_per_second
        self._selector = selectors.DefaultSelector()
        self._given = PollableMethodQueue()
        self._thread = threading.Thread(target=self._run, name="answer-sender", daemon=True)
        self._is_over = False

    def start(self) -> None:
        """In a web process, after it was forked."""
        self._given.init()
        self._selector.register(self._given.fileno(), selectors.EVENT_READ)
        self._thread.start()

    def take(self, sock: Any, outlet: AnswerOutlet, then: Callable[[bool], None]) -> None:
        """Sends what is left; ``then(True)`` when all of it is sent, ``then(False)`` when it cannot be."""
        self._given.defer(self._take, sock, outlet, then)

    def stop(self) -> None:
        """Ends the thread; what it has not sent is not sent."""
        self._is_over = True
        self._given.defer(lambda: None)
        self._thread.join(timeout=5)

    def _take(self, sock: Any, outlet: AnswerOutlet, then: Callable[[bool], None]) -> None:
        reader = _Reader(sock, outlet, then, time.monotonic(), _arrived(sock, outlet))
        try:
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_WRITE, reader)
        except (OSError, ValueError, KeyError):
            self._leave(reader, is_sent=False)

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._is_over:
            for key, _ in self._selector.select(_LOOK_SECONDS):
                if key.data is None:
                    self._given.run_callbacks(key.fileobj)
                else:
                    self._send(key.data)
            now = time.monotonic()
            if now - looked >= _LOOK_SECONDS:
                looked = now
                self._cut_off_the_slow(now)
        for reader in self._readers():
            self._leave(reader, is_sent=False)

    def _readers(self) -> list[_Reader]:
        keys = list(self._selector.get_map().values())
        return [key.data for key in keys if key.data is not None]

    def _send(self, reader: _Reader) -> None:
        try:
            reader.outlet.push()
        except OSError:
            self._leave(reader, is_sent=False)
            return
        if not reader.outlet.left:
            self._leave(reader, is_sent=True)

    def _leave(self, reader: _Reader, *, is_sent: bool) -> None:
        with suppress(KeyError, ValueError):  # it never came in
            self._selector.unregister(reader.sock)
        reader.outlet.close_pieces()
        reader.then(is_sent)

    def _cut_off_the_slow(self, now: float) -> None:
        for reader in self._readers():
            if now - reader.since < WINDOW_SECONDS:
                continue
            arrived = _arrived(reader.sock, reader.outlet)
            if arrived - reader.measured < self._least * (now - reader.since):
                log.warning("api.slow_reader", sent=arrived, left=reader.outlet.left)
                self._leave(reader, is_sent=False)
            else:
                reader.since, reader.measured = now, arrived


def _arrived(sock: Any, outlet: AnswerOutlet) -> int:
    """Bytes that the reader's side has confirmed: the kernel takes megabytes before anybody reads."""
    try:
        waiting = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4))[0]
    except OSError:
        waiting = 0
    return outlet.sent - int(waiting)
