"""Quotas of tenants: looking at them, and what people say of them."""

from __future__ import annotations

from collections.abc import Callable

from backend.domain.access.access_errors import QuotaNotFound
from backend.domain.access.actor import Actor
from backend.domain.jobs.options.quota import Quota, Quotas, QuotaState, checked_tenant
from backend.domain.text.nearest_name import suggestion

#: Of very many the first by name are shown.
MOST_TENANTS = 500


def _nowhere(_name: str) -> None:
    """What was said is kept in Redis alone."""


class QuotaService:
    """One deployment's. Every method raises QueueUnavailable while Redis is away."""

    def __init__(self, quotas: Quotas, note: Callable[[str], None] = _nowhere) -> None:
        """``note`` is given the name of the control on which something was said, to write it down."""
        self._quotas = quotas
        self._note = note

    def all(self, most: int = MOST_TENANTS) -> list[QuotaState]:
        """The tenants with quotas and how they stand, at most so many, by name."""
        return self._quotas.all(most)

    def find(self, tenant: str) -> QuotaState | None:
        """How one stands; None where it has no quota. Raises `InvalidOption` for what is no tenant."""
        return self._quotas.find(checked_tenant(tenant))

    def get(self, tenant: str, *, names_others: bool = True) -> QuotaState:
        """How one stands; raises `QuotaNotFound` where it has no quota.

        ``names_others``: that may tell of another tenant of nearly the same name.
        """
        found = self.find(tenant)
        if found is None:
            names = [state.tenant for state in self.all()] if names_others else []
            raise QuotaNotFound(f"the tenant {tenant!r} has no quota{suggestion(tenant, names)}")
        return found

    def set(self, tenant: str, quota: Quota, *, by: Actor, reason: str = "") -> QuotaState:
        """Says what a tenant may use, for jobs that wait too; how it stands now."""
        name = checked_tenant(tenant)
        self._quotas.set(name, quota, by=by.name, reason=reason)
        self._note(f"quota:tenant:{name}")
        return self._quotas.find(name) or QuotaState(name, quota, 0, 0, 0)

    def clear(self, tenant: str, *, by: Actor, reason: str = "") -> bool:
        """Lets it use as much as there is; False if it had no quota."""
        name = checked_tenant(tenant)
        if self._quotas.find(name) is None:
            return False
        self._quotas.set(name, None, by=by.name, reason=reason)
        self._note(f"quota:tenant:{name}")
        return True
