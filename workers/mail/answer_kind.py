"""What an answer of a mail server means, by its first digit."""

from __future__ import annotations

from enum import IntEnum


class AnswerKind(IntEnum):
    """RFC 5321, 4.2.1: whoever does not know an answer goes by that digit alone."""

    DONE = 2
    GO_AHEAD = 3
    LATER = 4
    NEVER = 5
    #: No line of a mail server, or one of which RFC 5321 knows nothing.
    NONSENSE = 0


def kind_of(code: int) -> AnswerKind:
    """The kind of an answer; ``code`` is -1 where `smtplib` read none."""
    digit = code // 100
    return AnswerKind(digit) if digit in set(AnswerKind) else AnswerKind.NONSENSE
