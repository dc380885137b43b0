"""Idempotency keys as the queue knows them: made the caller's own, and never too long."""

from __future__ import annotations

from hashlib import sha256

from backend.domain.access.api_key import Credential, Principal
from backend.domain.jobs.options.job_options import LINE

#: With the number of a job among many behind it.
_LONGEST = LINE.longest - len(":9999")


def key_of_caller(who: Principal, given: str) -> str:
    """The key of a request's header, which no other caller can have."""
    # Subjects of identity providers may hold colons: then what comes behind them has none.
    own = _without_colons(given) if who.credential is Credential.JWT else given
    return _fitting(f"http:{who.credential}:{who.id}:{own}")


def key_of_tenant(tenant: str, key: str) -> str:
    """The key of a job in a body, which no other tenant can have; empty: of those without a tenant."""
    return _fitting(f"body:{of_tenant(tenant, key)}")


def of_tenant(tenant: str, name: str) -> str:
    """A name that no other tenant has: in what comes before its first colon there is none."""
    return f"{_without_colons(tenant)}:{name}"


def _without_colons(text: str) -> str:
    return text.replace("%", "%25").replace(":", "%3A")


def _fitting(key: str) -> str:
    """The key itself, or a digest of one that a job cannot carry."""
    if len(key) <= _LONGEST:
        return key
    kind, _, _ = key.partition(":")
    return f"{kind}#{sha256(key.encode(errors='surrogatepass')).hexdigest()}"
