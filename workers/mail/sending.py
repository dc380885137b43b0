"""What becomes of a mail that is not simply sent."""

from __future__ import annotations

from typing import Any

from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.artifact_store import ArtifactStore
from workers.base_worker import JobContext
from workers.mail.composer import Composed

_TEST_MAIL_DAYS = 1.0


def keep_for_inspection(
    store: ArtifactStore, composed: Composed, context: JobContext
) -> dict[str, Any]:
    """The test sink: the mail becomes an artifact, and nothing leaves the machine."""
    label = ArtifactLabel(
        context.job_id,
        context.attempt,
        "mail.eml",
        "message/rfc822",
        _TEST_MAIL_DAYS,
        context.tenant,
    )
    with store.create(label) as file:
        for piece in composed.envelope.message.pieces():
            file.write(piece)
    return {
        "message_id": composed.message_id,
        "recipients": 0,
        "refused": {},
        "answer": "test run: kept, not sent",
        "artifact": file.artifact.to_json(),
    }
