"""The hot path of a worker process: settle and claim in one round trip on a connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.jobs import codec
from backend.broker.jobs.claim_call import ClaimCall
from backend.broker.keys import Keys
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan, PickedOut, WantedTypes

#: Outcomes settled by one step; more are split, so that no step holds the server long.
SETTLE_BATCH = 100
#: By their number: calling the enum takes five times as long, and this is done for each job.
_SETTLE_CODES = tuple(SettleCode)


class RedisDispatch:
    """The `Dispatch` of one worker process on one connection. Not for two threads at once.

    Requests may be sent ahead and their answers read later, so that Redis works while jobs run.
    """

    def __init__(
        self, client: Redis, keys: Keys, *, worker: str, lanes: Sequence[str], lease: float
    ) -> None:
        self._connection: Any = client.connection_pool.make_connection()
        self._claim = ClaimCall(client, keys, worker=worker, lanes=lanes, lease_seconds=lease)
        self._sent: list[str] = []

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Sequence[ClaimPlan], most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """Both in one round trip. After an error it is unknown which happened; both may be repeated."""
        self.send(ended, plan, most)
        return self.receive()

    def send(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Sequence[ClaimPlan], most: int
    ) -> None:
        """Sends the request without waiting for its answer."""
        commands = []
        for at in range(0, len(ended), SETTLE_BATCH):
            batch = ended[at : at + SETTLE_BATCH]
            arguments = [text for pair in batch for text in codec.settle_arguments(*pair)]
            commands.append(self._claim.functions.command("settle", arguments))
        if most > 0:
            commands.append(self._claim.of(plan, most))
        self._sent = ["settle"] * (len(commands) - (most > 0)) + ["claim"] * (most > 0)
        try:
            self._connection.send_packed_command(self._connection.pack_commands(commands))
        except RedisError as error:
            self._give_up(error)

    def receive(self) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """Reads the answer of the last request."""
        codes: list[SettleCode] = []
        jobs: list[ClaimedJob] = []
        try:
            for step in self._sent:
                reply = self._connection.read_response()
                if step == "settle":
                    codes += [_SETTLE_CODES[code] for code in reply]
                else:
                    jobs = self._claim.jobs_in(reply)
        except RedisError as error:
            self._give_up(error)
        return codes, jobs

    def pick_out(
        self, wanted: WantedTypes, plan: Sequence[ClaimPlan], most: int, start: int = 0
    ) -> PickedOut:
        """In one round trip; not while an answer is still to be read."""
        try:
            self._connection.send_command(*self._claim.picking(wanted, plan, most, start))
            is_deeper, *entries = self._connection.read_response()
        except RedisError as error:
            self._give_up(error)
        return PickedOut(self._claim.jobs_in(entries), is_deeper == b"1")

    def _give_up(self, error: RedisError) -> NoReturn:
        """A connection with unread answers is useless; the next request opens a new one."""
        self._connection.disconnect()
        self._claim.refuse(error)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.disconnect()
