"""The gate before every operation: who calls, how often, and whether they may."""

from __future__ import annotations

import math

from backend.api.access.authentication import Authenticator
from backend.api.access.rate_limit import RateLimit
from backend.api.access.rights import Right, permit
from backend.api.http.api_errors import TooManyRequests
from backend.api.request.api_services import ApiServices
from backend.api.request.request_context import Call
from backend.domain.access.access_errors import NotAllowed


def note_refusal(call: Call, why: NotAllowed) -> None:
    """Writes down that somebody we know tried what they may not."""
    call.parts.action_log.refuse(call.operation, call.actor, f"route:{call.operation}", why)


class Authorizer:
    """Lets a call in, with its principal, or raises."""

    def __init__(self, parts: ApiServices, authenticator: Authenticator) -> None:
        rates = parts.settings.rates
        self._authenticator = authenticator
        self._limit = RateLimit(rates.key_per_second, rates.key_burst, parts.clock.monotonic)

    def let_in(self, call: Call, right: Right) -> None:
        """Raises `NotAuthenticated`, `TooManyRequests`, `NotAllowed` or `Unavailable`."""
        if right.role is None:
            return
        call.principal = self._authenticator.of_headers(call.headers, call.address)
        self._count(call)
        try:
            permit(right, call.principal)
        except NotAllowed as error:
            note_refusal(call, error)
            raise

    def _count(self, call: Call) -> None:
        if not self._limit.per_second:
            return
        who = call.who
        verdict = self._limit.take(f"{who.credential}:{who.id}")
        call.answer_headers["RateLimit"] = (
            f'"key";r={verdict.remaining};t={math.ceil(verdict.reset_after)}'
        )
        if not verdict.passed:
            raise TooManyRequests(
                "your key sends more requests than it may", retry_after=verdict.retry_after
            )
