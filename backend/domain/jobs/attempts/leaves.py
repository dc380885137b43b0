"""What an exception holds: a group is judged by its leaves, however deep they lie. Pure.

`asyncio.TaskGroup` wraps whatever its tasks raise, also the one signal that a handler meant for us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.options.bounds import OUTCOME_DELAY


def leaves_of(raised: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group, of the groups inside it too; of any other exception itself."""
    if isinstance(raised, BaseExceptionGroup):
        for inner in cast("BaseExceptionGroup[BaseException]", raised).exceptions:
            yield from leaves_of(inner)
    else:
        yield raised


def signal_in(raised: BaseException) -> JobSignal | None:
    """The signal that decides, if any.

    Of several in a group: the one that gives up, else the one to retry that waits longest. A `Snooze`
    beside an error that is none would hide that: it counts only among its like.
    """
    if isinstance(raised, JobSignal):
        return raised
    if not isinstance(raised, BaseExceptionGroup):
        return None
    leaves = list(leaves_of(raised))
    for kind in (PermanentFailure, RetryLater):
        if found := [leaf for leaf in leaves if isinstance(leaf, kind)]:
            return _longest(found)
    snoozes = [leaf for leaf in leaves if isinstance(leaf, Snooze)]
    return _longest(snoozes) if len(snoozes) == len(leaves) else None


def _longest(signals: Sequence[JobSignal]) -> JobSignal:
    """One whose delay is no time at all comes first: it is a mistake to be told."""

    def wait(signal: JobSignal) -> float:
        delay = getattr(signal, "delay", None)
        if delay is None:
            return -1.0
        return float(delay) if OUTCOME_DELAY.holds(delay) else float("inf")

    return max(signals, key=wait)
