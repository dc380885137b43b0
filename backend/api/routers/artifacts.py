"""Files that jobs produced: which there are, and their bytes."""

from __future__ import annotations

from contextlib import suppress

from backend.api.access.own_jobs import find_own
from backend.api.http.answer import FileAnswer
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.artifacts import ArtifactResource, Artifacts
from backend.api.schemas.fields import JobId
from backend.domain.errors import ArtifactError
from backend.domain.history.artifact_mentions import mentions_in
from workers.artifacts.artifact import Artifact

router = Router("jobs", "Jobs")
_DEEPEST = 20


@router.get("/api/jobs/{job_id}/artifacts")
def artifacts(call: Call, job_id: JobId) -> Artifacts:
    """The files that a job's result names."""
    found = [_find(call, job_id, artifact_id) for artifact_id in _named_by(call, job_id)]
    return Artifacts(items=[ArtifactResource.of(each) for each in found if each is not None])


@router.get("/api/jobs/{job_id}/artifacts/{artifact_id}")
def download(call: Call, job_id: JobId, artifact_id: JobId) -> FileAnswer:
    """The bytes of one of its files."""
    find_own(call, job_id)
    artifact = _find(call, job_id, artifact_id)
    if artifact is None:
        raise ArtifactError(f"job {job_id} has no artifact {artifact_id!r}, or it has expired")
    return FileAnswer(
        call.parts.artifacts.open(artifact_id),
        artifact.name,
        artifact.media_type,
        artifact.size_bytes,
        artifact.sha256,
    )


def _named_by(call: Call, job_id: str) -> list[str]:
    job = call.app_state.resources.job(find_own(call, job_id))
    return list(dict.fromkeys(found["id"] for found in mentions_in(job.result, _DEEPEST)))


def _find(call: Call, job_id: str, artifact_id: str) -> Artifact | None:
    """The artifact, if it is this job's and still good."""
    with suppress(ArtifactError):
        artifact = call.parts.artifacts.find(artifact_id)
        if artifact.job_id == job_id and not artifact.is_expired(call.parts.clock.now()):
            return artifact
    return None
