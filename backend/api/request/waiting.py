"""Prefer: wait (RFC 7240): holds an answer back for some seconds until a job has ended."""

from __future__ import annotations

import re
import threading

from backend.api.request.api_services import ApiServices
from backend.domain.errors import JobNotFound, Unavailable, WaitTimeout
from backend.domain.jobs.job import JobView

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")


class Waiting:
    """Waits with at most half of the threads, so that the others go on answering."""

    def __init__(self, parts: ApiServices) -> None:
        self._queue = parts.queue
        self._longest = parts.settings.longest_wait
        self._places = threading.BoundedSemaphore(max(1, parts.settings.threads // 2))

    def seconds_asked(self, prefer: str | None) -> float:
        """How long a Prefer header asks to wait, within what is allowed; 0 for not at all."""
        match = _WAIT.search(prefer or "")
        return min(float(match[1]), self._longest) if match else 0.0

    def wait(self, job_id: str, seconds: float) -> JobView | None:
        """The job once it has ended; None when it has not in time, or nobody can tell now.

        Also when too many wait already. A job that was accepted is told as accepted, whatever
        happens to it or to Redis while its end is waited for.
        """
        if not seconds or not self._places.acquire(blocking=False):
            return None
        try:
            job = self._queue.wait(job_id, seconds)
        except (WaitTimeout, JobNotFound, Unavailable):
            return None
        finally:
            self._places.release()
        # Whoever looks at it then is told why there is no result.
        return None if job.is_result_lost else job
