"""What an answer means for the job: done, never, or later."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater, Unreachable
from backend.domain.jobs.attempts.retry_after import seconds_asked
from workers.handlers.one_line import one_line
from workers.webhooks.connection import Answer

_SUCCESS, _REDIRECTS, _SERVER_ERRORS = range(200, 300), range(300, 400), range(500, 600)
#: It did not hear us out, or hears nobody now.
_SILENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
#: Only these keep a POST a POST.
FOLLOWED = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_SHOWN = 256
#: A receiver that says "at once" has still to be asked a moment later.
_SHORTEST_WAIT = 1.0


def failure_of(
    answer: Answer, *, origin: str, redirects: int, longest_wait: float
) -> JobSignal | None:
    """How the attempt ends; None for success. ``redirects`` is how many were allowed."""
    if answer.status in _SUCCESS:
        return None
    said = f"{origin} answered {_named(answer.status)}"
    if words := excerpt(answer.body):
        said += f": {words}"
    asked = asked_wait(answer.headers("Retry-After"), longest_wait)
    if answer.status in _SILENT or answer.status in _SERVER_ERRORS:
        return Unreachable(said, retry_after=asked)
    if answer.status == HTTPStatus.TOO_EARLY:
        return RetryLater(said, delay=asked)
    if answer.status == HTTPStatus.GONE:
        return PermanentFailure(
            f"{said}; the receiver wants no more of these: take it off the list"
        )
    if answer.status in _REDIRECTS:
        return PermanentFailure(f"{said}; {_not_followed(answer.status, redirects)}")
    return PermanentFailure(said)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _not_followed(status: int, redirects: int) -> str:
    if status not in FOLLOWED:
        return "such a redirect makes a GET of a POST and is not followed: send to the new address"
    if redirects:
        return (
            f"no more than {redirects} redirects are followed (webhook.redirects): send to the new "
            "address, or look for a loop"
        )
    return (
        "redirects are not followed: send to the new address, or allow some with webhook.redirects"
    )


def asked_wait(values: Iterable[str], longest: float) -> float | None:
    """The seconds that Retry-After headers ask for, at most ``longest``; None for none."""
    asked = [seconds for text in values if (seconds := seconds_asked(text)) is not None]
    return min(max(*asked, _SHORTEST_WAIT), longest) if asked else None


def excerpt(body: bytes) -> str:
    """The first characters of an answer as one harmless line."""
    return one_line(body[: _SHOWN * 4], _SHOWN)
