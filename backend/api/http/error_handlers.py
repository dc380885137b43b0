"""The only place that knows HTTP statuses of errors."""

from __future__ import annotations

import math

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from backend.api.http.api_errors import (
    BodyTooLarge,
    MalformedRequest,
    MethodNotAllowed,
    PathNotFound,
)
from backend.api.http.problem import MEDIA_TYPE, in_query, problem_of
from backend.api.request.request_context import current_call
from backend.domain.errors import TallyError

log = structlog.get_logger("tally.api")

#: Statuses by code; a code that is not here has that of the nearest class above it.
STATUSES = {
    "tally_error": 500,
    "invalid_request": 422,
    "unavailable": 503,
    "malformed_request": 400,
    "not_authenticated": 401,
    "not_allowed": 403,
    "job_not_found": 404,
    "key_not_found": 404,
    "quota_not_found": 404,
    "path_not_found": 404,
    "method_not_allowed": 405,
    "worker_not_found": 404,
    "schedule_not_found": 404,
    "freeze_not_found": 404,
    "illegal_move": 409,
    "not_unique": 409,
    "schedule_conflict": 409,
    "result_not_ready": 409,
    "idempotency_conflict": 422,
    "artifact_error": 404,
    "payload_too_large": 413,
    "body_too_large": 413,
    "wrong_media_type": 415,
    "queue_full": 429,
    "quota_exceeded": 429,
    "too_many_requests": 429,
    "migration_error": 503,
    "wait_timeout": 504,
}
#: Seconds after which trying again makes sense, for those errors that do not know better.
_RETRY_AFTER = {503: 2, 429: 5}


class _Unexpected(TallyError):
    """Something went wrong that should not; the log has it under this request id."""

    code = "internal_error"


def status_of(kind: type[TallyError]) -> int:
    """The status of an error of this kind."""
    for above in kind.__mro__:
        status = STATUSES.get(getattr(above, "code", ""))
        if status is not None and "code" in vars(above):
            return status
    return 500


def register_error_handlers(app: Flask) -> None:
    """Turns everything that can be raised into problem+json."""
    app.register_error_handler(TallyError, answer_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected)


def answer_error(error: TallyError) -> Response:
    """An error of ours."""
    status = status_of(type(error))
    call = current_call()
    request_id = call.request_id if call else ""
    problem = problem_of(error, status, request.path, request_id, request.script_root)
    if request.method == "GET":
        problem.errors = in_query(problem.errors)
    response = Response(problem.model_dump_json(exclude_none=True), status, content_type=MEDIA_TYPE)
    if status == 401:  # noqa: PLR2004 - RFC 6750
        response.headers["WWW-Authenticate"] = 'Bearer realm="tally"'
    elif status == 403:  # noqa: PLR2004 - RFC 6750
        response.headers["WWW-Authenticate"] = 'Bearer realm="tally", error="insufficient_scope"'
    elif status in _RETRY_AFTER:
        seconds = error.details.get("retry_after", _RETRY_AFTER[status])
        response.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response


def _answer_http_error(error: HTTPException) -> Response:
    """An error of Flask's own, in our words."""
    if error.code is not None and error.code < 400 and error.response is None:  # noqa: PLR2004
        return Response(error.get_body(), error.code, error.get_headers())
    ours = _ours(error)
    response = answer_error(ours)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _ours(error: HTTPException) -> TallyError:
    if isinstance(error, RequestEntityTooLarge):
        return BodyTooLarge("the body is too large")
    if error.code == 404:  # noqa: PLR2004 - what it is
        return PathNotFound("nothing is served here")
    if error.code == 405:  # noqa: PLR2004 - what it is
        return MethodNotAllowed(f"{request.method} is not served here")
    return MalformedRequest(error.description or "the request cannot be read")


def _answer_unexpected(error: Exception) -> Response:
    log.error("http.failed", path=request.path, exc_info=error)
    return answer_error(_Unexpected("something went wrong that should not; the log has it"))


def problem_kinds() -> dict[str, tuple[int, type[TallyError]]]:
    """Every code that an answer may carry, with its status and the class that brought it in."""
    known: list[type[TallyError]] = [TallyError, *_below(TallyError)]
    kinds: dict[str, tuple[int, type[TallyError]]] = {}
    for kind in known:
        if "code" in vars(kind):
            kinds.setdefault(kind.code, (status_of(kind), kind))
    return kinds


def _below(kind: type[TallyError]) -> list[type[TallyError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_below(child))]
