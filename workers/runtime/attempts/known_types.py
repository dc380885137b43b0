"""Which jobs a worker process can run, and by what: those whose type it knows, in no newer version."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from backend.domain.jobs.attempts.outcome import MISREADINGS, Outcome, damage_of, malformed
from backend.domain.jobs.attempts.unknown_type import put_off
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.job_labels import labels_in
from workers.runtime.attempts.runner import Runner

#: Only types above their first version have it among a job's options, in which most jobs have nothing.
_SAYS_VERSION = b'"version"'
#: Jobs that are remembered as ones that nothing here can run.
_MOST_SEEN = 10_000


class KnownTypes:
    """What runs the jobs of each type that a worker process knows, and its patience with others."""

    def __init__(
        self,
        versions: Mapping[str, int],
        runners: Mapping[str, Runner],
        alone: Mapping[str, Runner],
        *,
        patience_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``alone`` has those of jobs that are suspected to kill their process; ``now`` gives seconds."""
        self._versions = versions
        self._runners = runners
        self._alone = alone
        self._patience_seconds = patience_seconds
        self._now = now
        #: When each job that nothing here can run came first with its attempt: one that another worker
        #: ran meanwhile waits anew.
        self._first_seen: dict[tuple[str, int], float] = {}

    def runner_of(self, job: ClaimedJob) -> Runner | Outcome:
        """What runs this job; what becomes of it instead when nothing here can. Asked of every job."""
        if job.damage:
            return malformed(job.damage)
        known = self._versions.get(job.job_type)
        try:
            is_newer = known is not None and (
                _SAYS_VERSION in job.options and labels_in(job.options).version > known
            )
        except MISREADINGS as problem:
            return malformed(damage_of(problem))
        if known is None or is_newer:
            return put_off(job, known, self._patience_seconds, self._seen_seconds(job))
        return (self._alone if job.suspect else self._runners)[job.job_type]

    def _seen_seconds(self, job: ClaimedJob) -> float:
        now = self._now()
        if len(self._first_seen) >= _MOST_SEEN:
            # Those that came first are over, or wait as long again.
            self._first_seen.pop(next(iter(self._first_seen)), None)
        return now - self._first_seen.setdefault((job.id, job.attempt), now)
