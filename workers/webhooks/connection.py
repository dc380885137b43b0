"""One request over a connection to an address that was checked, with limits on time and bytes."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException, HTTPResponse, parse_headers
from typing import Any, NamedTuple

from urllib3._collections import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from backend.domain.text.web_target import Target
from workers.handlers.attentive_socket import received_into

#: How long to wait for the body of an answer whose status is known already.
_BODY_SECONDS = 2.0
#: All but 101: nobody asked for another protocol.
_INFORMATIONAL = (100, *range(102, 200))
#: What connecting, sending and reading may raise.
FAILURES = (OSError, HTTPException, HTTPError)


class Limits(NamedTuple):
    """What one request may take."""

    connect_seconds: float
    ends_at: float
    response_bytes: int

    def left(self, most: float = float("inf")) -> float:
        """Seconds left; raises `TimeoutError` when there are none."""
        left = min(self.ends_at - time.monotonic(), most)
        if left <= 0:
            raise TimeoutError("the receiver took too long")
        return left

    def within(self, seconds: float) -> Limits:
        """The same, for so many seconds from now at most."""
        return self._replace(ends_at=min(self.ends_at, time.monotonic() + seconds))


class Answer(NamedTuple):
    """What came back."""

    status: int
    fields: HTTPHeaderDict
    body: bytes

    def headers(self, name: str) -> list[str]:
        """Every value of one header; what comes twice is not added up."""
        return self.fields.getlist(name)


class _FinalResponse(HTTPResponse):
    """Passes over informational answers (RFC 9110, 15.2); the standard library knows only 100."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status not in _INFORMATIONAL:
                return version, status, reason
            parse_headers(self.fp)


class _Pinned:
    """A socket to one of the checked addresses; no second look-up exists."""

    addresses: Sequence[str]
    limits: Limits
    port: Any

    def _new_conn(self) -> socket.socket:
        failure: OSError | None = None
        for address in self.addresses:
            try:
                return self._connected(address)
            except OSError as error:
                failure = error
        raise failure or OSError("there is no address to connect to")

    def _connected(self, address: str) -> socket.socket:
        seconds = self.limits.left(self.limits.connect_seconds)
        sock = socket.create_connection((address, self.port), seconds)
        if sock.getpeername()[0] != address:
            sock.close()
            raise OSError(f"connected to another address than {address}")
        # For the handshake, which counts the whole of it against this.
        sock.settimeout(self.limits.left())
        return sock


class _PlainConnection(_Pinned, HTTPConnection):
    """Over http."""


class _EncryptedConnection(_Pinned, HTTPSConnection):
    """Over https; the certificate is checked for the name, not for the address."""


class _LimitedSocket:
    """A connected socket that answers no later than the limits allow, and ends after so many bytes."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self._sock = sock
        self.limits = limits
        self._bytes_left = limits.response_bytes

    def makefile(self, _mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_LimitedReader(self), 8192)

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(self.limits.left())
        self._sock.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        """Reads what has come, or waits for as long as the limits allow."""
        if self._bytes_left <= 0:
            raise OSError(f"the answer is over {self.limits.response_bytes} bytes")
        piece = memoryview(buffer)[: self._bytes_left]
        count = received_into(self._sock, piece, self.limits.left)
        self._bytes_left -= count
        return count

    def settimeout(self, _seconds: float | None) -> None:
        """The limits alone decide."""

    def close(self) -> None:
        self._sock.close()


class _LimitedReader(io.RawIOBase):
    def __init__(self, sock: _LimitedSocket) -> None:
        super().__init__()
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._sock.recv_into(buffer)


def post(
    target: Target,
    addresses: Sequence[str],
    *,
    headers: Mapping[str, str],
    body: bytes,
    limits: Limits,
    tls: ssl.SSLContext | None,
) -> Answer:
    """Sends the request and reads the answer; raises one of `FAILURES`."""
    connection = _connection(target, tls)
    connection.addresses, connection.limits = addresses, limits
    connection.response_class = _FinalResponse
    try:
        connection.connect()
        connection.sock = sock = _LimitedSocket(connection.sock, limits)
        connection.request(
            "POST", target.path, body, {**headers, "Host": target.authority},
            preload_content=False, decode_content=False,
        )  # fmt: skip
        response = connection.getresponse()
        sock.limits = limits.within(_BODY_SECONDS)
        return Answer(response.status, response.headers, _beginning(response))
    finally:
        connection.close()


def _connection(target: Target, tls: ssl.SSLContext | None) -> Any:
    if not target.is_encrypted:
        return _PlainConnection(target.host, target.port)
    return _EncryptedConnection(target.host, target.port, ssl_context=tls)


def _beginning(response: Any) -> bytes:
    """What the answer says first. Its status is known: nothing that happens here changes the outcome."""
    body = b""
    try:
        while len(body) < 1024:  # noqa: PLR2004 - more is never shown
            chunk = response.read1(1024)
            if not chunk:
                break
            body += chunk
    except (*FAILURES, ValueError):
        return body
    return body
