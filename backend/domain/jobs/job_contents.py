"""What makes two requests the same: a digest, kept with jobs that have a key or an id of their own."""

from __future__ import annotations

import hashlib
import json

#: Hexadecimal digits; 64 bits tell the few requests apart that ever share a key.
_LENGTH = 16


def digest_of(job_type: str, payload: str, queue: str, tenant: str) -> str:
    """Equal for requests that ask for the same; the order of the payload's names does not matter."""
    text = json.dumps([job_type, json.loads(payload), queue, tenant], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
