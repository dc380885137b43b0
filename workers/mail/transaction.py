"""One transaction with the server: who gets a mail, the mail, and the server's answer to it."""

from __future__ import annotations

import smtplib

from backend.domain.errors import PermanentFailure, RetryLater
from workers.base_worker import TimeLimitReached
from workers.mail.answer_kind import AnswerKind, kind_of
from workers.mail.delivery import Delivery
from workers.mail.outcome_unknown import OutcomeUnknown
from workers.mail.smtp_connection import MailServerUnusable, SmtpConnection, server_words
from workers.mail.submission import Envelope, Submission

_CLOSING = 421
_REFUSALS = frozenset({AnswerKind.LATER, AnswerKind.NEVER})
#: RFC 5321, 4.5.3.1.10: that many recipients are enough for one transaction, or a mailbox is full. Older
#: servers say 552 for it.
_ENOUGH = frozenset({452, 552})


class Refused(Exception):
    """The server said no; the connection is still good unless it said that it is closing."""

    def __init__(self, stage: str, code: int, text: bytes) -> None:
        words = f"{stage}: {server_words(code, text)}"
        super().__init__(words)
        self.is_closing = code == _CLOSING
        self.failure: PermanentFailure | RetryLater
        if kind_of(code) is AnswerKind.NEVER:
            self.failure = PermanentFailure(f"the mail server refuses {words}")
        elif code == _CLOSING:
            self.failure = MailServerUnusable(f"the mail server is closing at {words}")
        else:
            self.failure = RetryLater(f"the mail server cannot take {words} now")


def transact(connection: SmtpConnection, submission: Submission) -> bool:
    """Hands the mail over once; answers whether the transaction is still open since nobody was taken.

    Raises `Refused`, `MailServerUnusable` while it is sure that nothing was sent, and `OutcomeUnknown`.
    """
    envelope, delivery, patience, notes = submission
    try:
        connection.begin(patience.handed_over_by())
        connection.ehlo_or_helo_if_needed()
        taken = _announce(connection, envelope, delivery)
        if not taken:
            return True
        _expect(AnswerKind.GO_AHEAD, "the mail", connection.docmd("DATA"))
        for piece in envelope.message.pieces():
            connection.send(_dotted(piece))
        confirmed_by = patience.confirmed_by()
    except (OSError, smtplib.SMTPException) as error:
        raise MailServerUnusable(
            f"the mail server was lost before it had the mail: {error}"
        ) from error
    notes.note_under_way(taken)
    delivery.answer = _ended(connection, confirmed_by)
    delivery.served += taken
    return False


def _announce(connection: SmtpConnection, envelope: Envelope, delivery: Delivery) -> list[str]:
    """MAIL and RCPT; answers whom the server takes in this transaction."""
    size = envelope.message.size_bytes
    options = [f"size={size}"] if connection.has_extn("size") else []
    _expect(AnswerKind.DONE, "the sender", connection.mail(envelope.sender, options))
    taken: list[str] = []
    for recipient in delivery.waiting():
        code, text = connection.rcpt(recipient)
        if code == _CLOSING:
            raise Refused(f"the recipient {recipient}", code, text)
        if code in _ENOUGH and taken:
            break
        match kind_of(code):
            case AnswerKind.DONE:
                taken.append(recipient)
            case AnswerKind.LATER:
                delivery.postponed[recipient] = server_words(code, text)
            case AnswerKind.NEVER:
                delivery.refused[recipient] = server_words(code, text)
            case _:
                raise _nonsense(f"the recipient {recipient}", code, text)
    return taken


def _expect(wanted: AnswerKind, stage: str, answer: tuple[int, bytes]) -> None:
    kind = kind_of(answer[0])
    if kind in _REFUSALS:
        raise Refused(stage, *answer)
    if kind is not wanted:
        raise _nonsense(stage, *answer)


def _nonsense(stage: str, code: int, text: bytes) -> MailServerUnusable:
    words = server_words(code, text)
    return MailServerUnusable(f"at {stage} came what is no answer of a mail server: {words}")


def _ended(connection: SmtpConnection, confirmed_by: float) -> str:
    """Ends the mail; from here on the server may send it. Answers its words once it has taken it."""
    code, text = _answer_to_all(connection, confirmed_by)
    if kind_of(code) in _REFUSALS:
        raise Refused("the mail", code, text)
    if kind_of(code) is not AnswerKind.DONE:
        raise _unknown(f"it answered {server_words(code, text)}")
    return server_words(code, text)


def _answer_to_all(connection: SmtpConnection, confirmed_by: float) -> tuple[int, bytes]:
    try:
        return connection.finish(confirmed_by)
    except (OSError, smtplib.SMTPException) as error:
        raise _unknown(str(error)) from error
    except TimeLimitReached as limit:
        raise _unknown("the job's time is over; raise its timeout") from limit


def _unknown(why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        "the mail server was lost after it had the whole mail, before it confirmed: it may have been "
        f"sent ({why})"
    )


def _dotted(lines: bytes) -> bytes:
    """RFC 5321, 4.5.2: a line that begins with a dot gets another."""
    doubled = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled
