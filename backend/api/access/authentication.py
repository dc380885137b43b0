"""Tells who calls, from the bearer token of a request or from a session's."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from werkzeug.datastructures import Headers

from backend.api.access.rate_limit import RateLimit
from backend.api.config.api_settings import RateSettings
from backend.api.http.api_errors import TooManyRequests
from backend.domain.access.access_errors import NotAuthenticated
from backend.domain.access.api_key import Principal
from backend.services.access.key_service import KeyService

log = structlog.get_logger("tally.api")


class Authenticator:
    """Checks tokens, and slows down whoever guesses them."""

    def __init__(
        self, keys: KeyService, rates: RateSettings, monotonic: Callable[[], float]
    ) -> None:
        self._keys = keys
        guesses = rates.wrong_tokens_per_minute
        self._wrong = RateLimit(guesses / 60, max(1, int(guesses)), monotonic)

    def authenticate(self, token: str, address: str) -> Principal:
        """Who bears ``token``; raises `NotAuthenticated`, `TooManyRequests` or `Unavailable`.

        Right tokens always pass: behind a proxy everybody has one address, and whoever guesses from
        it must not keep the others out.
        """
        try:
            return self._keys.authenticate(token, address)
        except NotAuthenticated:
            verdict = self._wrong.take(address)
            if not verdict.passed:
                raise TooManyRequests(
                    "too many wrong tokens from your address", retry_after=verdict.retry_after
                ) from None
            log.warning("token.refused", address=address)
            raise

    def of_headers(self, headers: Headers, address: str) -> Principal:
        """Who sent a request; the token is taken from the Authorization header and nowhere else."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticated(
                "send your token in the Authorization header; its scheme is Bearer"
            )
        return self.authenticate(token.strip(), address)
