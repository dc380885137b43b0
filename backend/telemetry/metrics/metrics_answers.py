"""Answers ``/metrics``, ``/livez`` and ``/readyz`` over HTTP; read when somebody first asks."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.redaction import masked_text
from backend.telemetry.metrics.metrics_page import ASK_FOR_IT, WITHOUT_IT, MetricsPage

log = Logger("tally.metrics")

#: Seconds a scraper may take to say what it wants.
_PATIENCE = 10


class MetricsAnswers(ThreadingHTTPServer):
    """Answers what comes in at a socket that listens already."""

    daemon_threads = True
    #: Nobody waits in `handle_request`: it is called when somebody has come.
    timeout = 0

    def __init__(
        self, listening: socket.socket, page: MetricsPage, not_ready: Callable[[], Sequence[str]]
    ) -> None:
        class Handler(_Handler):
            metrics = page
            reasons = staticmethod(not_ready)

        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as it is called
        """Whoever asked and has gone is no fault; what is one stands in the log, as a line of it."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.exception("metrics.not_answered")


class _Handler(BaseHTTPRequestHandler):
    metrics: MetricsPage
    reasons: Callable[[], Sequence[str]]
    timeout = _PATIENCE
    server_version = "tally"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, that the process lives, or whether it can do its work."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._show_metrics()
        elif path == "/livez":
            self._answer(HTTPStatus.OK, "text/plain", b"ok\n")
        elif path == "/readyz":
            self._tell_readiness()
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"see /metrics, /livez and /readyz\n")

    def _show_metrics(self) -> None:
        if not self.metrics.is_open_to(self.headers.get("Authorization", "")):
            self._answer(HTTPStatus.UNAUTHORIZED, "text/plain", WITHOUT_IT.encode(), ASK_FOR_IT)
            return
        page = self.metrics.render(self.headers.get("Accept", ""))
        self._answer(HTTPStatus.OK, page.content_type, page.body)

    def _tell_readiness(self) -> None:
        reasons = self.reasons()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        lines = ["not ready", *map(masked_text, reasons)] if reasons else ["ready"]
        self._answer(status, "text/plain; charset=utf-8", ("\n".join(lines) + "\n").encode())

    def _answer(
        self,
        status: HTTPStatus,
        content_type: str,
        body: bytes,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
        """Scrapes are no news."""
