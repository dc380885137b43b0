"""API keys in memory, for tests of those who use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.domain.access.api_key import ApiKey
from backend.domain.errors import HistoryUnavailable


class KeyShelf:
    """The `ApiKeyStore` in memory. ``is_away`` makes it fail, ``asked`` counts questions."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.is_away = False
        self.asked = 0

    def add(self, key: ApiKey) -> None:
        self._ask()
        self.keys[key.id] = key

    def find(self, fingerprint: bytes) -> ApiKey | None:
        self._ask()
        found = [key for key in self.keys.values() if key.token_sha256 == fingerprint]
        return found[0] if found else None

    def get(self, key_id: str) -> ApiKey | None:
        self._ask()
        return self.keys.get(key_id)

    def list(self, *, with_revoked: bool) -> Sequence[ApiKey]:
        self._ask()
        return [key for key in self.keys.values() if with_revoked or key.revoked_at is None]

    def revoke(self, key_id: str, at: datetime, by: str) -> bool:
        self._ask()
        if self.keys[key_id].revoked_at is not None:
            return False
        self.keys[key_id] = replace(self.keys[key_id], revoked_at=at, revoked_by=by)
        return True

    def expire(self, key_id: str, at: datetime) -> None:
        self._ask()
        self.keys[key_id] = replace(self.keys[key_id], expires_at=at)

    def touch(self, key_id: str, at: datetime, address: str) -> None:
        self._ask()
        self.keys[key_id] = replace(self.keys[key_id], last_used_at=at, last_used_from=address)

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise HistoryUnavailable("Postgres cannot be used now")


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 27, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds
