"""Quotas of tenants in any history: set, changed, taken away, and half counted."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.property.model import WAITING, ModelJob
from tests.property.told_histories import ToldHistories

TENANTS = ("a", "b")
#: None, and each of the three; of those that shut, no token comes back while a test lasts.
QUOTAS = (
    *("", '{"running":1}', '{"waiting":2}', '{"waiting":4,"running":2}'),
    '{"running":2,"starts":"2/3600/2"}',
)


class QuotaHistories(ToldHistories):
    """The part of a machine that says what tenants may use."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, ModelJob] = {}
        self.quotas: dict[str, dict[str, Any]] = {}

    @rule(tenant=st.sampled_from(TENANTS), value=st.sampled_from(QUOTAS), killed=st.booleans())
    def quota(self, tenant: str, value: str, killed: bool) -> None:
        """Who sets one may be killed before all jobs are counted: the usher goes on."""
        *_, uncounted = self.bench.functions.call("quota", "ada", "", tenant, value)
        while uncounted and not killed:
            uncounted = self.bench.functions.call("count_in", tenant, 1000)
        self.quotas.pop(tenant, None)
        if value:
            self.quotas[tenant] = json.loads(value)

    def clear_quotas(self) -> None:
        """No tenant has one any more."""
        for tenant in TENANTS:
            self.quota(tenant, "", killed=False)

    def is_refused(self, reply: Any, tenant: str) -> bool:
        """Whether a job was not accepted because of the quota of its tenant, as it must be."""
        most = self.quotas.get(tenant, {}).get("waiting")
        waiting = sum(job.state in WAITING and not job.gone for job in self._of(tenant).values())
        is_refused = isinstance(reply, list)
        is_counted = not self.redis.hexists(self.bench.keys.uncounted, tenant)
        if is_refused or is_counted:
            assert is_refused == (most is not None and waiting >= most)
        assert not is_refused or not is_counted or reply == [-3, waiting, most]
        return is_refused

    def within_quota(self, tenant: str) -> None:
        """Somebody of a tenant has just started."""
        most = self.quotas.get(tenant, {}).get("running")
        holders = self.redis.scard(self.bench.keys.holders(f"tenant:{tenant}"))
        assert most is None or holders <= most, f"{tenant} lets {most} run, {holders} do"

    @invariant()
    def whoever_runs_under_a_quota_holds_a_place_of_it(self) -> None:
        for tenant in self.quotas:
            running = {job_id for job_id, job in self._of(tenant).items() if job.held}
            holders = self.redis.smembers(self.bench.keys.holders(f"tenant:{tenant}"))
            assert {member.decode() for member in holders} == running

    def _of(self, tenant: str) -> dict[str, ModelJob]:
        return {i: job for i, job in self.jobs.items() if tenant_of(job) == tenant}


def tenant_of(job: ModelJob) -> str:
    """Whose it is; empty for nobody's."""
    return str(job.asked.options.get("tenant", ""))
