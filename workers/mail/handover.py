"""Hands one mail to the server, and reads its answers: done, never, or later."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from typing import NamedTuple

from backend.domain.errors import PermanentFailure, RetryLater, Unreachable
from workers.mail.delivery import Delivery
from workers.mail.message import Message
from workers.mail.smtp_connection import MailServerUnusable, SmtpConnection, server_words
from workers.mail.smtp_pool import SmtpPool

_OK, _GO_AHEAD, _CLOSING, _TEMPORARY, _PERMANENT = 250, 354, 421, 400, 500
#: RFC 5321, 4.5.3.1.10: that many recipients are enough for one transaction, or a mailbox is full.
_ENOUGH = 452


class OutcomeUnknown(Unreachable):
    """The server was lost after it had all of the mail: it may have been sent, or not."""


class Envelope(NamedTuple):
    """A mail as the server sees it."""

    sender: str
    message: Message


def hand_over(
    pool: SmtpPool,
    envelope: Envelope,
    delivery: Delivery,
    *,
    deadline_seconds: float,
    note: Callable[[], None],
) -> None:
    """Serves every recipient that waits, in as many transactions as the server wants.

    ``note`` is called after each that was taken. Raises what an attempt ends with when the server
    refuses the mail itself, or is lost.
    """
    ends_at = time.monotonic() + deadline_seconds
    while delivery.waiting():
        _transact(pool, envelope, delivery, ends_at)
        note()


def _transact(pool: SmtpPool, envelope: Envelope, delivery: Delivery, ends_at: float) -> None:
    """On a kept connection, or on a new one when the server has closed that meanwhile."""
    connection, used_before = pool.take()
    try:
        return _sent(pool, connection, envelope, delivery, ends_at)
    except MailServerUnusable:
        if not used_before:
            raise
    pool.close()
    return _sent(pool, pool.take()[0], envelope, delivery, ends_at)


def _sent(
    pool: SmtpPool,
    connection: SmtpConnection,
    envelope: Envelope,
    delivery: Delivery,
    ends_at: float,
) -> None:
    connection.begin(ends_at)
    try:
        is_open = _dialogue(connection, envelope, delivery)
    except _Refused as refusal:
        _end_refused(pool, connection, is_closing=refusal.is_closing)
        raise refusal.failure from None
    except BaseException:
        connection.abort()
        raise
    if is_open:
        _end_refused(pool, connection)
    else:
        pool.give_back(connection)


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


def _end_refused(pool: SmtpPool, connection: SmtpConnection, *, is_closing: bool = False) -> None:
    try:
        if not is_closing and connection.rset()[0] == _OK:
            pool.give_back(connection)
            return
    except (OSError, smtplib.SMTPException):
        pass  # It is dropped below; the refusal is what the job needs to hear.
    connection.abort()


def _dialogue(connection: SmtpConnection, envelope: Envelope, delivery: Delivery) -> bool:
    """One transaction; answers whether it is still open because nobody in it was taken."""
    try:
        connection.ehlo_or_helo_if_needed()
        taken = _announce(connection, envelope, delivery)
        if not taken:
            return True
        _expect(_GO_AHEAD, "the mail", connection.docmd("DATA"))
        for piece in envelope.message.pieces():
            connection.send(_dotted(piece))
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
    delivery.served += taken
    delivery.answer = server_words(code, text)
    return False


def _announce(connection: SmtpConnection, envelope: Envelope, delivery: Delivery) -> list[str]:
    """MAIL and RCPT; answers whom the server takes in this transaction."""
    size = envelope.message.size_bytes
    options = [f"size={size}"] if connection.has_extn("size") else []
    _expect(_OK, "the sender", connection.mail(envelope.sender, options))
    taken: list[str] = []
    for recipient in delivery.waiting():
        code, text = connection.rcpt(recipient)
        if code == _CLOSING:
            raise _Refused(f"the recipient {recipient}", code, text)
        if code == _ENOUGH and taken:
            break
        if code < _TEMPORARY:
            taken.append(recipient)
        elif code < _PERMANENT:
            delivery.postponed[recipient] = server_words(code, text)
        else:
            delivery.refused[recipient] = server_words(code, text)
    return taken


def _expect(wanted: int, stage: str, answer: tuple[int, bytes]) -> None:
    code, text = answer
    if code != wanted:
        raise _Refused(stage, code, text)


def _dotted(lines: bytes) -> bytes:
    """RFC 5321, 4.5.2: a line that begins with a dot gets another."""
    doubled = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
