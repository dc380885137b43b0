"""Whether an attempt that failed had reached its destination. Pure.

A refusal is an answer: who is refused was heard. What no destination said (no connection, no answer in
time) and what says that it cannot answer now (HTTP 5xx and 429) is none.
"""

from __future__ import annotations

import errno
from typing import Any, NamedTuple

from backend.domain.errors import JobSignal, Unreachable
from backend.domain.jobs.attempts.leaves import leaves_of
from backend.domain.jobs.attempts.outcome import Unreached, words_of
from backend.domain.jobs.attempts.retry_after import asked_by
from backend.domain.jobs.options.breaker import Breaker

_LONGEST_WORDS = 200
#: Seconds for which one answer may close a destination, unless its breaker rests for longer: a wrong
#: year must not close it for good.
_MOST_ASKED = 86_400.0
#: As HTTP numbers them; the module that names them is one more for each process to read.
_SERVER_ERRORS, _TOO_MANY_REQUESTS = range(500, 600), 429
#: Networks and hosts that are away, which Python has no class of its own for.
_AWAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
#: A look-up that found no host; the end of an attempt at its time limit, from a layer above this one.
_BY_NAME = frozenset({"gaierror", "TimeLimitReached"})
#: What libraries raise when nobody answered, by the package they come from: they are not imported for it.
_OF_LIBRARIES = {
    ("requests", "ConnectionError"),
    ("requests", "Timeout"),
    ("httpx", "TransportError"),
    ("httpcore", "NetworkError"),
    ("httpcore", "TimeoutException"),
    ("aiohttp", "ClientConnectionError"),
    ("aiohttp", "ServerTimeoutError"),
    ("urllib3", "HTTPError"),
    ("botocore", "ConnectionError"),
    ("botocore", "HTTPClientError"),
    ("smtplib", "SMTPServerDisconnected"),
    ("smtplib", "SMTPConnectError"),
}


class _Said(NamedTuple):
    """What one exception tells: whether anybody was reached, and how long it asked to be left alone."""

    is_unreached: bool
    retry_after: float = 0.0


def unreached(raised: BaseException, breaker: Breaker) -> Unreached | None:
    """What its breaker is told of an attempt that raised; None: the destination was reached.

    Of an exception group one leaf is enough. A destination's own Retry-After counts where it says that it
    cannot answer now: for a day, or its breaker's ``longest_rest``, at most.
    """
    found = [leaf for leaf in leaves_of(raised) if _said(leaf, breaker).is_unreached]
    if not found:
        return None
    asked = max(_said(leaf, breaker).retry_after for leaf in found)
    words = f"{type(found[0]).__name__}: {words_of(found[0])}"
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    most = max(_MOST_ASKED, breaker.longest_rest)
    return Unreached(breaker.text, min(asked, most), line[:_LONGEST_WORDS])


def _said(leaf: BaseException, breaker: Breaker) -> _Said:
    if isinstance(leaf, Unreachable):
        return _Said(True, _asked(leaf.retry_after))
    if isinstance(leaf, breaker.on):
        return _Said(True)
    if isinstance(leaf, JobSignal):
        return _Said(False)
    status = _status_of(leaf)
    if status is not None:
        is_away = status in _SERVER_ERRORS or status == _TOO_MANY_REQUESTS
        return _Said(is_away, _asked(asked_by(leaf)) if is_away else 0.0)
    return _Said(_is_silence(leaf))


def _asked(seconds: object) -> float:
    """A time that is over, or makes no sense, asks for nothing."""
    return seconds if isinstance(seconds, int | float) and seconds > 0 else 0.0


def _status_of(raised: BaseException) -> int | None:
    """The HTTP status that came back, where requests, httpx, aiohttp and urllib keep it."""
    response: Any = getattr(raised, "response", None)
    told = (getattr(response, "status_code", None), getattr(raised, "status", None))
    return next((each for each in told if isinstance(each, int)), _urllib_status(raised))


def _urllib_status(raised: BaseException) -> int | None:
    code = getattr(raised, "code", None)
    is_urllib = type(raised).__module__.partition(".")[0] == "urllib"
    return code if is_urllib and isinstance(code, int) else None


def _is_silence(raised: BaseException) -> bool:
    if isinstance(raised, ConnectionError | TimeoutError):
        return True
    if isinstance(raised, OSError) and raised.errno in _AWAY:
        return True
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(raised).__mro__}
    if kinds & _OF_LIBRARIES or _BY_NAME & {name for _, name in kinds}:
        return True
    # urllib wraps what the socket said.
    reason = getattr(raised, "reason", None)
    return isinstance(raised, OSError) and isinstance(reason, OSError) and _is_silence(reason)
