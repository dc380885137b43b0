"""Leases: lengthening one's own, and ending those of workers that are gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.absent_fields import max_attempts_in, number_in
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.step_codes import ExtendCode
from backend.domain.ports import Lease, Rescued

#: Items of one step.
BATCH = 200
_FIELDS = [
    *("fence", "worker_name", "failures", "max_attempts"),
    *("started_at", "last_heartbeat", "suspicions"),
]


class RedisLeaseBook:
    """The `LeaseBook` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)

    def extend(self, held: Sequence[tuple[str, str]], lease: float) -> list[ExtendCode]:
        """Lengthens leases (id, fence) to ``lease`` seconds from now."""
        codes: list[ExtendCode] = []
        for at in range(0, len(held), BATCH):
            pairs = [text for pair in held[at : at + BATCH] for text in pair]
            codes += map(ExtendCode, self._functions.codes("extend", int(lease * 1000), *pairs))
        return codes

    def expired(self, most: int) -> list[Lease]:
        """Leases that ended by Redis' clock, the oldest first."""
        with translated():
            seconds, microseconds = self._client.time()
            entries = self._client.zrange(
                self._keys.leases,
                "-inf",
                seconds * 1000 + microseconds // 1000,
                byscore=True,
                offset=0,
                num=most,
                withscores=True,
            )
        return self._with_owners(cast(list[Any], entries))

    def of_worker(self, worker: str) -> list[Lease]:
        """Every lease of one worker process."""
        return self.of_workers([worker])

    def of_workers(self, workers: Collection[str]) -> list[Lease]:
        """Every lease of some. Walks all leases: they are as many as jobs run now."""
        with translated():
            entries = list(self._client.zscan_iter(self._keys.leases, count=500))
        return [lease for lease in self._with_owners(entries) if lease.worker in workers]

    def told_to_stop(self, workers: Collection[str]) -> set[str]:
        """Those that were stopping when they were heard of last, for a day after that."""
        pipe = self._client.pipeline(transaction=False)
        for worker in workers:
            pipe.exists(self._keys.told_to_stop(worker))
            # Of a worker of the last release this alone tells it, for one lease more.
            pipe.hget(self._keys.worker(worker), "stopping")
        with translated():
            told = pipe.execute() if workers else []
        pairs = zip(told[::2], told[1::2], strict=True)
        return {
            worker
            for worker, (is_noted, stopping) in zip(workers, pairs, strict=True)
            if is_noted or stopping == b"1"
        }

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        """Ends the attempts whose leases are still as seen."""
        codes: list[int] = []
        for at in range(0, len(rescued), BATCH):
            texts: list[Any] = []
            for lease, outcome in rescued[at : at + BATCH]:
                body, _ = codec.outcome_texts(outcome)
                delay = int(outcome.delay * 1000)
                texts += [lease.job_id, lease.fence, lease.expires, codec.kind_word(outcome)]
                texts += [delay, body]
            codes += self._functions.codes("rescue", int(only_expired), *texts)
        return [code == 1 for code in codes]

    def _with_owners(self, entries: list[Any]) -> list[Lease]:
        pipe = self._client.pipeline(transaction=False)
        for job_id, _ in entries:
            pipe.hmget(self._keys.job(job_id.decode()), _FIELDS)
        with translated():
            found = pipe.execute(raise_on_error=False) if entries else []
            owners = [_fields(owner) for owner in found]
        return [
            _lease(job_id, score, *owner)
            for (job_id, score), owner in zip(entries, owners, strict=True)
        ]


def _lease(job_id: bytes, expires_ms: float, *owner: bytes | None) -> Lease:
    fence, worker, failures, most, started, beat, suspicions = owner
    return Lease(
        job_id.decode(),
        (fence or b"").decode(),
        f"{expires_ms:.0f}",
        (worker or b"").decode(),
        number_in(failures),
        max_attempts_in(most),
        _unextended_seconds(expires_ms, started, beat),
        number_in(suspicions),
    )


def _unextended_seconds(
    expires_ms: float, started: bytes | None, beat: bytes | None
) -> float | None:
    """A claim takes away the heartbeat of the attempt before, so one that is there came after it.

    Not by the fence: it lies ahead of the clock where that is behind what the store has told before.
    """
    if beat or not started:
        return None
    try:
        return expires_ms / 1000 - datetime.fromisoformat(started.decode()).timestamp()
    except ValueError:
        return None


def _fields(owner: Any) -> list[Any]:
    """What is no hash is no job: such a key must not keep the others from being rescued."""
    if isinstance(owner, Exception):
        if "WRONGTYPE" not in str(owner):
            raise owner
        return [None] * len(_FIELDS)
    return cast(list[Any], owner)
