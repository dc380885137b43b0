"""Many slots, few round trips: whoever gets hold of a connection carries the requests of all who wait.

Slots that end at the same moment would otherwise queue for connections, each for a round trip of its
own. (The idea is flat combining: Hendler, Incze, Shavit, Tzafrir, SPAA 2010.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, LifoQueue

import structlog

from backend.domain.errors import Unavailable
from backend.domain.jobs.attempts.outcome import Outcome, unsendable
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan, Dispatch
from workers.runtime.slots.trip_request import Ended, TripRequest, answer_all

log = structlog.get_logger("tally.worker")

#: Outcomes of one round trip, and jobs; more would hold the server long.
_MOST = 100
#: Round trips that one slot carries before it turns to its own job.
_MOST_TRIPS = 5


class RoundTrips:
    """Settles and claims for all slots of a process over a few connections."""

    def __init__(
        self,
        dispatches: Sequence[Dispatch],
        plan: Callable[[int], Sequence[ClaimPlan]],
        doubt: Callable[[], None],
    ) -> None:
        """``doubt`` is called when nobody knows whether jobs were claimed."""
        self._plan = plan
        self._doubt = doubt
        self._waiting: deque[TripRequest] = deque()
        #: What carriers have claimed for themselves, while they carry for others.
        self._carried: dict[int, Sequence[ClaimedJob]] = {}
        self._free: LifoQueue[Dispatch] = LifoQueue()
        for dispatch in dispatches:
            self._free.put(dispatch)

    def trade(self, ended: Ended, most: int) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """Settles ``ended`` and claims up to ``most``; raises what the round trip raised."""
        request = TripRequest(ended, most)
        self._waiting.append(request)
        self._start_carrier()
        request.wait()
        if request.dispatch is not None:
            self._carry_for_all(request.dispatch, request)
        if request.error is not None:
            raise request.error
        return request.codes, request.claimed

    def held(self) -> list[ClaimedJob]:
        """Jobs that are ours already, and that their slots will only see when they have carried enough."""
        return [job for jobs in list(self._carried.values()) for job in jobs]

    def _start_carrier(self) -> None:
        """Gives a free connection to whoever waits longest, often the caller itself.

        A request that finds no connection free was left before its holder looked again: see there.
        """
        while self._waiting:
            try:
                dispatch = self._free.get_nowait()
            except Empty:
                return
            try:
                carrier = self._waiting.popleft()
            except IndexError:
                self._free.put(dispatch)
                continue
            carrier.dispatch = dispatch
            carrier.answer()

    def _carry_for_all(self, dispatch: Dispatch, own: TripRequest) -> None:
        """Our own trip, and a few of those who came meanwhile: then one of them carries.

        Whoever is woken to carry has to come to a processor first, and the connection is idle as long;
        to carry on for ever would keep us from our own job.
        """
        try:
            requests = [own, *self._next(own)]
            for trips_left in reversed(range(_MOST_TRIPS)):
                self._carry(dispatch, requests)
                answer_all([request for request in requests if request is not own])
                requests = self._next() if trips_left else []
                if not requests:
                    break
                self._carried[id(own)] = own.claimed
        finally:
            self._carried.pop(id(own), None)
            # Before anybody looks for requests again, so that none is left behind for good.
            self._free.put(dispatch)
            self._start_carrier()

    def _next(self, first: TripRequest | None = None) -> list[TripRequest]:
        """Those that share a trip, with ``first`` if there is one."""
        taken: list[TripRequest] = []
        ended, wanted = (len(first.ended), first.most) if first else (0, 0)
        while max(ended, wanted) < _MOST:
            try:
                request = self._waiting.popleft()
            except IndexError:
                break
            taken.append(request)
            ended += len(request.ended)
            wanted += request.most
        return taken

    def _carry(self, dispatch: Dispatch, requests: list[TripRequest]) -> None:
        ended = [pair for request in requests for pair in request.ended]
        most = sum(request.most for request in requests)
        try:
            plan = self._plan(most) if most else ()
            codes, claimed = dispatch.settle_and_claim(ended, plan, most)
        except Exception as error:  # noqa: BLE001 - told apart below
            if ended and not isinstance(error, Unavailable):
                self._carry_apart(dispatch, requests)
            else:
                _tell(requests, error)
        except BaseException as error:  # noqa: BLE001 - each of those who wait shall see it
            _tell(requests, error)
        else:
            _hand_out(requests, codes, claimed)

    def _carry_apart(self, dispatch: Dispatch, requests: list[TripRequest]) -> None:
        """Some outcome cannot be sent. Each goes alone, so that only its own job suffers."""
        self._doubt()
        for request in requests:
            try:
                request.codes = [_settled(dispatch, *pair) for pair in request.ended]
            except BaseException as error:  # noqa: BLE001 - as above
                request.error = error


def _settled(dispatch: Dispatch, job: ClaimedJob, outcome: Outcome) -> SettleCode:
    """The code of one outcome, or of the permanent failure that it becomes when it cannot be sent."""
    try:
        return _alone(dispatch, job, outcome)
    except Unavailable:
        raise
    except Exception as error:
        log.exception("outcome.unsendable", job_id=job.id, kind=outcome.kind.value)
        return _given_up(dispatch, job, unsendable(outcome, error))


def _given_up(dispatch: Dispatch, job: ClaimedJob, failure: Outcome) -> SettleCode:
    try:
        return _alone(dispatch, job, failure)
    except Unavailable:
        raise
    except Exception:
        # Its lease will end, and whoever rescues it finds out what is wrong with it.
        log.exception("outcome.dropped", job_id=job.id)
        return SettleCode.LOST


def _alone(dispatch: Dispatch, job: ClaimedJob, outcome: Outcome) -> SettleCode:
    return dispatch.settle_and_claim([(job, outcome)], (), 0)[0][0]


def _tell(requests: list[TripRequest], error: BaseException) -> None:
    for request in requests:
        request.error = error


def _hand_out(
    requests: list[TripRequest], codes: list[SettleCode], claimed: list[ClaimedJob]
) -> None:
    """To each its codes, and one job to everybody before anybody gets a second."""
    at = 0
    for request in requests:
        request.codes = codes[at : at + len(request.ended)]
        at += len(request.ended)
    left = deque(claimed)
    hungry = [request for request in requests if request.most]
    while left:
        for request in hungry:
            if left and len(request.claimed) < request.most:
                request.claimed.append(left.popleft())
