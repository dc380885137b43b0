"""Hands one mail to the server, and reads its answers: done, never, or later."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Sequence
from typing import NamedTuple

from backend.domain.errors import PermanentFailure, RetryLater
from workers.mail.smtp_connection import MailServerUnusable, SmtpConnection, server_words
from workers.mail.smtp_pool import SmtpPool

_OK, _GO_AHEAD, _CLOSING, _TEMPORARY, _PERMANENT = 250, 354, 421, 400, 500


class OutcomeUnknown(RetryLater):
    """The server was lost after it had all of the mail: it may have been sent, or not."""


class Envelope(NamedTuple):
    """A mail as the server sees it."""

    sender: str
    recipients: Sequence[str]
    body: bytes


class Receipt(NamedTuple):
    """What the server said when it took a mail."""

    answer: str
    #: Recipients that it will never take, with its words.
    refused: dict[str, str]


def hand_over(pool: SmtpPool, envelope: Envelope, deadline: float) -> Receipt:
    """Sends on a kept connection, or on a new one when the server has closed that meanwhile."""
    ends_at = time.monotonic() + deadline
    connection, used_before = pool.take()
    try:
        return _sent(pool, connection, envelope, ends_at)
    except MailServerUnusable:
        if not used_before:
            raise
    pool.close()
    return _sent(pool, pool.take()[0], envelope, ends_at)


def _sent(
    pool: SmtpPool, connection: SmtpConnection, envelope: Envelope, ends_at: float
) -> Receipt:
    connection.begin(ends_at)
    try:
        receipt = _dialogue(connection, envelope)
    except _Refused as refusal:
        _end_refused(pool, connection, refusal)
        raise refusal.failure from None
    except BaseException:
        connection.abort()
        raise
    pool.give_back(connection)
    return receipt


class _Refused(Exception):
    """The server said no; the connection is still good unless it said that it is closing."""

    def __init__(self, stage: str, code: int, text: bytes) -> None:
        words = f"{stage}: {server_words(code, text)}"
        super().__init__(words)
        self.is_closing = code == _CLOSING
        self.failure: PermanentFailure | RetryLater
        if code >= _PERMANENT:
            self.failure = PermanentFailure(f"the mail server refuses {words}")
        elif code == _CLOSING:
            self.failure = MailServerUnusable(f"the mail server is closing at {words}")
        else:
            self.failure = RetryLater(f"the mail server cannot take {words} now")


def _end_refused(pool: SmtpPool, connection: SmtpConnection, refusal: _Refused) -> None:
    try:
        if not refusal.is_closing and connection.rset()[0] == _OK:
            pool.give_back(connection)
            return
    except (OSError, smtplib.SMTPException):
        pass  # It is dropped below; the refusal is what the job needs to hear.
    connection.abort()


def _dialogue(connection: SmtpConnection, envelope: Envelope) -> Receipt:
    try:
        connection.ehlo_or_helo_if_needed()
        refused = _announce(connection, envelope)
        _expect(_GO_AHEAD, "the mail", connection.docmd("DATA"))
        connection.send(_dotted(envelope.body))
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerUnusable(
            f"the mail server was lost before it had the mail: {error}"
        ) from error
    try:
        connection.send(b".\r\n")
        code, text = connection.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(
            "the mail server was lost after it had the whole mail, before it confirmed: it may have "
            f"been sent ({error})"
        ) from error
    _expect(_OK, "the mail", (code, text))
    return Receipt(server_words(code, text), refused)


def _announce(connection: SmtpConnection, envelope: Envelope) -> dict[str, str]:
    """MAIL and RCPT. One recipient that must wait makes the mail wait, so that nobody gets it twice."""
    options = [f"size={len(envelope.body)}"] if connection.has_extn("size") else []
    _expect(_OK, "the sender", connection.mail(envelope.sender, options))
    refused: dict[str, str] = {}
    last: _Refused | None = None
    for recipient in envelope.recipients:
        code, text = connection.rcpt(recipient)
        if _TEMPORARY <= code < _PERMANENT:
            raise _Refused(f"the recipient {recipient}", code, text)
        if code >= _PERMANENT:
            refused[recipient] = server_words(code, text)
            last = _Refused(f"the recipient {recipient}", code, text)
    if last is not None and len(refused) == len(envelope.recipients):
        raise last
    return refused


def _expect(wanted: int, stage: str, answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code != wanted:
        raise _Refused(stage, code, text)


def _dotted(body: bytes) -> bytes:
    """RFC 5321, 4.5.2: lines end in CRLF, and one that begins with a dot gets another."""
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
