"""One connection to the mail server, with a deadline for the whole dialogue."""

from __future__ import annotations

import io
import math
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backend.api.config.engine_settings import SmtpSettings
from backend.domain.errors import Unreachable
from workers.handlers.attentive_socket import received_into
from workers.handlers.one_line import one_line

#: Loopback needs no encryption to keep a password from being read on the way.
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST_WORDS = 300


class MailServerUnusable(Unreachable):
    """No mail can be handed over now: the server is away, refuses us, or cannot be trusted."""


class _Deadline:
    """Seconds left of a time that only shrinks; a server that answers a byte a second gains nothing."""

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds
        self._end = 0.0

    @contextmanager
    def instead(self, ends_at: float) -> Iterator[None]:
        """One answer has until ``ends_at``, whatever others have."""
        before = self._answer_seconds, self._end
        self._answer_seconds, self._end = math.inf, ends_at
        try:
            yield
        finally:
            self._answer_seconds, self._end = before

    def set(self, ends_at: float) -> None:
        self._end = ends_at

    def left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the mail server took too long")
        return min(left, self._answer_seconds)


class _Answers(io.RawIOBase):
    """What the server says, read within the deadline."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return received_into(self._sock, buffer, self._deadline.left)


class SmtpConnection(smtplib.SMTP):
    """An open, greeted, encrypted and logged-in connection."""

    def __init__(self, settings: SmtpSettings, *, hello_name: str, deadline: float) -> None:
        self._deadline = _Deadline(settings.timeout)
        self._deadline.set(time.monotonic() + deadline)
        self._context = _tls_context(settings)
        self._is_tls = settings.security == "tls"
        self.mails = 0
        self.idle_since = 0.0
        super().__init__(settings.host, settings.port, hello_name, settings.timeout)

    def begin(self, ends_at: float) -> None:
        """A new mail, of which all must be done by an instant of the monotonic clock."""
        self._deadline.set(ends_at)
        self.mails += 1

    def _get_socket(self, host: str, port: int, _timeout: Any) -> socket.socket:
        sock = socket.create_connection((host, port), self._deadline.left())
        # The final dot follows the body in a packet of its own and must not wait for an answer.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._is_tls or self._context is None:
            return sock
        sock.settimeout(self._deadline.left())
        return self._context.wrap_socket(sock, server_hostname=host)

    def encrypt(self) -> None:
        """STARTTLS, or `MailServerUnusable`: there is no way on without."""
        if self._context is None or self._is_tls:
            return
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise MailServerUnusable(
                "the mail server offers no STARTTLS; nothing was sent. Set smtp.security to tls, or "
                "to none for a server that may read along"
            )
        self.starttls(context=self._context)

    def send(self, s: Any) -> None:
        """Sends within the deadline."""
        if self.sock is not None:
            self.sock.settimeout(self._deadline.left())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """One answer, within the deadline."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Answers(self.sock, self._deadline))
        return super().getreply()

    def finish(self, confirmed_by: float) -> tuple[int, bytes]:
        """Ends the mail; the answer to that takes as long as the server looks into the mail.

        ``confirmed_by`` is an instant of the monotonic clock.
        """
        with self._deadline.instead(confirmed_by):
            self.send(b".\r\n")
            return self.getreply()

    def abort(self) -> None:
        """Drops the connection without a word."""
        self.close()


def _tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    return ssl.create_default_context(cafile=settings.ca_file)


def connect(settings: SmtpSettings, *, hello_name: str, deadline: float) -> SmtpConnection:
    """A connection ready for mails; raises `MailServerUnusable` saying what stands in the way."""
    where = f"{settings.host}:{settings.port}"
    _refuse_a_bare_password(settings)
    try:
        connection = SmtpConnection(settings, hello_name=hello_name, deadline=deadline)
    except smtplib.SMTPResponseException as error:
        raise MailServerUnusable(f"the mail server {where} refuses us: {_said(error)}") from error
    except ssl.SSLError as error:
        raise _untrusted(where, error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerUnusable(f"the mail server {where} cannot be reached: {error}") from error
    try:
        connection.encrypt()
        _log_in(connection, settings)
    except BaseException as error:
        connection.abort()
        if isinstance(error, ssl.SSLError):
            raise _untrusted(where, error) from error
        if isinstance(error, OSError | smtplib.SMTPException):
            raise MailServerUnusable(f"the mail server {where}: {_said(error)}") from error
        raise
    return connection


def _refuse_a_bare_password(settings: SmtpSettings) -> None:
    is_bare = settings.username and settings.security == "none"
    if is_bare and settings.host not in _THIS_MACHINE:
        raise MailServerUnusable(
            "smtp.username is set but smtp.security is none: the password would cross the network "
            "in the clear; set smtp.security to starttls or tls"
        )


def _log_in(connection: SmtpConnection, settings: SmtpSettings) -> None:
    if not settings.username:
        return
    try:
        connection.login(settings.username, settings.password.get_secret_value())
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise MailServerUnusable(
            f"the mail server refuses the login: {_said(error)}; check smtp.username and smtp.password"
        ) from error


def _untrusted(where: str, error: ssl.SSLError) -> MailServerUnusable:
    return MailServerUnusable(
        f"the mail server {where} cannot be trusted: {error}; nothing was sent. smtp.ca_file names "
        "certificates to trust"
    )


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return server_words(error.smtp_code, error.smtp_error)
    return str(error) or type(error).__name__


def server_words(code: int, text: bytes | str) -> str:
    """What a server answered, as one short line."""
    return f"{code} {one_line(text, _LONGEST_WORDS)}"
