"""Sends requests, again where that is safe and may help."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from datetime import date
from datetime import time as time_of_day
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import urllib3

from backend.client.api_problem import ApiProblem, ApiUnreachable

_SAFE = frozenset({"GET"})
_EMPTY, _ELSEWHERE, _BAD = 204, 300, 400
#: What was read of an answer that says nothing, or something else.
_NO_JSON: Any = object()
#: Seconds before the second try; doubled for each further one, unless the server says when.
_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
#: Seconds that an answer may come after the time that somebody has for it.
_MARGIN = 5.0


class Reply(NamedTuple):
    """A good answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


class _Outgoing(NamedTuple):
    method: str
    path: str
    body: Any
    query: dict[str, Any]
    headers: dict[str, str]
    #: Seconds from here on for one try.
    timeout: float

    @property
    def is_harmless(self) -> bool:
        """Whether it may be sent twice."""
        return self.method in _SAFE or "Idempotency-Key" in self.headers

    @property
    def address(self) -> str:
        return f"{self.path}?{_encoded(self.query)}" if self.query else self.path

    @property
    def text(self) -> str | None:
        try:
            return None if self.body is None else json.dumps(self.body, default=_plain)
        except RecursionError:
            raise TypeError("the body is nested too deeply for JSON, or contains itself") from None


class Transport:
    """Connections to one API, shared by threads. A process that is forked opens its own."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float,
        tries: int,
        pause: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": _bearer(token), "Content-Type": "application/json"}
        self._timeout = timeout
        self._tries = max(1, tries)
        self._pause = pause
        self._monotonic = monotonic
        self._open()

    def _open(self) -> None:
        self._process = os.getpid()
        self._pool = urllib3.PoolManager(maxsize=16, retries=False)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float = 0.0,
        within: float = math.inf,
    ) -> Reply:
        """One request; raises `ApiProblem` or `ApiUnreachable`, `TypeError` for a body that is not JSON
        and for a query with several values of one name.

        It is sent again only if that is harmless: to read, or under an Idempotency-Key. ``patience``
        are seconds that the answer may take longer than usual. All together ends ``within`` so many
        seconds, or five later.
        """
        gives_up_at = self._monotonic() + within + _MARGIN
        named = {**self._headers, **(headers or {})}
        given = {
            name: _word(name, value) for name, value in (query or {}).items() if value is not None
        }
        outgoing = _Outgoing(method, path, body, given, named, self._timeout + patience)
        tries = self._tries if outgoing.is_harmless else 1
        for number in range(1, tries):
            try:
                return self._once(self._limited(outgoing, gives_up_at))
            except ApiUnreachable:
                pause = _pause_before(number, None)
                if self._monotonic() + pause >= gives_up_at:
                    raise
            except ApiProblem as problem:
                pause = _pause_before(number, problem.details.get("retry_after"))
                if not problem.is_temporary or self._monotonic() + pause >= gives_up_at:
                    raise
            self._pause(pause)
        return self._once(self._limited(outgoing, gives_up_at))

    def _limited(self, outgoing: _Outgoing, gives_up_at: float) -> _Outgoing:
        left = gives_up_at - self._monotonic()
        return outgoing._replace(timeout=max(0.001, min(outgoing.timeout, left)))

    def _once(self, outgoing: _Outgoing) -> Reply:
        if self._process != os.getpid():
            # Two that ask over one connection could get each other's answer.
            self._open()
        try:
            response = self._pool.request(
                outgoing.method,
                self._url + outgoing.address,
                body=outgoing.text,
                headers=outgoing.headers,
                timeout=urllib3.Timeout(total=outgoing.timeout),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(f"{outgoing.method} {outgoing.path}: {error}") from error
        return _reply(outgoing, response.status, response.data, response.headers)


def _bearer(token: str) -> str:
    """Raises ValueError for what no header can hold; where it is sent, the error would tell the token."""
    # As it was read from a file, which ends with a line break.
    word = str(token).strip()
    if not (word.isascii() and word.isprintable()):
        raise ValueError("the token has characters that no header can hold: give it as it was made")
    return f"Bearer {word}"


def _reply(outgoing: _Outgoing, status: int, data: bytes, headers: Mapping[str, str]) -> Reply:
    """A good answer; raises `ApiProblem` for any other, also for one that the API would not give."""
    found = _json(data)
    if status >= _BAD:
        problem = found if isinstance(found, dict) else {}
        raise ApiProblem(status, _with_pause(problem, headers))
    if status >= _ELSEWHERE:
        where = headers.get("Location", "another address")
        raise ApiProblem(
            status,
            {"detail": f"the server redirects to {where}, and did nothing; use that address"},
        )
    if found is _NO_JSON and status != _EMPTY:
        asked = f"{outgoing.method} {outgoing.path}"
        told = "is no JSON: it is a file, or something else than the API answers there"
        raise ApiProblem(status, {"detail": f"the answer to {asked} {told}"})
    return Reply(status, None if found is _NO_JSON else found, dict(headers))


def _with_pause(problem: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The problem with what the server says about trying again."""
    after = headers.get("Retry-After", "")
    if not after.isdigit():
        return problem
    return {**problem, "details": {"retry_after": float(after), **(problem.get("details") or {})}}


def _pause_before(number: int, asked: Any) -> float:
    pause = float(asked) if asked is not None else _PAUSE * 2.0 ** (number - 1)
    return min(pause, _LONGEST_PAUSE)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return _NO_JSON


def _plain(value: Any) -> Any:
    """What has one form in JSON, as models have it; a text made of anything else would be taken for it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time_of_day):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"JSON has no form for a value of type {type(value).__name__}")


def _encoded(query: Mapping[str, Any]) -> str:
    # Half a surrogate pair is in no name of ours, which the server is to say.
    return urlencode(query, errors="surrogatepass")


def _word(name: str, value: Any) -> Any:
    """Instants as RFC 3339, truths as JSON has them."""
    if isinstance(value, list | tuple | set | frozenset | Mapping):
        raise TypeError(
            f"{name} is one value, not a {type(value).__name__}: ask for each by itself"
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
