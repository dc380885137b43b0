"""gunicorn's threaded worker, made patient: a slow client holds a socket, not a thread.

gunicorn gives a connection a thread as soon as its first byte is there, so a few clients that send
a byte every some seconds stop a server. Here a request gets its thread when it is whole.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from backend.api.whole_requests import LOOKED_AT, Arrival, arrival_of

#: Seconds within which a request must be whole; a body that is long, within so many more.
REQUEST_SECONDS, BODY_SECONDS = 10.0, 30.0
#: Connections of one address; a proxy in front has one address for all its clients.
CONNECTIONS_PER_ADDRESS = 200
_LOOK_AGAIN = 0.02


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Serves requests that are whole, and cuts off those that never will be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Connections whose request is not whole, with the moment they are given up.
        self._partial: dict[Any, float] = {}
        #: Connections whose thread waits for a long body.
        self._bodies: dict[Any, float] = {}
        self._of_address: Counter[str] = Counter()

    def accept(self, listener: Any) -> None:
        """Takes a connection, unless its address has too many."""
        try:
            client, address = listener.accept()
        except OSError:
            return
        name = address[0] if isinstance(address, tuple) else ""
        if name and self._of_address[name] >= CONNECTIONS_PER_ADDRESS:
            client.close()
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.data_ready = True
        self._of_address[name] += 1
        conn.close = self._close_and_count(conn.close, name)
        self.enqueue_req(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Gives a connection a thread if its request is whole, else remembers it."""
        arrival = self._arrival(conn)
        if arrival is Arrival.PARTIAL:
            self._partial.setdefault(conn, time.monotonic() + REQUEST_SECONDS)
            return
        self._partial.pop(conn, None)
        if arrival is Arrival.BODY_TO_COME:
            self._bodies[conn] = time.monotonic() + BODY_SECONDS
        super().enqueue_req(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """After a request: its body need not be waited for any more."""
        self._bodies.pop(conn, None)
        super().finish_request(conn, fs)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the worker's loop, sooner if somebody is slow."""
        super().wait_for_and_dispatch_events(_LOOK_AGAIN if self._partial else timeout)
        now = time.monotonic()
        for conn, deadline in list(self._partial.items()):
            if now > deadline or not self.alive:
                self._give_up(conn)
            else:
                self.enqueue_req(conn)
        for conn, deadline in list(self._bodies.items()):
            if now > deadline:
                self._bodies.pop(conn, None)
                _stop_reading(conn)

    def _close_and_count(self, close: Any, name: str) -> Any:
        """``close`` that gives the address its place back, once however often it is called."""
        open_ones = [name]

        def closed(*args: Any, **kwargs: Any) -> None:
            if open_ones:
                self._of_address[open_ones.pop()] -= 1
                if not self._of_address[name]:
                    del self._of_address[name]
            close(*args, **kwargs)

        return closed

    def _arrival(self, conn: Any) -> Arrival:
        if self.cfg.is_ssl or (conn.parser and conn.parser.unreader.buf.getvalue()):
            return Arrival.WHOLE
        try:
            begin = conn.sock.recv(LOOKED_AT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return Arrival.PARTIAL
        except OSError:
            return Arrival.WHOLE
        # Nothing at all is an end, which the thread will find too.
        return arrival_of(begin) if begin else Arrival.WHOLE

    def _give_up(self, conn: Any) -> None:
        del self._partial[conn]
        self.nr_conns -= 1
        conn.close()


def _stop_reading(conn: Any) -> None:
    """The thread that waits for the body finds its end; an answer can still be sent."""
    try:
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        return
