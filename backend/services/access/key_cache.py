"""Remembers for some seconds what the record said about a token, and longer while the record is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backend.domain.access.api_key import ApiKey
from backend.domain.access.api_key_ports import ApiKeyStore
from backend.domain.errors import HistoryUnavailable, Unavailable

#: A revoked key opens no door after so many seconds, in any process.
FRESH_SECONDS = 5.0
#: While Postgres is away nobody can revoke a key either, so one that was good a while ago still is.
STALE_SECONDS = 3600.0
#: How long a store that failed is left alone: each try may cost its whole time limit.
_REST_SECONDS = 5.0
#: Tokens remembered; more than that is somebody guessing.
_MOST = 10_000


class _Known(NamedTuple):
    key: ApiKey | None
    at: float


class KeyCache:
    """Looks keys up by fingerprint. Safe for several threads."""

    def __init__(self, store: ApiKeyStore, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._known: dict[bytes, _Known] = {}
        self._resting_until = 0.0
        self._trouble = ""

    def find(self, fingerprint: bytes) -> ApiKey | None:
        """The key, or None; raises `Unavailable` when only the record could tell and it is away."""
        known, now = self._known.get(fingerprint), self._monotonic()
        if known is not None and now - known.at < FRESH_SECONDS:
            return known.key
        try:
            return self._remember(fingerprint, self._ask(fingerprint, now), now)
        except Unavailable:
            if known is not None and known.key is not None and now - known.at < STALE_SECONDS:
                return known.key
            raise

    def knows(self, fingerprint: bytes) -> bool:
        """Whether the token was seen to belong to a key lately; asks nobody."""
        known = self._known.get(fingerprint)
        return known is not None and known.key is not None

    def is_resting(self) -> bool:
        """Whether the record failed a moment ago and is left alone."""
        return bool(self._trouble) and self._monotonic() < self._resting_until

    def forget(self) -> None:
        """Forgets everything, after a change by this very process."""
        self._known.clear()

    def _ask(self, fingerprint: bytes, now: float) -> ApiKey | None:
        if self._trouble and now < self._resting_until:
            raise HistoryUnavailable(self._trouble)
        try:
            key = self._store.find(fingerprint)
        except Unavailable as error:
            self._trouble, self._resting_until = str(error), now + _REST_SECONDS
            raise
        self._trouble = ""
        return key

    def _remember(self, fingerprint: bytes, key: ApiKey | None, now: float) -> ApiKey | None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[fingerprint] = _Known(key, now)
        return key
