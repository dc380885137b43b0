"""Files that jobs produced, as they go out."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.api.schemas.base import Resource
from workers.artifacts.artifact import Artifact


class ArtifactResource(Resource):
    """A file that a job produced."""

    id: str
    job_id: str
    attempt: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def of(cls, artifact: Artifact) -> ArtifactResource:
        """What is known about a file, without where it is kept."""
        return cls(**{name: getattr(artifact, name) for name in cls.model_fields})


class Artifacts(Resource):
    """The files of a job."""

    items: list[ArtifactResource] = Field(description="Those that have not expired.")
