"""A mail of which nobody here can know whether it was sent."""

from __future__ import annotations

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater

#: The setting `mail.unknown_outcome` by which a person decides.
ASK = "fail"


class OutcomeUnknown(RetryLater):
    """The server had all of the mail, and its answer is not known: it may have been sent, or not.

    It was reached, so this is no `Unreachable`: what a breaker does not charge would be sent without end.
    """


def as_failure(unknown: OutcomeUnknown, policy: str) -> JobSignal:
    """How an attempt ends whose mail may have been sent: again, or left to a person."""
    if policy == ASK:
        return PermanentFailure(
            f"{unknown}; it is not sent again because mail.unknown_outcome is 'fail'. Look for its "
            "Message-ID at the recipient, then redrive or discard the job"
        )
    return unknown
