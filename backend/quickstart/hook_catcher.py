"""A receiver of webhooks on loopback that checks signatures, as a receiver in real life should."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Seconds by which the sender's clock may differ (Standard Webhooks).
_TOLERANCE = 300
_MOST = 1024 * 1024


class HookCatcher:
    """Listens on a free port of 127.0.0.1 from `start` to `stop`."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._verified: set[str] = set()
        self._arrived = threading.Condition()
        catcher = self

        class Handler(_Handler):
            catch = catcher

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def secret(self) -> str:
        """The signing secret that sender and receiver share."""
        return f"whsec_{base64.b64encode(self._key).decode()}"

    @property
    def url(self) -> str:
        """Where to send."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def start(self) -> None:
        """Starts listening."""
        self._thread.start()

    def take(self, webhook_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
        """Keeps a webhook whose signature is right and whose time is now; whether it was."""
        signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
        expected = base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        fits = any(
            hmac.compare_digest(signature.removeprefix("v1,"), expected)
            for signature in signatures.split()
        )
        fresh = timestamp.isdigit() and abs(time.time() - int(timestamp)) < _TOLERANCE
        if fits and fresh:
            with self._arrived:
                self._verified.add(webhook_id)
                self._arrived.notify_all()
        return fits and fresh

    def wait_for(self, webhook_id: str, timeout: float) -> bool:
        """Whether a verified webhook with this id came within ``timeout`` seconds."""
        with self._arrived:
            return self._arrived.wait_for(lambda: webhook_id in self._verified, timeout)

    def stop(self) -> None:
        """Stops listening."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    catch: HookCatcher

    def do_POST(self) -> None:
        """One webhook."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), _MOST))
        verified = self.catch.take(
            self.headers.get("webhook-id", ""),
            self.headers.get("webhook-timestamp", ""),
            self.headers.get("webhook-signature", ""),
            body,
        )
        self.send_response(204 if verified else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
        """Says nothing."""
