"""What to tell of the quota of a tenant: of one that is used up, and of a job that waits because of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from backend.domain.jobs.options.quota import QuotaState, gates_of_tenant
from backend.domain.jobs.options.rate import RateState
from backend.services.finding.rate_words import Awaited


def running_words(found: QuotaState, named: list[str]) -> str:
    """A sentence for people, where as many run as may."""
    jobs = f": {', '.join(named)}" if named else ""
    return (
        f"of the tenant {found.tenant!r} {found.quota.running} jobs may run at once, and {found.running} "
        f"do{jobs}"
    )


def running_details(found: QuotaState, named: list[str]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "gate": gates_of_tenant(found.tenant)[0],
        "tenant": found.tenant,
        "limit": found.quota.running,
        "holders": named,
        "waiting": found.aside,
    }


def waiting_words(found: QuotaState) -> str:
    """A sentence for people, where as many wait as may: a new job is refused."""
    return (
        f"of the tenant {found.tenant!r} {found.quota.waiting} jobs may wait, and {found.waiting} do: a "
        "new one is refused until one of them has started"
    )


def used_up_words(found: QuotaState) -> str:
    """A sentence for people, where some part of it is used up: which, and what becomes of jobs."""
    command = f"tally tenants quota {shlex.quote(found.tenant)}"
    return f"the tenant {found.tenant!r} has used up its quota: {'; '.join(_used_up(found))} ({command})"


def _used_up(found: QuotaState) -> Iterator[str]:
    quota, parts = found.quota, found.used_up
    if "waiting" in parts:
        yield f"{found.waiting} jobs wait of {quota.waiting} that may: new ones are refused"
    keeping = []
    if "running" in parts:
        keeping.append(f"{found.running} jobs run of {quota.running} that may")
    if "starts" in parts and quota.starts is not None:
        keeping.append(f"no more than {quota.starts.words} may start")
    if keeping:
        yield f"{', '.join(keeping)}: {found.aside} wait aside"


def awaited_start(found: QuotaState, waiting: int, before: int, now: datetime) -> Awaited | None:
    """Where a job stands that has so many before it; None where nothing is limited."""
    rate = found.quota.starts
    if rate is None:
        return None
    ahead = timedelta(microseconds=(rate.at_once - 1) * rate.every_us)
    spoken_for = found.opens_at + ahead if found.opens_at else now
    state = RateState(rate, waiting, found.opens_at, spoken_for)
    return Awaited(f"@{found.tenant}", state, before, before, 1, now)
