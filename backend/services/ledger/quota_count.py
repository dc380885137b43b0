"""Whether the jobs of tenants with quotas are counted as they wait and run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backend.domain.jobs.options.quota import Miscounted, Misfit, QuotaBook
from backend.domain.ledger.ledger import Fault, FaultKind

_WORDS = {
    Misfit.SURPLUS: "it is counted among the waiting jobs of the tenant {tenant!r}, and is none",
    Misfit.MISSING: "it waits, and is not counted among those of the tenant {tenant!r}",
    Misfit.SLOTLESS: "it runs, and holds no place of the tenant {tenant!r}",
    Misfit.UNMARKED: "it does not say that it is counted among those of the tenant {tenant!r}",
}


class QuotaCount:
    """One look at all of them: each job is judged at one moment, so that none that moves is wrong."""

    def __init__(self, book: QuotaBook, *, repair: bool) -> None:
        self._book = book
        self._repair = repair
        self._tenants = book.tenants()
        self._named: set[str] = set()

    def among(self, job_ids: Sequence[str]) -> list[Fault]:
        """What is wrong with some jobs; nothing is asked where no tenant has a quota."""
        return self._faults(job_ids, "") if self._tenants and job_ids else []

    def counted(self) -> Iterator[list[Fault]]:
        """What is wrong with those that are counted as waiting, page by page."""
        for tenant in self._tenants:
            for ids in self._book.counted(tenant):
                yield self._faults(ids, tenant)

    def _faults(self, job_ids: Sequence[str], found: str) -> list[Fault]:
        wrong = self._book.miscounted(job_ids, found, repair=self._repair)
        # A page may bring a job twice.
        new = [each for each in wrong if each.job_id not in self._named]
        self._named |= {each.job_id for each in new}
        return [_fault(each, is_repaired=self._repair) for each in new]


def _fault(found: Miscounted, *, is_repaired: bool) -> Fault:
    detail = _WORDS[found.misfit].format(tenant=found.tenant)
    return Fault(FaultKind.MISCOUNTED, found.job_id, "", detail, is_repaired)
