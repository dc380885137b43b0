"""Opens the artifact store that the settings name."""

from __future__ import annotations

from datetime import timedelta

from backend.api.config.worker_settings import ArtifactSettings
from workers.artifacts.artifact_store import ArtifactStore
from workers.artifacts.local_store import LocalStore
from workers.base_worker import JobContext

_MEGABYTE = 1024 * 1024


def open_store(settings: ArtifactSettings) -> ArtifactStore:
    """The store of this deployment."""
    return LocalStore(
        settings.folder,
        retention=timedelta(days=settings.retention_days),
        max_bytes=settings.max_mb * _MEGABYTE,
        now=JobContext.now,
    )
