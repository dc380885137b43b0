"""Puts Redis right for the ledger. Each step looks again whether the job is still as it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, cast

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.keys import Keys
from backend.broker.ledger.ledger_view import balance_of
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.broker.server.step_sizes import steps_of
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.keyed_name import HOLD, RATE_SHARE
from backend.domain.ledger.ledger import LiveFacts, Places, QueueBalance
from backend.domain.ledger.ledger_ports import Attestation, RestorableJob, Seat


class RedisLedgerRepair:
    """The `LedgerRepair` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._stream = keys.stream
        self._functions = Functions(client, keys.root)

    def reseat(self, seen: LiveFacts, places: Places, seat: Seat) -> bool:
        """Puts a job where it belongs, once, and out of every other place."""
        head = (seen.job_id, seen.state, seen.fence, seat.state, seat.due_ms)
        rest = (int(seat.lease * 1000), seat.queue, seat.fence)
        return bool(self._functions.call("reseat", *head, *rest, *places))

    def restore(self, jobs: Sequence[RestorableJob], *, count: bool) -> list[bool]:
        """Makes jobs again that are not there; ``count`` them as accepted when the books are lost too.

        Those that the books cannot know are counted anyway.
        """
        made: list[bool] = []
        lacked = range(0) if count else self._lacked()
        for step in _steps_of(jobs):
            runs = groupby(step, lambda job: count or job.created_ms in lacked)
            for is_uncounted, run in runs:
                texts = [text for job in run for text in _restore_arguments(job)]
                codes = self._functions.codes("restore", int(is_uncounted), *texts)
                made += [code == 1 for code in codes]
        return made

    def _lacked(self) -> range:
        """The moments (ms) of which the books know nothing, for they are of an older copy, or new."""
        with translated():
            found = cast(
                list[bytes | None], self._client.hmget(self._stream, ["lacks_from", "lacks_until"])
            )
        first, last = (int(value or 0) for value in found)
        return range(first + 1, last + 1)

    def remake(
        self, seen: LiveFacts, places: Places, job: RestorableJob | None, *, has_checkpoint: bool
    ) -> bool:
        """Makes a job anew in the place of an older copy; without ``job`` it is only taken out."""
        texts = _restore_arguments(job) if job else []
        head = (seen.job_id, seen.mark, "1" if has_checkpoint else "", len(places), *places)
        return bool(self._functions.call("remake", *head, *texts))

    def remind(self, seen: LiveFacts) -> bool:
        """Asks a running job to stop once more."""
        return bool(self._functions.call("remind", seen.job_id, seen.mark))

    def recall(self, jobs: Sequence[RestorableJob]) -> int:
        """Makes finished jobs known again that a key still stands for; how many were not there."""
        known = 0
        for step in _steps_of(jobs):
            texts = [text for job in step for text in _recall_arguments(job)]
            known += sum(self._functions.codes("recall", *texts))
        return known

    def attest(self, seen: LiveFacts, attestation: Attestation) -> bool:
        """Tells the record where a job stands."""
        head = (seen.job_id, seen.state, seen.fence)
        return bool(self._functions.call("attest", *head, *attestation))

    def write_off(self, balance: QueueBalance) -> bool:
        """Sets what a queue accepted to what it has, if it is still out by as much."""
        row = self._functions.call("balance", balance.queue, balance.difference)
        return balance_of(balance.queue, row).difference == 0


def _steps_of(jobs: Sequence[RestorableJob]) -> Iterator[Sequence[RestorableJob]]:
    options = [codec.options_text(each.job.options) for each in jobs]
    return steps_of(jobs, [each.job.payload for each in jobs], options)


def _restore_arguments(restorable: RestorableJob) -> list[Any]:
    return [
        *codec.whole_arguments(restorable.job),
        restorable.state.value,
        restorable.created_ms,
        restorable.attempt,
        restorable.failures,
        "1" if restorable.is_suspect else "",
        restorable.error,
        restorable.open_fence,
        restorable.worker,
        restorable.ended_ms,
        restorable.job.options.get(DESTINATION, ""),
        restorable.job.scope.text if restorable.job.scope else "",
        restorable.job.options.get(RATE_SHARE, ""),
        "1" if restorable.job.options.get(HOLD) else "",
        restorable.cancel_asked_by,
        restorable.cancel_reason,
        restorable.job.digest,
    ]


def _recall_arguments(restorable: RestorableJob) -> list[Any]:
    job = restorable.job
    return [
        job.id,
        str(job.queue),
        job.job_type,
        codec.data_of(job.job_type, job.payload),
        codec.options_text(job.options),
        job.max_attempts,
        restorable.attempt,
        restorable.created_ms,
        restorable.ended_ms,
        job.unique_key,
        int(job.unique_window * 1000),
        job.scope.text if job.scope else "",
        job.digest,
    ]
