"""Headers that the API understands and gives, as the OpenAPI document tells of them."""

from __future__ import annotations

from typing import Any

REQUEST_HEADERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "The same key again, by the same caller, answers with what the first led to.",
        "required": False,
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    },
    "Prefer": {
        "description": "`wait=5`: hold the answer back until the job has ended, up to 5 seconds.",
        "required": False,
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "description": "An ETag: answered by 304 if nothing changed.",
        "required": False,
        "schema": {"type": "string"},
    },
}

ANSWER_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The id of this request, the caller's own if it gave one.",
        "schema": {"type": "string"},
    },
    "traceparent": {
        "description": "The trace that this request belongs to.",
        "schema": {"type": "string"},
    },
}
