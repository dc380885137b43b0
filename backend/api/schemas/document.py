"""What the API says about itself."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, RootModel

from backend.api.schemas.base import Resource
from backend.api.schemas.fields import RoleWord


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI document."""

    model_config = ConfigDict(frozen=True)


class ProblemKind(Resource):
    """One kind of problem that an answer may tell of."""

    code: str
    status: int
    title: str
    meaning: str


class ProblemKinds(Resource):
    """Every kind."""

    items: list[ProblemKind]


class WhoAmI(Resource):
    """Who the token stands for."""

    name: str
    role: RoleWord
    tenant: str | None
    job_types: list[str] | None = Field(
        description="The only job types it may have run; none: all that its role may."
    )
    credential: str = Field(description="How the caller proved it: key, settings or jwt.")
