"""A small HTTP server for processes that have no other: ``/metrics``, ``/livez`` and ``/readyz``.

What answers is read when somebody first asks: it is a third of what a supervisor would hold.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.telemetry.metrics.metrics_answers import MetricsAnswers
    from backend.telemetry.metrics.metrics_page import MetricsPage

from backend.telemetry.logs.logger import Logger

log = Logger("tally.metrics")

#: Until the next look after somebody could not even be turned away.
_PAUSE_SECONDS = 0.2
#: Connections that wait while one is taken.
_BACKLOG = 5
#: Ports are this far apart, and so many are tried.
_STEP, _MOST, _LAST_PORT = 10, 20, 65_535

#: Why a process cannot do its work now; nothing when it can.
NotReady = Callable[[], Sequence[str]]
MakePage = Callable[[], "MetricsPage"]


class MetricsServer:
    """Serves a page from threads of its own. It listens at once, and makes the page for who first asks."""

    def __init__(
        self, make_page: MakePage, *, host: str, port: int, not_ready: NotReady = tuple
    ) -> None:
        self._make_page = make_page
        self._not_ready = not_ready
        self._listening = _listening(host, port)
        self.port = int(self._listening.getsockname()[1])
        self._answers: MetricsAnswers | None = None
        self._over, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._over, selectors.EVENT_READ)
            while self._over not in {key.fd for key, _ in selector.select()}:
                self._answer()

    def _answer(self) -> None:
        try:
            if self._answers is None:
                self._answers = self._read_answers()
            self._answers.handle_request()
        except Exception:
            # Its code is being replaced, for example. The next who asks may be answered.
            log.exception("metrics.not_answered")
            self._turn_away()

    def _turn_away(self) -> None:
        """Who asked, so that he need not wait; this thread outlives that too."""
        try:
            self._listening.accept()[0].close()
        except OSError:
            # Without a descriptor left he stands there still, and would be found again at once.
            time.sleep(_PAUSE_SECONDS)

    def _read_answers(self) -> MetricsAnswers:
        from backend.telemetry.metrics.metrics_answers import MetricsAnswers

        return MetricsAnswers(self._listening, self._make_page(), self._not_ready)

    def close(self) -> None:
        """Serves no more."""
        os.close(self._end)
        self._thread.join()
        self._listening.close()
        os.close(self._over)


def _listening(host: str, port: int) -> socket.socket:
    """At an address of either kind; at ``::`` for both kinds where the system can."""
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        backlog=_BACKLOG,
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )


def serve(
    make_page: MakePage, *, host: str, port: int, not_ready: NotReady = tuple
) -> MetricsServer | None:
    """Serves a page at the first port that is free; where none is, the log tells, and work goes on."""
    try:
        server = _at_first_free_port(make_page, host, ports_from(port), not_ready)
    except OSError as error:
        log.warning("metrics.not_served", host=host, port=port, error=str(error))
        return None
    log.info("metrics.served", host=host, port=server.port)
    return server


def ports_from(port: int) -> list[int]:
    """Where processes of one kind on one host listen: each next one ten further, beside other kinds."""
    return [wanted for wanted in range(port, port + _STEP * _MOST, _STEP) if wanted <= _LAST_PORT]


def _at_first_free_port(
    make_page: MakePage, host: str, ports: list[int], not_ready: NotReady
) -> MetricsServer:
    for port in ports[:-1]:
        try:
            return MetricsServer(make_page, host=host, port=port, not_ready=not_ready)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return MetricsServer(make_page, host=host, port=ports[-1], not_ready=not_ready)
