"""Where API keys are kept, in the domain's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from backend.domain.access.api_key import ApiKey, Principal


class ApiKeyStore(Protocol):
    """Keys in the record. Every method raises HistoryUnavailable."""

    def add(self, key: ApiKey) -> None:
        """Keeps a new key."""

    def find(self, fingerprint: bytes) -> ApiKey | None:
        """The key whose token has this fingerprint; None when there is none."""

    def get(self, key_id: str) -> ApiKey | None:
        """The key with this id; None when there is none."""

    def list(self, *, with_revoked: bool) -> Sequence[ApiKey]:
        """All keys, the newest first."""

    def revoke(self, key_id: str, at: datetime, by: str) -> bool:
        """Ends a key for good; False when it is unknown or revoked already."""

    def expire(self, key_id: str, at: datetime) -> None:
        """Lets a key end at an instant, if it would not end sooner."""

    def touch(self, key_id: str, at: datetime, address: str) -> None:
        """Notes that it was used."""


class TokenVerifier(Protocol):
    """Tells who bears a token that is not a key of ours, such as a JWT."""

    def principal_of(self, token: str) -> Principal | None:
        """The bearer; None when the token is not good."""
