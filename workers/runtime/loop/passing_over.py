"""The look behind jobs for which there is no room, for those for which there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import ClaimPlan, Dispatch, WantedTypes

#: So many places of each queue a look has, and so much further on the next one begins that goes deeper.
_PLACES = 100


class _Search:
    """Where to look next for jobs of some types: at the front, and in turn with that ever deeper.

    However long the backlog of other jobs is, those behind it are reached; and those that come to the front
    meanwhile need not wait until the end of it is.
    """

    def __init__(self) -> None:
        #: Where the next look that goes deeper begins; 0: nobody knows of anything behind the front.
        self.deep = 0
        self._is_front_next = True

    def next_start(self) -> int:
        """From which place."""
        return 0 if self._is_front_next else self.deep

    def found_some(self) -> None:
        """What has come to the front since goes before what stands behind these."""
        self._is_front_next = True

    def found_nothing(self, *, is_deeper: bool) -> None:
        """The queues end within the places that were looked at, or they go on behind them."""
        if not self._is_front_next:
            self.deep = self.deep + _PLACES if is_deeper else 0
        elif not is_deeper:
            self.deep = 0
        elif self.deep == 0:
            self.deep = _PLACES
        self._is_front_next = not self._is_front_next or self.deep == 0


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
        self._searches = {self.for_loop: _Search(), self.for_threads: _Search()}
        self._turning = threading.Lock()

    def pick(self, wanted: WantedTypes, most: int) -> list[ClaimedJob]:
        """Up to so many jobs; raises what the round trip raised, and then nobody knows which it took."""
        with self._turning:
            search = self._searches[wanted]
            found = self._dispatch.pick_out(wanted, self._plan(most), most, search.next_start())
            if found.jobs:
                search.found_some()
            else:
                search.found_nothing(is_deeper=found.is_deeper)
            return found.jobs

    def is_on_its_way(self, wanted: WantedTypes) -> bool:
        """Whether there are places behind those that were looked at."""
        return self._searches[wanted].deep > 0
