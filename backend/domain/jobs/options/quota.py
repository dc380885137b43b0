"""How much of a deployment one tenant may use: how many of its jobs may wait, run, and start in a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import LINE
from backend.domain.jobs.options.rate import Rate, check_plain, rate_in


@dataclass(frozen=True, slots=True)
class Quota:
    """What one tenant may use of a deployment; None: as much as there is.

    ``waiting``: jobs that wait, whatever for: queued, aside behind a gate, scheduled, to be tried again.
    Once so many do, its new jobs are refused; retries, redriven jobs and follow-ups are not. ``running``:
    jobs that run at once; others wait aside. ``starts``: how many start in a time. Raises `InvalidOption`,
    naming the number that is out of range, and for a quota that says nothing.
    """

    waiting: int | None = None
    running: int | None = None
    starts: Rate | None = None

    def __post_init__(self) -> None:
        if (self.waiting, self.running, self.starts) == (None, None, None):
            raise InvalidOption("say one of waiting, running and starts", field="waiting")
        if self.waiting is not None:
            bounds.QUOTA_WAITING.whole(self.waiting)
        if self.running is not None:
            bounds.QUOTA_RUNNING.whole(self.running)
        if self.starts is not None:
            check_plain(self.starts, "starts")

    @property
    def text(self) -> str:
        """As Redis and the record keep it."""
        said: dict[str, Any] = {"waiting": self.waiting, "running": self.running}
        said["starts"] = self.starts.text if self.starts else None
        kept = {name: value for name, value in said.items() if value is not None}
        return json.dumps(kept, separators=(",", ":"))

    @property
    def words(self) -> str:
        """For people: ``50000 wait, 40 run, 600 in 60 s start``."""
        said = (
            f"{self.waiting} wait" if self.waiting is not None else "",
            f"{self.running} run" if self.running is not None else "",
            f"{self.starts.words} start" if self.starts is not None else "",
        )
        return ", ".join(filter(None, said))


def quota_in(text: str) -> Quota | None:
    """The quota that a text of Redis or the record tells; None for none, and for what is none."""
    try:
        said = json.loads(text or "null")
        starts = rate_in(said["starts"]) if said.get("starts") else None
        return Quota(said.get("waiting"), said.get("running"), starts)
    except (ValueError, TypeError, AttributeError, InvalidOption):
        return None


def gates_of_tenant(tenant: str) -> tuple[str, str]:
    """What its jobs wait behind where it has a quota: to run, and to start."""
    return f"tenant:{tenant}", f"rate:@{tenant}"


def checked_tenant(tenant: str) -> str:
    """The name of a tenant; raises `InvalidOption` for what no job can carry as one."""
    if not LINE.fits(tenant):
        raise InvalidOption(f"a tenant must be {LINE.words}, not {tenant!r}", field="tenant")
    return tenant


class QuotaState(NamedTuple):
    """What is said of a tenant, and how it stands."""

    tenant: str
    quota: Quota
    #: Its jobs that wait, those that run, and those that wait aside to run, or to start.
    waiting: int
    running: int
    aside: int
    #: When the next may start; None: at once, or its starts are not limited.
    opens_at: datetime | None = None
    #: Whether its jobs from before the quota are all counted.
    is_counted: bool = True
    by: str = ""
    reason: str = ""
    since: datetime | None = None

    @property
    def used_up(self) -> tuple[str, ...]:
        """The parts that keep jobs out now: ``waiting`` refuses new ones, the others keep some aside."""
        quota, has_aside = self.quota, self.aside > 0
        parts = {
            "waiting": quota.waiting is not None and self.waiting >= quota.waiting,
            "running": has_aside and quota.running is not None and self.running >= quota.running,
            "starts": has_aside and quota.starts is not None and self.opens_at is not None,
        }
        return tuple(name for name, is_used_up in parts.items() if is_used_up)


class Misfit(StrEnum):
    """How a job can be counted wrongly among those of its tenant."""

    #: It is counted among those that wait, and does not.
    SURPLUS = "surplus"
    #: It waits, and is not counted.
    MISSING = "missing"
    #: It runs, and is not counted.
    SLOTLESS = "slotless"
    #: It is counted, and does not say so itself: it would not be taken off again.
    UNMARKED = "unmarked"


class Miscounted(NamedTuple):
    """A job that is counted wrongly."""

    job_id: str
    tenant: str
    misfit: Misfit


class Quotas(Protocol):
    """Which tenants have quotas, and how they stand. Raises `QueueUnavailable`."""

    def find(self, tenant: str) -> QuotaState | None:
        """How one tenant stands; None where it has no quota."""

    def all(self, most: int) -> list[QuotaState]:
        """The tenants with quotas, at most so many, by name."""

    def set(self, tenant: str, quota: Quota | None, *, by: str, reason: str) -> None:
        """Says a quota, or (None) that there is none any more; it holds for jobs that wait too."""


class QuotaBook(Protocol):
    """Who is counted among whose jobs, for the ledger. Raises `QueueUnavailable`."""

    def tenants(self) -> Sequence[str]:
        """Those that have quotas."""

    def counted(self, tenant: str) -> Iterator[list[str]]:
        """The jobs that are counted as waiting, page by page."""

    def miscounted(
        self, job_ids: Sequence[str], found: str = "", *, repair: bool
    ) -> list[Miscounted]:
        """Those of the jobs that are counted wrongly, each judged at one moment, and put right.

        ``found`` is the tenant among whose waiting jobs they were found.
        """
