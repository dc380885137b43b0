"""A small HTTP server for processes that have no other: ``/metrics``, ``/livez`` and ``/readyz``."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

from backend.telemetry.logs.redaction import masked_text
from backend.telemetry.metrics.metrics_page import ASK_FOR_IT, WITHOUT_IT, MetricsPage

log = structlog.get_logger("tally.metrics")

#: Seconds a scraper may take to say what it wants.
_PATIENCE = 10
#: Ports are this far apart, and so many are tried.
_STEP, _MOST, _LAST_PORT = 10, 20, 65_535

#: Why a process cannot do its work now; nothing when it can.
NotReady = Callable[[], Sequence[str]]


class MetricsServer:
    """Serves a page from threads of its own."""

    def __init__(
        self, page: MetricsPage, *, host: str, port: int, not_ready: NotReady = tuple
    ) -> None:
        class Handler(_Handler):
            metrics = page
            reasons = staticmethod(not_ready)

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Serves no more."""
        self._server.shutdown()
        self._server.server_close()


def serve(
    page: MetricsPage, *, host: str, port: int, not_ready: NotReady = tuple
) -> MetricsServer | None:
    """Serves a page at the first port that is free; where none is, the log tells, and work goes on."""
    try:
        server = _at_first_free_port(page, host, ports_from(port), not_ready)
    except OSError as error:
        log.warning("metrics.not_served", host=host, port=port, error=str(error))
        return None
    log.info("metrics.served", host=host, port=server.port)
    return server


def ports_from(port: int) -> list[int]:
    """Where processes of one kind on one host listen: each next one ten further, beside other kinds."""
    return [wanted for wanted in range(port, port + _STEP * _MOST, _STEP) if wanted <= _LAST_PORT]


def _at_first_free_port(
    page: MetricsPage, host: str, ports: list[int], not_ready: NotReady
) -> MetricsServer:
    for port in ports[:-1]:
        try:
            return MetricsServer(page, host=host, port=port, not_ready=not_ready)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    return MetricsServer(page, host=host, port=ports[-1], not_ready=not_ready)


class _Handler(BaseHTTPRequestHandler):
    metrics: MetricsPage
    reasons: NotReady
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
