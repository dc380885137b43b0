"""The call of `claim`, as a worker process makes it: after what it settles, or behind a wait for work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.jobs import codec
from backend.broker.keys import Keys
from backend.broker.server.command_words import Text
from backend.broker.server.connection import translate
from backend.broker.server.functions import Functions, is_missing_function, load_library
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import ClaimPlan, WantedTypes


class ClaimCall:
    """For one worker process: whose leases they are, for how long, and the lanes it serves."""

    def __init__(
        self, client: Redis, keys: Keys, *, worker: str, lanes: Sequence[str], lease_seconds: float
    ) -> None:
        self.functions = Functions(client, keys.root)
        self._client = client
        self._worker = worker
        self._lease_ms = str(int(lease_seconds * 1000))
        self._lanes = [str(len(lanes)), *lanes]

    def of(
        self, plan: Sequence[ClaimPlan], most: int, *, lease_seconds: float | None = None
    ) -> tuple[Text, ...]:
        """The command; ``lease_seconds`` are others than usual."""
        lease_ms = self._lease_ms if lease_seconds is None else str(int(lease_seconds * 1000))
        head = (self._worker, lease_ms, str(most))
        return self.functions.command("claim", [*head, *self._lanes, *_texts(plan)])

    def picking(
        self, wanted: WantedTypes, plan: Sequence[ClaimPlan], most: int, start: int
    ) -> tuple[Text, ...]:
        """The command that picks jobs of some types out from behind others."""
        types = [str(len(wanted.job_types)), *wanted.job_types]
        head = (self._worker, self._lease_ms, str(most), str(int(wanted.others)), str(start))
        return self.functions.command("pick_out", [*head, *types, *_texts(plan)])

    def keep(self, jobs: Sequence[ClaimedJob]) -> tuple[Text, ...]:
        """The command that gives jobs, claimed for another time, the usual lease from now on."""
        held = [text for job in jobs for text in (job.id, job.fence)]
        return self.functions.command("extend", [self._lease_ms, *held])

    @staticmethod
    def jobs_in(reply: list[Any]) -> list[ClaimedJob]:
        """What it was answered."""
        return [codec.claimed_job(entry) for entry in reply]

    def refuse(self, error: RedisError) -> NoReturn:
        """Raises our error; where Redis has lost our functions, they are there for the next call."""
        if not is_missing_function(error):
            raise translate(error) from error
        load_library(self._client)
        raise QueueUnavailable("Redis had lost our functions; they are loaded again") from error


def _texts(plan: Sequence[ClaimPlan]) -> list[str]:
    return [text for queue, guaranteed in plan for text in (queue, str(guaranteed))]
