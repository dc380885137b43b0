"""For how long the post of a process that ended stays empty: growing while nothing gets better."""

from __future__ import annotations

_FIRST = 0.2
#: Of processes that took jobs and ended soon, most likely by a job, and of those that never got so far.
_LONGEST_SERVED, _LONGEST_UNSERVED = 5.0, 60.0
#: Seconds a process must have taken jobs to count as well.
HEALTHY_AFTER_SECONDS = 10.0


class RestartPause:
    """The memory of one post. Only a process that took jobs makes it forget."""

    def __init__(self) -> None:
        self._next = _FIRST

    @property
    def is_growing(self) -> bool:
        """Whether the last process was no good."""
        return self._next > _FIRST

    def after(self, served_seconds: float | None, *, in_order: bool) -> float:
        """Seconds until the next start; ``served_seconds`` is None when it never took jobs."""
        if served_seconds is not None and (in_order or served_seconds > HEALTHY_AFTER_SECONDS):
            self._next = _FIRST
            return 0.0
        longest = _LONGEST_UNSERVED if served_seconds is None else _LONGEST_SERVED
        pause = min(self._next, longest)
        self._next = min(self._next * 2, longest)
        return pause
