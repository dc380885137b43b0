"""Why a supervisor kills a process: in the words of the log and of the record, and whose fault it is.

And when it kills none yet, for it stood still itself: its container was frozen, or its machine stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workers.runtime.slots.running_table import RunningJob

#: Seconds without a look after which a supervisor stood still, and for which it believes no silence then.
_FORGIVING_SECONDS = 5.0


class Killing(NamedTuple):
    """A reason, as people read it, and the jobs that are to blame."""

    cause: str
    guilty: Sequence[RunningJob] = ()
    #: What the guilty are charged with; `memory`: all jobs of the process filled it together.
    reason: str = "crashed"


def overdue_jobs(overdue: Sequence[RunningJob]) -> Killing:
    """Some jobs cannot be ended but with their process."""
    told = all(entry.told_to_stop for entry in overdue)
    cause = (
        "a job that was told to stop did not" if told else "a job ran beyond its hard time limit"
    )
    return Killing(f"killed: {cause}", overdue, "timeout")


def opens_too_long() -> Killing:
    """A client that never answers, or a model that is larger than somebody thought."""
    return Killing("killed: open() of its workers took longer than worker.open_timeout")


def closes_too_long() -> Killing:
    """It held no job any more; something in it did not let its own limits work."""
    return Killing("killed: it held no job any more, but did not end")


def came_not_up() -> Killing:
    """It hangs in an import."""
    return Killing("killed: it had not come up in time; does a job package wait for something?")


def ran_no_python() -> Killing:
    """Something holds the interpreter, or the process stood still."""
    return Killing("killed: it had not run Python for most of a lease")


def holds_too_much() -> Killing:
    """It did not get rid of its jobs fast enough after it was to retire."""
    return Killing("killed: it held more memory than worker.memory_kill_mb", reason="memory")


def stops_too_long() -> Killing:
    """The grace period and what its end may take are over."""
    return Killing("killed: it did not stop within its grace period")


class Standstill:
    """Those whom it watches stood still with it. It looks again at once; they must first come to run."""

    def __init__(self, now: float, *, silence_seconds: float) -> None:
        """``silence_seconds`` is for how long they may be silent; ``now`` is always monotonic."""
        self._seconds = min(_FORGIVING_SECONDS, silence_seconds / 4)
        self._looked_at = self._over_at = now

    def is_felt(self, now: float) -> bool:
        """To be asked at each look: whether a silence, or a time that ran out, says nothing yet."""
        was_felt = self._looked_at < self._over_at
        # Not twice in a row: one that is so slow each time would believe nothing for ever.
        if now - self._looked_at > self._seconds and not was_felt:
            self._over_at = now + self._seconds
        self._looked_at = now
        return now < self._over_at
