"""Whose jobs are whose: those of another tenant are as if they were not there, to the word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor
from backend.domain.access.type_rights import permit_types
from backend.domain.history.history_record import JobHistory
from backend.domain.history.unknown_job import unknown_job
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_type import JobTypeCatalogue


class JobFinder(Protocol):
    """Where a job is looked for, as `SearchService` does it."""

    def find(self, job_id: str) -> JobView | JobHistory:
        """The job, live or from the record; raises `JobNotFound`."""


class LiveJobs(Protocol):
    """Many jobs at a time, as `Inspection` reads them."""

    def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Those of the jobs that are live."""


def find_own(jobs: JobFinder, tenant: str | None, job_id: str) -> JobView | JobHistory:
    """The job, live or from the record; raises `JobNotFound`, also for one of another tenant."""
    found = jobs.find(job_id)
    if tenant is not None and found.labels.tenant != tenant:
        raise unknown_job(job_id)
    return found


class Ownership:
    """Tells what of the jobs somebody may touch. Costs nothing for those who may touch all."""

    def __init__(self, jobs: JobFinder, live: LiveJobs, catalogue: JobTypeCatalogue) -> None:
        self._jobs = jobs
        self._live = live
        self._catalogue = catalogue

    def check(self, by: Actor, job_id: str) -> None:
        """Raises `JobNotFound` for a job of another tenant."""
        if by.tenant is not None:
            find_own(self._jobs, by.tenant, job_id)

    def check_live(self, by: Actor, job_ids: Sequence[str]) -> None:
        """Raises `JobNotFound` when a live one of the jobs is another tenant's."""
        if by.tenant is not None:
            _check_tenant(by, self._live.jobs(job_ids))

    def check_to_run(self, by: Actor, job_id: str) -> None:
        """Raises also `NotAllowed` for a job of a type that they may not have run, or that one follows."""
        if by.is_confined:
            self.check_types(by, *_types_of(find_own(self._jobs, by.tenant, job_id)))

    def check_many_to_run(self, by: Actor, job_ids: Sequence[str]) -> None:
        """The same of many jobs, of those that are live: of one that they may not have run, none is."""
        if by.is_confined:
            jobs = self._live.jobs(job_ids)
            _check_tenant(by, jobs)
            self.check_types(by, *sorted({name for job in jobs for name in _types_of(job)}))

    def check_to_change(self, by: Actor, job_id: str) -> None:
        """Raises `NotAllowed` for a job that may do more than its tenant, of which they are one.

        Under another payload it would do for them what only its caller was trusted with.
        """
        if by.tenant is not None and not find_own(self._jobs, by.tenant, job_id).labels.is_confined:
            raise NotAllowed(
                f"job {job_id} was not made by a key of your tenant: replay it with that payload"
            )

    def check_types(self, by: Actor, *job_types: str) -> None:
        """Raises `NotAllowed` for a type that they may not have run."""
        permit_types(by, self._catalogue, job_types)


def _check_tenant(by: Actor, jobs: Sequence[JobView]) -> None:
    for job in jobs:
        if by.tenant not in {None, job.labels.tenant}:
            raise unknown_job(job.id)


def _types_of(job: JobView | JobHistory) -> list[str]:
    """Its own, and those that follow it."""
    job_type = job.job_type if isinstance(job, JobView) else job.job.job_type
    return [job_type, *(each.job_type for each in job.follow_ups)]
