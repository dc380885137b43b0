"""Which failures are tried again: by class, by a function, or what the policy says. Pure but for ``when``.

How often and how long belongs to the job and travels with it (`RetryPolicy`); rules are code, and belong
to the job type as the worker knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.backoff import Backoff
from backend.domain.jobs.attempts.leaves import leaves_of
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.jobs.options import bounds

Classes = tuple[type[BaseException], ...]


class Failure(NamedTuple):
    """What a ``when`` is asked about."""

    exception: BaseException
    job_id: str
    job_type: str
    #: Which attempt it was, and how many are counted against the job with this one; both from 1.
    attempt: int
    failures: int


#: False: give up; True: try again as the policy says; a number: after so many seconds; None: no opinion.
Answer = bool | float | None


class Advice(NamedTuple):
    """What the rules make of one failure."""

    gives_up: bool = False
    #: Seconds to wait instead of the policy's.
    delay: float | None = None


NO_ADVICE = Advice()


@dataclass(frozen=True, slots=True)
class Retry:
    """When and how often a job is tried again.

    ``times``: how many retries. ``backoff``: a list of seconds, or a formula (`Exponential`, `Linear`).
    ``give_up_on``: never again after these. ``on``: only after these. ``when``: a function that is asked
    with the `Failure`. Signals of the handler go first (`PermanentFailure`, `RetryLater`, `Snooze`), then
    ``give_up_on``, ``when``, ``on``; everything else is tried again. Of an exception group ``give_up_on``
    fits if any leaf does, ``on`` if all do.
    """

    times: int | None = None
    backoff: Backoff | Sequence[float] | None = None
    on: Classes = ()
    give_up_on: Classes = ()
    when: Callable[[Failure], Answer] | None = None

    @property
    def has_rules(self) -> bool:
        """Whether anything but numbers is declared."""
        return bool(self.on or self.give_up_on or self.when)

    def policy(self, owner: str) -> RetryPolicy:
        """The numbers that travel with each job; raises `ConfigurationError` naming ``owner``."""
        times = None if self.times is None else int(bounds.MAX_RETRIES.declared(self.times, owner))
        if not self.backoff:
            return RetryPolicy(DEFAULT_DELAYS, times)
        if isinstance(self.backoff, Sequence):
            return RetryPolicy(_declared(self.backoff, owner), times)
        times = len(DEFAULT_DELAYS) if times is None else times
        return RetryPolicy(self.backoff.delays(times), times, self.backoff.jitter)

    def advice(self, raised: BaseException, answer: Answer) -> Advice:
        """What holds for ``raised``, when ``when`` answered so (None without one)."""
        leaves = list(leaves_of(raised))
        if any(isinstance(leaf, self.give_up_on) for leaf in leaves):
            return Advice(gives_up=True)
        if isinstance(answer, bool):
            return Advice(gives_up=not answer)
        if answer is not None:
            return Advice(delay=float(answer))
        fits = not self.on or all(isinstance(leaf, self.on) for leaf in leaves)
        return Advice(gives_up=not fits)


def checked_answer(answer: object) -> Answer:
    """What a ``when`` returned; raises `ValueError` for what is no answer."""
    if answer is None or isinstance(answer, bool):
        return answer
    if isinstance(answer, int | float) and bounds.OUTCOME_DELAY.holds(answer):
        return float(answer)
    raise ValueError(f"a rule answers True, False, None or {bounds.OUTCOME_DELAY.words}")


def _declared(delays: Sequence[float], owner: str) -> tuple[float, ...]:
    if len(delays) > bounds.MOST_RETRY_DELAYS:
        raise ConfigurationError(
            f"{owner}: retry_delays has at most {bounds.MOST_RETRY_DELAYS} numbers"
        )
    return tuple(bounds.RETRY_DELAY.declared(each, owner) for each in delays)
