"""API keys in Postgres. Only fingerprints of tokens come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from backend.domain.access.api_key import ApiKey
from backend.domain.access.role import Role
from backend.history.server.connection import translated
from backend.history.statements import statement

_ADDED = (
    "id",
    "name",
    "role",
    "tenant",
    "job_types",
    "token_sha256",
    "token_hint",
    "created_at",
    "created_by",
    "expires_at",
)


class PostgresApiKeyStore:
    """The `ApiKeyStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: ApiKey) -> None:
        """Keeps a new key."""
        values = {name: getattr(key, name) for name in _ADDED}
        if key.job_types is not None:
            values["job_types"] = list(key.job_types)
        self._change("add_api_key", values)

    def find(self, fingerprint: bytes) -> ApiKey | None:
        """The key whose token has this fingerprint; None when there is none."""
        return self._one("find_api_key", {"token_sha256": fingerprint})

    def get(self, key_id: str) -> ApiKey | None:
        """The key with this id; None when there is none."""
        return self._one("get_api_key", {"id": key_id})

    def list(self, *, with_revoked: bool) -> Sequence[ApiKey]:
        """All keys, the newest first."""
        return [_key(row) for row in self._rows("list_api_keys", {"with_revoked": with_revoked})]

    def revoke(self, key_id: str, at: datetime, by: str) -> bool:
        """Ends a key for good; False when it is unknown or revoked already."""
        return self._change("revoke_api_key", {"id": key_id, "at": at, "by": by}) > 0

    def expire(self, key_id: str, at: datetime) -> None:
        """Lets a key end at an instant, if it would not end sooner."""
        self._change("expire_api_key", {"id": key_id, "at": at})

    def touch(self, key_id: str, at: datetime, address: str) -> None:
        """Notes that it was used."""
        self._change("touch_api_key", {"id": key_id, "at": at, "address": address})

    def _one(self, name: str, values: Mapping[str, Any]) -> ApiKey | None:
        rows = self._rows(name, values)
        return _key(rows[0]) if rows else None

    def _rows(self, name: str, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        with translated(), self._engine.connect() as connection:
            return connection.execute(statement(name), values).all()

    def _change(self, name: str, values: Mapping[str, Any]) -> int:
        with translated(), self._engine.begin() as connection:
            return connection.execute(statement(name), values).rowcount


def _key(row: Row[Any]) -> ApiKey:
    values = {field.name: getattr(row, field.name) for field in fields(ApiKey)}
    values["role"] = Role(row.role)
    values["token_sha256"] = bytes(row.token_sha256)
    values["job_types"] = None if row.job_types is None else tuple(row.job_types)
    return ApiKey(**values)
