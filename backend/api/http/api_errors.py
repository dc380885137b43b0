"""What is wrong with a request as HTTP, before it reaches a use case.

InvalidRequest
├── MalformedRequest          not JSON, not UTF-8, a header that cannot be read
├── RequestInvalid            JSON that does not fit; ``details["errors"]`` points at each place
├── WrongMediaType            a body that is not application/json
├── BodyTooLarge              more bytes than api.max_body_bytes
├── PathNotFound              nothing is here
├── MethodNotAllowed          something is, but not for this method
└── ResultNotReady            the job has not ended, or ended without a result
TallyError
├── TooManyRequests           slower, please; ``details["retry_after"]``
└── TooManyConnections        one address has more than api.connections_per_address
"""

from __future__ import annotations

from backend.domain.errors import InvalidRequest, TallyError, Unavailable


class MalformedRequest(InvalidRequest):
    """The request cannot be read: its body is not JSON, or a header is not well formed."""

    code = "malformed_request"


class RequestInvalid(InvalidRequest):
    """The request can be read but does not fit; each place that does not is pointed at."""

    code = "request_invalid"


class WrongMediaType(InvalidRequest):
    """The body must be application/json, in UTF-8, not compressed."""

    code = "wrong_media_type"


class BodyTooLarge(InvalidRequest):
    """The body has more bytes than api.max_body_bytes allows."""

    code = "body_too_large"


class PathNotFound(InvalidRequest):
    """Nothing is served at this path."""

    code = "path_not_found"


class MethodNotAllowed(InvalidRequest):
    """Something is served at this path, but not for this method; the Allow header lists which."""

    code = "method_not_allowed"


class ResultNotReady(InvalidRequest):
    """The job has no result: it has not ended, or ended in another way than finished."""

    code = "result_not_ready"


class TooManyRequests(TallyError):
    """More requests than this key or address may send; the Retry-After header says when to go on."""

    code = "too_many_requests"


class TooManyConnections(Unavailable):
    """The address has as many connections open as it may; api.connections_per_address says how many."""

    code = "too_many_connections"
