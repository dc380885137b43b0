"""What people do to jobs and queues, single and in bulk. Each call is a step of the library."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, TypeVar, cast

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.enqueue_arguments import derived_arguments
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.step_codes import (
    CancelCode,
    DiscardCode,
    MoveCode,
    RedriveCode,
    RunNowCode,
)

Code = TypeVar("Code", bound=IntEnum)

#: Ids of one step; taking an id out of a long list costs the server, so few at a time.
_BATCH = 50
_BULK = 200
_ANYWAY = ("", "anyway")


class RedisOperations:
    """The `Operations` on Redis. ``by`` and ``reason`` go into the job's history."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)

    def cancel(
        self, job_ids: Sequence[str], *, by: str, reason: str, force: bool
    ) -> list[CancelCode]:
        """Withdraws jobs; a running one is asked to stop, or stopped by ``force``."""
        head = [by, reason, "force" if force else ""]
        return self._in_batches(CancelCode, "cancel", head, job_ids, _BATCH)

    def redrive(
        self, job_ids: Sequence[str], *, by: str, reason: str, anyway: bool = False
    ) -> list[RedriveCode]:
        """Sends dead jobs home with all their attempts."""
        pairs = [text for job_id in job_ids for text in (job_id, "")]
        head = [by, reason, _ANYWAY[anyway]]
        return self._in_batches(RedriveCode, "redrive", head, pairs, _BULK, words=2)

    def redrive_changed(
        self,
        job_id: str,
        job_type: str,
        payload: str,
        *,
        asked: NewJob | None = None,
        by: str,
        reason: str,
        anyway: bool = False,
    ) -> RedriveCode:
        """Redrives one job with a new payload (JSON); what follows from that is taken from ``asked``."""
        changed = (job_id, codec.data_of(job_type, payload), *derived_arguments(asked))
        head = (by, reason, _ANYWAY[anyway])
        return RedriveCode(self._functions.codes("redrive", *head, *changed)[0])

    def discard(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue for good."""
        head = [by, reason, "discarded"]
        return self._in_batches(DiscardCode, "discard", head, job_ids, _BULK)

    def resolve(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue as finished."""
        head = [by, reason, "resolved"]
        return self._in_batches(DiscardCode, "discard", head, job_ids, _BULK)

    def reprioritise(
        self, moves: Sequence[tuple[str, str]], *, by: str, reason: str, front: bool
    ) -> list[MoveCode]:
        """Moves each (job id, queue)."""
        pairs = [text for move in moves for text in move]
        head: list[str | int] = [by, reason, int(front)]
        return self._in_batches(MoveCode, "reprioritise", head, pairs, _BATCH, words=2)

    def run_now(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[RunNowCode]:
        """Queues scheduled jobs before they are due."""
        return self._in_batches(RunNowCode, "run_now", [by, reason], job_ids, _BULK)

    def pause(self, what: str, *, by: str = "", reason: str = "") -> bool:
        """Pauses ``queue:<name>``, ``lane:<name>`` or ``type:<name>``; False if it was already."""
        return bool(self._functions.call("pause", what, by, reason))

    def resume(self, what: str, lanes: Sequence[str], *, by: str = "", reason: str = "") -> bool:
        """Resumes it and wakes ``lanes``; False if it was not paused."""
        head = (what, by, reason, _BULK)
        resumed, back = self._functions.call("resume", *head, *lanes)
        while back == _BULK:
            _, back = self._functions.call("resume", *head, *lanes)
        return bool(resumed)

    def limit(self, job_type: str, most: int, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a type may run at once in the cluster; 0: no limit."""
        head = (by, reason, job_type, most)
        through, lease, *left = self._functions.call("limit", *head)
        while left or (most == 0 and through >= _BULK):
            through, _, *left = self._functions.call("limit", *head, *left)
        while lease != b"0":
            lease = self._functions.call("muster", lease, _BULK, job_type)

    def limit_key(self, key: str, most: int | None, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a key may run at once; 0: as many as can; None: as they say themselves."""
        words = (by, reason, key, "" if most is None else most)
        through = self._functions.call("key_limit", *words)
        while isinstance(through, list):
            through = self._functions.call("key_limit", *words, through[1])

    def rate(self, job_type: str, rate: Rate | None, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a type may start in a time in the cluster; None: no rate."""
        words = (by, reason, job_type, rate.text if rate else "")
        through = self._functions.call("rate", *words)
        while rate is None and through >= _BULK:
            through = self._functions.call("rate", *words)

    def rate_key(self, key: str, rate: Rate | RateWord, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a key may start in a time: a rate, none, or as they say themselves."""
        is_declared = rate is RateWord.DECLARED
        value = rate.text if isinstance(rate, Rate) else "" if is_declared else RateWord.NONE.value
        through = self._functions.call("key_rate", by, reason, key, value)
        while not isinstance(rate, Rate) and through >= _BULK:
            through = self._functions.call("key_rate", by, reason, key, value)

    def purge(self, queue: str, *, by: str, reason: str) -> int:
        """Cancels everything that waits in a queue; how many entries were taken off."""
        purged = 0
        # Who is let through a gate meanwhile is in the queue by then; who is parked, behind the gate.
        while taken := self._purge_parked(queue, by, reason) + self._purge_list(queue, by, reason):
            purged += taken
        return purged

    def usher(self, gates: int, jobs: int) -> tuple[int, int]:
        """Lets through who still waits behind one of so many open gates; how many jobs, and empty lines."""
        through, forgotten = self._functions.codes("usher", gates, jobs, 1)
        return through, forgotten

    def follow(self, jobs: int) -> int:
        """Enqueues the follow-ups of so many jobs that an earlier release ended; how many had ended so."""
        return int(self._functions.call("follow", jobs))

    def prune(
        self, queues: Sequence[str], *, max_dead: int, max_dead_age: float
    ) -> tuple[int, int]:
        """Drops what outlived its time: registry entries, and dead jobs over the limits."""
        age = int(max_dead_age * 1000)
        entries, dead = self._functions.call("prune", max_dead, age, _BULK, *queues)
        dropped = dead
        while dropped == _BULK:
            _, dropped = self._functions.call("prune", max_dead, age, _BULK, *queues)
            dead += dropped
        return int(entries), int(dead)

    def _purge_list(self, queue: str, by: str, reason: str) -> int:
        purged, (taken, emptied) = 0, self._functions.codes("purge", queue, by, reason, _BULK)
        while taken or emptied:
            purged += taken
            taken, emptied = self._functions.codes("purge", queue, by, reason, _BULK)
        return purged

    def _purge_parked(self, queue: str, by: str, reason: str) -> int:
        with translated():
            if int(cast(Any, self._client.hget(self._keys.counts(queue), "parked")) or 0) <= 0:
                return 0
            lines = cast(list[bytes], self._client.zrange(self._keys.gates, 0, -1))
        return sum(self._evict(queue, by, reason, line.decode()) for line in lines)

    def _evict(self, queue: str, by: str, reason: str, line: str) -> int:
        evicted = seen = 0
        canceled, stay = self._functions.codes("evict", queue, by, reason, line, seen, _BULK)
        while canceled or stay:
            evicted, seen = evicted + canceled, seen + stay
            canceled, stay = self._functions.codes("evict", queue, by, reason, line, seen, _BULK)
        return evicted

    def _in_batches(
        self,
        kind: type[Code],
        step: str,
        head: Sequence[str | int],
        items: Sequence[str],
        size: int,
        *,
        words: int = 1,
    ) -> list[Code]:
        """Of so many ``words`` a job. A step may answer for the first ones alone, and is sent the rest."""
        codes: list[Code] = []
        while (at := len(codes) * words) < len(items):
            codes += map(kind, self._functions.codes(step, *head, *items[at : at + size]))
        return codes
