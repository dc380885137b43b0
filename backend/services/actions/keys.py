"""What admins do to API keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from backend.domain.access.actor import Actor
from backend.domain.access.api_key import ApiKey
from backend.domain.access.role import Role
from backend.domain.access.type_rights import permit_key
from backend.services.access.key_service import KeyService, NewKey
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect


class KeyActions(ActionFamily):
    """Create, rotate, revoke."""

    def __init__(self, log: ActionLog, keys: KeyService) -> None:
        super().__init__(log)
        self._keys = keys

    @action("keys.create", "keys")
    def create(
        self,
        by: Actor,
        name: str,
        role: Role,
        *,
        reason: str = "",
        expires_at: datetime | None = None,
        tenant: str | None = None,
        job_types: Collection[str] | None = None,
    ) -> Effect[NewKey]:
        """Makes a key; its token is in the answer and nowhere else."""
        permit_key(by, job_types)
        made = self._keys.create(
            name, role, by=by.name, expires_at=expires_at, tenant=tenant, job_types=job_types
        )
        types = None if job_types is None else list(job_types)
        rights = {"name": name, "role": role, "tenant": tenant, "job_types": types}
        return Effect(made, [made.key.id], after=rights)

    @action("keys.rotate", "key:{key_id}")
    def rotate(
        self, by: Actor, key_id: str, *, overlap: timedelta, reason: str = ""
    ) -> Effect[NewKey]:
        """Makes a new key in the place of another, which ends after ``overlap``."""
        permit_key(by, self._keys.get(key_id).job_types)
        made = self._keys.rotate(key_id, by=by.name, overlap=overlap)
        return Effect(made, [key_id, made.key.id])

    @action("keys.revoke", "key:{key_id}")
    def revoke(self, by: Actor, key_id: str, *, reason: str = "") -> Effect[ApiKey]:
        """Ends a key for good, everywhere within five seconds."""
        key = self._keys.revoke(key_id, by=by.name)
        return Effect(key, [key_id])
