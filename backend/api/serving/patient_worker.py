"""gunicorn's threaded worker, made patient: a slow client holds a socket, not a thread.

gunicorn gives a connection a thread as soon as its first byte is there and keeps it until the last byte of
the answer is taken, so a few clients that send or read a byte every some seconds stop a server. Here a
request gets its thread when it is whole, and gives it back when its answer is made.
"""

from __future__ import annotations

import signal
import socket
import struct
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]
from werkzeug.exceptions import BadRequest

from backend.api.serving.answer_outlet import AnswerOutlet
from backend.api.serving.answer_sender import AnswerSender
from backend.api.serving.body_in_chunks import BodyInChunks
from backend.api.serving.crowding import Crowding
from backend.api.serving.leaving_connections import LeavingConnections
from backend.api.serving.whole_requests import LOOKED_AT, Arrival, arrival_of

#: Seconds within which a request must be whole; a body that is long, within so many more.
REQUEST_SECONDS, BODY_SECONDS = 10.0, 30.0
_LOOK_AGAIN = 0.02
#: A liveness probe must be answered while every thread is busy, or the process is ended for it.
_PROBE = b"GET /healthz "
#: What close() takes to reset a connection: nothing of it stays in the kernel.
_RESET = struct.pack("ii", 1, 0)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Serves requests that are whole, and cuts off those that never will be."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = self.app.settings
        #: Connections whose request is not whole, with the moment they are given up.
        self._partial: dict[Any, float] = {}
        #: Connections whose thread waits for a long body.
        self._bodies: dict[Any, float] = {}
        #: Answers that are being made, or not sent yet.
        self._outlets: dict[Any, AnswerOutlet] = {}
        self._crowding = Crowding(settings.most_connections_of_an_address, settings.root_path)
        self._leaving = LeavingConnections()
        self._sender = AnswerSender(settings.least_bytes_per_second)
        self._probes = ThreadPoolExecutor(1, "probe")

    def init_process(self) -> None:
        """After the fork: threads begin here."""
        self._sender.start()
        super().init_process()

    def run(self) -> None:
        """Until the worker is told to end, and what it serves has ended or was waited for."""
        try:
            super().run()
        finally:
            self._sender.stop()
            self._leaving.close()

    def init_signals(self) -> None:
        """gunicorn's, and that a terminal may hang up."""
        super().init_signals()
        signal.signal(signal.SIGHUP, take_no_notice)

    def accept(self, listener: Any) -> None:
        """Takes a connection; answers one of an address that has too many with 503."""
        try:
            client, address = listener.accept()
        except OSError:
            return
        name = address[0] if isinstance(address, tuple) else ""
        if not self._crowding.has_room(name):
            self._crowding.refuse(client, name)
            self._leaving.add(client, client.close)
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.data_ready = True
        self._crowding.enter(name)
        conn.close = self._closing(conn, name)
        self.enqueue_req(conn)

    def enqueue_req(self, conn: Any) -> None:
        """Gives a connection a thread if its request is whole, else remembers it."""
        begin = self._peek(conn)
        # Nothing at all is an end, which the thread will find too.
        arrival = (
            arrival_of(begin) if begin else Arrival.PARTIAL if begin is None else Arrival.WHOLE
        )
        if arrival is Arrival.PARTIAL:
            self._partial.setdefault(conn, time.monotonic() + REQUEST_SECONDS)
            return
        self._partial.pop(conn, None)
        if arrival is Arrival.BODY_TO_COME:
            self._bodies[conn] = time.monotonic() + BODY_SECONDS
        is_probe = (begin or b"").startswith(_PROBE)
        future = (self._probes if is_probe else self.tpool).submit(self.handle, conn)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Makes the answer, and leaves what its reader does not take at once to the sender."""
        outlet = self._outlets[conn] = AnswerOutlet(conn.sock)
        through = SimpleNamespace(sock=outlet, client=conn.client, server=conn.server)
        req.body = BodyInChunks(req)
        return super().handle_request(req, through)

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """gunicorn's. Of a body that nobody wanted to read it reads the rest, when the answer is given."""
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except BadRequest:
            return False

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """After an answer was made: its body need not be waited for any more, but its reader may be."""
        self._bodies.pop(conn, None)
        outlet = self._outlets.pop(conn, None)
        if outlet is None or not outlet.left:
            super().finish_request(conn, fs)
            return

        def then(is_sent: bool) -> None:
            self.method_queue.defer(self._after_sending, conn, fs, is_sent)

        self._sender.take(conn.sock, outlet, then)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One turn of the worker's loop, sooner if somebody is slow."""
        super().wait_for_and_dispatch_events(
            _LOOK_AGAIN if self._partial or self._leaving else timeout
        )
        now = time.monotonic()
        self._leaving.look()
        for conn, deadline in list(self._partial.items()):
            if now > deadline or not self.alive:
                self._give_up(conn)
            else:
                self.enqueue_req(conn)
        for conn, deadline in list(self._bodies.items()):
            if now > deadline:
                self._bodies.pop(conn, None)
                _stop_reading(conn)

    def _after_sending(self, conn: Any, fs: Future[Any], is_sent: bool) -> None:
        if is_sent:
            super().finish_request(conn, fs)
            return
        self.nr_conns -= 1
        _reset_on_close(conn)
        conn.close()

    def _closing(self, conn: Any, name: str) -> Any:
        """``close`` that gives the address its place back, and never waits for the other side."""
        close, is_open = conn.close, [True]

        def close_now() -> None:
            if is_open:
                is_open.clear()
                self._crowding.leave(name)
            close()

        def closed(graceful: bool = False) -> None:
            if graceful and is_open:
                self._leaving.add(conn.sock, close_now)
            else:
                close_now()

        return closed

    def _peek(self, conn: Any) -> bytes | None:
        """The begin of what came, which stays there; None while nothing has come."""
        if self.cfg.is_ssl or (conn.parser and conn.parser.unreader.buf.getvalue()):
            return b""
        try:
            begin: bytes = conn.sock.recv(LOOKED_AT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        return begin

    def _give_up(self, conn: Any) -> None:
        del self._partial[conn]
        self.nr_conns -= 1
        conn.close()


def take_no_notice(*_: object) -> None:
    """A handler, for what is ignored outright stays so in the programs that a process starts."""


def _stop_reading(conn: Any) -> None:
    """The thread that waits for the body finds its end; an answer can still be sent."""
    try:
        conn.sock.shutdown(socket.SHUT_RD)
    except OSError:
        return


def _reset_on_close(conn: Any) -> None:
    try:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    except OSError:
        return
