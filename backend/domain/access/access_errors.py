"""What a caller is told who may not come in, or not do this.

TallyError
├── NotAuthenticated          nobody we know: no token, a wrong one, one that ended
├── NotAllowed                somebody we know, without the right to this
└── KeyNotFound, WorkerNotFound, QuotaNotFound   no key with this id, no worker of this name, no quota of
                                                 this tenant (InvalidRequests)
"""

from __future__ import annotations

from backend.domain.errors import InvalidRequest, TallyError


class NotAuthenticated(TallyError):
    """A good bearer token is needed; the reason is never told in detail."""

    code = "not_authenticated"


class NotAllowed(TallyError):
    """The caller's role, or tenant, does not allow this."""

    code = "not_allowed"


class KeyNotFound(InvalidRequest):
    """No API key with this id is known."""

    code = "key_not_found"


class WorkerNotFound(InvalidRequest):
    """No worker process of this name is on record."""

    code = "worker_not_found"


class QuotaNotFound(InvalidRequest):
    """The tenant has no quota."""

    code = "quota_not_found"
