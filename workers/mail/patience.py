"""How long a mail server is waited for, and no longer than its job may run."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from workers.base_worker import JobContext

#: Seconds before the job's own limit: what became of the mail is to be told before that ends the attempt.
_TO_TELL_IT = 0.2


class Patience(NamedTuple):
    """Seconds for one mail, and when the job's time is over (monotonic seconds).

    What asks it for an instant is told `TimeoutError` once there is none left.
    """

    #: From its first word to its last byte.
    hand_over_seconds: float
    #: From there to the server's answer.
    confirmation_seconds: float
    job_ends_at: float = math.inf

    @classmethod
    def of(cls, hand_over: float, confirmation: float, context: JobContext) -> Patience:
        """That of one attempt."""
        ends_at = math.inf if context.deadline is None else context.deadline
        return cls(hand_over, confirmation, ends_at)

    def handed_over_by(self) -> float:
        """When a mail that begins now must be with the server; monotonic seconds."""
        return self._within_the_job(self.hand_over_seconds)

    def confirmed_by(self) -> float:
        """When the server must have answered a mail that it has now; monotonic seconds."""
        return self._within_the_job(self.confirmation_seconds)

    def has_time_for(self, seconds: float) -> bool:
        """Whether the job may run for so long."""
        return time.monotonic() + seconds < self.job_ends_at - _TO_TELL_IT

    def _within_the_job(self, seconds: float) -> float:
        if not self.has_time_for(0):
            raise TimeoutError("the job's time is over; raise its timeout")
        return min(time.monotonic() + seconds, self.job_ends_at - _TO_TELL_IT)
