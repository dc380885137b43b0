"""API keys as they come in and go out. A token goes out once, when it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from backend.api.schemas.base import Because, Request, Resource
from backend.api.schemas.fields import Instant, Line, QueryTruth, RoleWord, TypeName
from backend.domain.access.api_key import ApiKey


class KeyRequest(Because):
    """A key to be made."""

    name: Annotated[Line, Field(max_length=200)] = Field(description="Who or what it is for.")
    role: RoleWord
    expires_at: Instant | None = None
    tenant: Line | None = Field(
        None, description="Only this tenant's jobs are its bearer's to see."
    )
    job_types: Annotated[list[TypeName], Field(min_length=1, max_length=100)] | None = Field(
        None, description="The only job types it may have run; all that its role may when left out."
    )


class RotateRequest(Because):
    """How to replace a key."""

    overlap_seconds: Annotated[float, Field(ge=0, le=2_592_000)] = Field(
        86_400, description="Seconds for which the old one is good beside the new one."
    )


class KeysQuery(Request):
    """Which keys."""

    revoked: QueryTruth = Field(False, description="Revoked ones too.")


class Key(Resource):
    """A key, without its token."""

    id: str
    name: str
    role: RoleWord
    tenant: str | None
    job_types: list[str] | None
    token_hint: str = Field(description="The last characters of the token.")
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None
    last_used_from: str | None

    @classmethod
    def of(cls, key: ApiKey) -> Key:
        """A key as it goes out."""
        return cls(**{name: getattr(key, name) for name in cls.model_fields})


class NewKeyResource(Resource):
    """A key that was just made."""

    key: Key
    token: str = Field(description="Shown now and never again.")


class Keys(Resource):
    """Keys, the newest first."""

    items: list[Key]
