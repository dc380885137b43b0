"""What is known about a file that a job produced."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file in the artifact store. Its fields are the columns of the table ``artifacts``."""

    id: str
    job_id: str
    attempt: int
    #: What people see; the store's own name for it is ``location``.
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    location: str
    created_at: datetime
    expires_at: datetime | None = None
    #: Of the job that produced it; empty for none.
    tenant: str = ""

    def to_json(self) -> dict[str, Any]:
        """For a job's result and for the record beside the file."""
        values = asdict(self)
        for field in ("created_at", "expires_at"):
            instant = values[field]
            values[field] = instant.isoformat() if instant else None
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Artifact:
        """The reverse of `to_json`; raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        expires = values["expires_at"]
        return cls(
            **{
                **values,
                "created_at": datetime.fromisoformat(values["created_at"]),
                "expires_at": datetime.fromisoformat(expires) if expires else None,
            }
        )

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class ArtifactLabel:
    """What a job says about a file before it writes it."""

    job_id: str
    attempt: int
    name: str
    media_type: str
    #: Days it is kept; the deployment's own when None.
    retention_days: float | None = None
    tenant: str = ""
