"""What a signing secret is for: whoever may have anything signed for any address can forge messages."""

from __future__ import annotations

from collections.abc import Sequence

from backend.api.config.worker_settings import WebhookSettings
from backend.domain.errors import PermanentFailure
from workers.base_worker import JobContext

#: In webhook.secret_tenants: every tenant.
_ALL = "*"


def is_for_tenant(settings: WebhookSettings, name: str, context: JobContext) -> bool:
    """Whether a job may have something signed. One that is confined may only where it is said so."""
    tenants = settings.secret_tenants.get(name)
    if tenants is None:
        return not context.is_confined
    return _ALL in tenants or context.tenant in tenants


def check_host(name: str, hosts: Sequence[str], host: str) -> None:
    """Raises `PermanentFailure` for a host that a secret is not for; no ``hosts``: it is for all."""
    if hosts and not any(_is_host(pattern, host) for pattern in hosts):
        raise PermanentFailure(
            f"the signing secret {name!r} is not for {host}; webhook.secret_hosts lists whom it is for"
        )


def _is_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:].lower())
    return host == pattern.lower()
