"""Quotas of tenants, in memory: the rules of `_quotas.lua`. Who counts is asked of the jobs themselves."""

from __future__ import annotations

from typing import NamedTuple

from backend.domain.errors import QuotaExceeded
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState

_WAITING = (JobState.QUEUED, JobState.SCHEDULED, JobState.DEFERRED)
#: What the names of the rates of tenants begin with; no job type and no key is called so.
OF_TENANT = "@"


class KeptQuota(NamedTuple):
    """What is said of a tenant, by whom, why, and since when (Unix ms)."""

    quota: Quota
    by: str
    reason: str
    since_ms: int


def tenant_of(job: NewJob) -> str:
    """Whose job it is; empty for nobody's."""
    return labels_of(job.options).tenant


def tenant_with_quota(state: BrokerState, job: KeptJob) -> str:
    """The same; empty too where that has no quota."""
    tenant = tenant_of(job.asked) if state.quotas else ""
    return tenant if tenant in state.quotas else ""


def running_most(state: BrokerState, tenant: str) -> int | None:
    """How many of its jobs may run; None: no limit."""
    kept = state.quotas.get(tenant)
    return kept.quota.running if kept else None


def starts_of(state: BrokerState, tenant: str) -> Rate | None:
    """How many of its jobs may start in a time; None: no limit."""
    kept = state.quotas.get(tenant)
    return kept.quota.starts if kept else None


def waiting(state: BrokerState, tenant: str) -> int:
    """How many of its jobs wait, whatever for."""
    found = (job for job in state.jobs.values() if job.state in _WAITING)
    return sum(tenant_of(job.asked) == tenant for job in found)


def refuse_if_used_up(state: BrokerState, job: NewJob, accepted: int) -> None:
    """Raises `QuotaExceeded` where as many jobs of its tenant wait as may."""
    tenant = tenant_of(job) if state.quotas else ""
    kept = state.quotas.get(tenant)
    if kept is None or kept.quota.waiting is None:
        return
    found, limit = waiting(state, tenant), kept.quota.waiting
    if found >= limit:
        raise QuotaExceeded(
            f"{found} jobs of the tenant {tenant!r} wait, and its quota is {limit}; job {job.id} was not "
            "accepted. Wait for workers, or raise it with `tally tenants quota`",
            tenant=tenant,
            waiting=found,
            limit=limit,
            accepted=accepted,
        )
