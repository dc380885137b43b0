"""The lists on which idle worker processes block, and the claim that waits behind them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from redis import Redis
from redis import exceptions as redis_errors
from redis.exceptions import RedisError

from backend.broker.jobs.claim_call import ClaimCall
from backend.broker.keys import Keys
from backend.broker.server.connection import BLOCKING_MARGIN
from backend.domain.jobs.attempts.verdict import unheard_seconds
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import ExtendCode
from backend.domain.ports import ClaimPlan


class RedisWakeCalls:
    """Waits for jobs in some lanes and claims them, on a connection of its own. One thread waits.

    The claim is sent together with the wait: Redis carries it out the moment that it wakes us, where
    it would else do nothing until we had heard of it and asked. Nobody may be there to hear of it any
    more, so what is claimed so has a short lease, which is lengthened before anything runs.
    """

    def __init__(
        self,
        client: Redis,
        blocking: Redis,
        keys: Keys,
        *,
        worker: str,
        lanes: Sequence[str],
        lease_seconds: float,
    ) -> None:
        self._connection: Any = blocking.connection_pool.make_connection()
        self._claim = ClaimCall(
            client, keys, worker=worker, lanes=lanes, lease_seconds=lease_seconds
        )
        self._lists = [keys.wake(lane) for lane in lanes]
        self._unheard_seconds = unheard_seconds(lease_seconds)
        self._patience = 0.0
        self._sent_at = (0.0, 0.0)
        #: Answers to come before that to the wait: nobody needed to wait for them.
        self._owed = 0
        self._turning = threading.Lock()
        self._is_sent = self._is_over = False

    def claim_when_woken(
        self, plan: Sequence[ClaimPlan], most: int, timeout: float
    ) -> list[ClaimedJob]:
        """Blocks until a job arrives in one of the lanes, or ``timeout`` seconds; then claims.

        Empty when there was nothing to claim, and after `end`. After an error it is unknown whether
        jobs were claimed.
        """
        self.send(plan, most, timeout)
        return self.receive()

    def send(self, plan: Sequence[ClaimPlan], most: int, timeout: float) -> None:
        """Sends the wait and the claim behind it."""
        claim = self._claim.of(plan, most, lease_seconds=self._unheard_seconds)
        self._patience = timeout + BLOCKING_MARGIN
        self._sent_at = _moment()
        with self._turning:
            self._is_sent = not self._is_over
            if self._is_sent:
                self._say(("BLPOP", *self._lists, timeout), claim)

    def receive(self) -> list[ClaimedJob]:
        """Blocks until what was sent is answered."""
        try:
            if not self._is_sent or not self._is_answered():
                return []
            jobs = self._claim.jobs_in(self._reply())
        except RedisError as error:
            self._give_up(error)
        return self._kept(jobs) if jobs and not self._is_over else jobs

    def _is_answered(self) -> bool:
        """Whether the wait is over because of anything but `end`; the answer to the claim is next."""
        try:
            for _ in range(self._owed + 1):
                self._reply()
        except redis_errors.ConnectionError:
            if not self._is_over:
                raise
            # Redis had nothing more to say before its end: it had not claimed, and never will.
            self._connection.disconnect()
            return False
        self._owed = 0
        return True

    def _kept(self, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
        """Those that are ours still, with the lease that jobs have which run.

        Sent before anything runs, so that a job which takes its host along has been heard of. The
        answer is waited for only where the short lease may have ended: this process stood still.
        """
        self._say(self._claim.keep(jobs))
        stood_still = any(
            now - then >= self._unheard_seconds
            for now, then in zip(_moment(), self._sent_at, strict=True)
        )
        if not stood_still:
            self._owed = 1
            return jobs
        try:
            codes = self._reply()
        except RedisError as error:
            self._give_up(error)
        return [job for job, code in zip(jobs, codes, strict=True) if code != ExtendCode.LOST]

    def _say(self, *commands: tuple[Any, ...]) -> None:
        try:
            packed = self._connection.pack_commands(commands)
            self._connection.send_packed_command(packed, check_health=False)
        except RedisError as error:
            self._give_up(error)

    def _reply(self) -> Any:
        # Its read_response() takes a time itself since redis-py 8 only.
        if not self._connection.can_read(timeout=self._patience):
            raise redis_errors.TimeoutError("Timeout reading from socket")
        return self._connection.read_response()

    def _give_up(self, error: RedisError) -> NoReturn:
        """A connection with unread answers is useless; the next wait opens a new one."""
        self._owed = 0
        self._connection.disconnect()
        self._claim.refuse(error)

    def end(self) -> None:
        """Ends the wait, for good. What had been claimed by then is still returned.

        Told that we have nothing more to say, Redis forgets the wait and the claim behind it; what it
        has answered already comes first, and then the end.
        """
        with self._turning:
            self._is_over = True
            connected = self._connection._sock  # noqa: SLF001 - no public name in all releases
            if connected is not None:
                _say_no_more(connected)


def _moment() -> tuple[float, float]:
    """By the clock that nobody sets, and by the one that goes on while the machine sleeps."""
    return time.monotonic(), time.time()


def _say_no_more(connected: socket.socket) -> None:
    try:
        # Not the method of an encrypted socket: that one would read no more, either.
        socket.socket.shutdown(connected, socket.SHUT_WR)
    except OSError:
        # It is at its end already, which whoever waits will notice.
        return
