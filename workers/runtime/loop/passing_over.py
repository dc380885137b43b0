"""The look behind jobs for which there is no room, for those for which there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import ClaimPlan, Dispatch, WantedTypes

#: How much further each look goes that found nothing, and where the next one begins at the front again.
_PLACES, _DEEPEST = 100, 5000


class PassingOver:
    """Picks jobs of the loop's types, or all others, out from behind the rest. Safe for threads."""

    def __init__(
        self,
        dispatch: Dispatch,
        plan: Callable[[int], Sequence[ClaimPlan]],
        job_types: Sequence[str],
    ) -> None:
        """``job_types`` are those that run in the loop; nobody else uses ``dispatch``."""
        self._dispatch = dispatch
        self._plan = plan
        self.for_loop = WantedTypes(job_types)
        self.for_threads = WantedTypes(job_types, others=True)
        self._start = {self.for_loop: 0, self.for_threads: 0}
        self._turning = threading.Lock()

    def pick(self, wanted: WantedTypes, most: int) -> list[ClaimedJob]:
        """Up to so many jobs; raises what the round trip raised, and then nobody knows which it took."""
        with self._turning:
            start = self._start[wanted]
            found = self._dispatch.pick_out(wanted, self._plan(most), most, start)
            goes_on = found.is_deeper and start < _DEEPEST
            self._start[wanted] = start if found.jobs else (start + _PLACES if goes_on else 0)
            return found.jobs

    def is_on_its_way(self, wanted: WantedTypes) -> bool:
        """Whether the last look was not the last place to look at."""
        return self._start[wanted] > 0
