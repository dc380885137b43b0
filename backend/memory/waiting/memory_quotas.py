"""Quotas as people set and see them, in memory."""

from __future__ import annotations

from backend.broker.jobs.moments import moment
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.quota import Quota, QuotaState, gates_of_tenant
from backend.memory.state import BrokerState
from backend.memory.waiting import gates, quotas, rates
from backend.memory.waiting.quotas import KeptQuota


class MemoryQuotas:
    """The `Quotas` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def find(self, tenant: str) -> QuotaState | None:
        """How one tenant stands; None where it has no quota."""
        with self._state.lock:
            return self._standing(tenant) if tenant in self._state.quotas else None

    def all(self, most: int) -> list[QuotaState]:
        """The tenants with quotas, at most so many, by name."""
        with self._state.lock:
            return [self._standing(tenant) for tenant in sorted(self._state.quotas)[:most]]

    def set(self, tenant: str, quota: Quota | None, *, by: str, reason: str) -> None:
        """Says a quota, or (None) that there is none any more; it holds for jobs that wait too."""
        state = self._state
        with state.lock:
            before = state.quotas.pop(tenant, None)
            if quota is not None:
                is_same = before is not None and (before.quota, before.by) == (quota, by)
                new = KeptQuota(quota, by, reason, state.now_ms)
                state.quotas[tenant] = before if is_same and before else new
                self._count_running(tenant)
            for gate in gates_of_tenant(tenant):
                if state.parked[gate]:
                    gates.let_through(state, gate, max(0, gates.room_at(state, gate)))

    def _count_running(self, tenant: str) -> None:
        gate, _ = gates_of_tenant(tenant)
        for job in self._state.of_state(JobState.STARTED):
            if quotas.tenant_of(job.asked) == tenant and gate not in job.gates:
                job.gates.append(gate)
                self._state.holders[gate].add(job.id)

    def _standing(self, tenant: str) -> QuotaState:
        state, kept = self._state, self._state.quotas[tenant]
        run, start = gates_of_tenant(tenant)
        rate = rates.state_of(state, f"@{tenant}", None)
        return QuotaState(
            tenant,
            kept.quota,
            quotas.waiting(state, tenant),
            len(state.holders[run]),
            len(state.parked[run]) + len(state.parked[start]),
            moment(rate[2] / 1_000_000) if rate and rate[2] else None,
            True,
            kept.by,
            kept.reason,
            moment(kept.since_ms / 1000),
        )
