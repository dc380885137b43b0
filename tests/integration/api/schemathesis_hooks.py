"""Sharpens what schemathesis looks at: requests reach our code, and refusals are the right ones."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

#: Codes for requests that do not fit the document.
_DOES_NOT_FIT = {"request_invalid", "malformed_request", "wrong_media_type", "body_too_large"}


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Job types that exist, so that more than the name is looked at."""
    if isinstance(body, dict):
        for request in (body, *_jobs_in(body)):
            if _is_line(request.get("job_type")):
                request["job_type"] = "anything"
    return body


def _is_line(value: Any) -> bool:
    """What is meant to be wrong is left alone."""
    return isinstance(value, str) and 0 < len(value) <= 128 and value.isprintable()


def _jobs_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = body.get("jobs")
    return [job for job in jobs if isinstance(job, dict)] if isinstance(jobs, list) else []


@schemathesis.check
def fits_the_document(_context: Any, response: Any, case: Any) -> None:
    """What the document allows is never refused for its form."""
    meta = getattr(case, "meta", None)
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if (
        response.status_code >= 400
        and "problem+json" in response.headers.get("content-type", [""])[0]
    ):
        problem = response.json()
        assert problem["code"] not in _DOES_NOT_FIT, problem
