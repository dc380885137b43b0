"""Hands one mail to the server over kept connections, until nobody waits for it."""

from __future__ import annotations

import smtplib

from workers.mail.answer_kind import AnswerKind, kind_of
from workers.mail.smtp_connection import MailServerUnusable, SmtpConnection
from workers.mail.smtp_pool import SmtpPool
from workers.mail.submission import Submission
from workers.mail.transaction import Refused, transact


def hand_over(pool: SmtpPool, submission: Submission) -> None:
    """Serves every recipient that waits, in as many transactions as the server wants.

    Raises what an attempt ends with when the server refuses the mail itself, or is lost.
    """
    while submission.delivery.waiting():
        _transact(pool, submission)
        submission.notes.note_taken()


def _transact(pool: SmtpPool, submission: Submission) -> None:
    """On a kept connection, or on a new one when the server has closed that meanwhile."""
    connection, used_before = pool.take()
    try:
        return _sent(pool, connection, submission)
    except MailServerUnusable:
        if not used_before:
            raise
    pool.close()
    return _sent(pool, pool.take()[0], submission)


def _sent(pool: SmtpPool, connection: SmtpConnection, submission: Submission) -> None:
    try:
        is_open = transact(connection, submission)
    except Refused as refusal:
        _end_refused(pool, connection, is_closing=refusal.is_closing)
        submission.notes.note_refused()
        raise refusal.failure from None
    except BaseException:
        connection.abort()
        raise
    if is_open:
        _end_refused(pool, connection)
    else:
        pool.give_back(connection)


def _end_refused(pool: SmtpPool, connection: SmtpConnection, *, is_closing: bool = False) -> None:
    try:
        if not is_closing and kind_of(connection.rset()[0]) is AnswerKind.DONE:
            pool.give_back(connection)
            return
    except (OSError, smtplib.SMTPException):
        pass  # It is dropped below; the refusal is what the job needs to hear.
    connection.abort()
