"""A job as the outbox keeps it: one JSON object, payload and options readable by SQL."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.queue_name import QueueName

_payload_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_INSTANTS = ("run_at", "expires_at")
_PLAIN = (
    "id",
    "job_type",
    "options",
    "max_attempts",
    "timeout",
    "result_ttl",
    "unique_key",
    "unique_window",
    "limit_key",
    "limit",
)


def text_of(job: NewJob) -> str:
    """A job as JSON. Escaped to ASCII: any text of a caller's survives any server encoding."""
    fields: dict[str, Any] = {name: getattr(job, name) for name in _PLAIN}
    fields["queue"] = str(job.queue)
    if job.scope is not None:
        fields["scope"] = list(job.scope)
    if job.digest:
        fields["digest"] = job.digest
    for name in _INSTANTS:
        instant = getattr(job, name)
        fields[name] = instant.isoformat() if instant else None
    fields["payload"] = json.loads(job.payload)
    return json.dumps(fields, separators=(",", ":"))


def job_in(text: str) -> NewJob:
    """The job in one JSON object; raises ValueError, KeyError or TypeError for what is none of ours."""
    fields = json.loads(text)
    values: dict[str, Any] = {name: fields[name] for name in _PLAIN}
    for name in _INSTANTS:
        values[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
    values["payload"] = _payload_text(fields["payload"])
    # Rows that the last release wrote have none.
    values["digest"] = fields.get("digest", "")
    values["scope"] = UniqueScope(*fields["scope"]) if "scope" in fields else None
    values["queue"] = QueueName.parse(fields["queue"])
    return NewJob(**values)
