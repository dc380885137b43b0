"""Whatever happened since a copy of Redis was made: with the copy put right, each job is as it was.

``TALLY_TEST_OLDER_COPIES=200`` goes back that often.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau
from tests.integration.record.older_copy import go_back, repair, take_copy

COPIES = int(os.environ.get("TALLY_TEST_OLDER_COPIES", "5"))
MOVES = 60
KINDS = ("finished", "failed", "failed", "retried", "snoozed", "released", "returned", "suspected")


class Standing(NamedTuple):
    """Where a job stands, as far as the record can tell."""

    state: str
    failures: int
    payload: Any
    due: int
    is_suspect: bool


class History:
    """Callers, workers and people, each move of them as the dice fall."""

    def __init__(self, bureau: Bureau, seed: int) -> None:
        self._bureau = bureau
        self._dice = Random(seed)  # noqa: S311 - not for secrets
        self.ids: list[str] = []
        self._held: list[Any] = []

    def go_on(self, moves: int) -> None:
        """So many moves."""
        bench = self._bureau.bench
        acts: list[Callable[[], object]] = [
            *[self._enqueue, self._claim, self._settle] * 2,
            lambda: bench.cancel(self._one()),
            lambda: bench.redrive(self._one(), data=self._dice.choice(["", self._call()])),
            lambda: bench.discard(self._one(), how=self._dice.choice(["discarded", "resolved"])),
            lambda: bench.run_now(self._one()),
        ]
        for _ in range(moves):
            self._dice.choice(acts)()

    def _one(self) -> str:
        return self._dice.choice(self.ids or ["nobody"])

    def _claim(self) -> None:
        self._held += self._bureau.bench.claim(self._dice.randrange(1, 4))

    def _settle(self) -> None:
        if self._held:
            held = self._held.pop(self._dice.randrange(len(self._held)))
            delay = self._dice.choice([0, 5_000_000])
            self._bureau.bench.settle(held, self._dice.choice(KINDS), delay=delay, body=ERROR)

    def _call(self) -> str:
        return f'["workers.runtime.trampoline.run",null,["greet",{self._payload()}],{{}}]'

    def _payload(self) -> str:
        return f'{{"name":"n{self._dice.randrange(3)}","n":{self._dice.randrange(1000)}}}'

    def _enqueue(self) -> None:
        dice, job_id = self._dice, f"job-{len(self.ids)}"
        same = dice.choice(["started", "ended", None])
        unique = {"unique": same, "unique_by": ["name"]} if same else {}
        conflict = {"on_conflict": "replace"} if same == "started" and dice.random() < 0.7 else {}
        payload = {"name": f"n{dice.randrange(3)}", "n": dice.randrange(1000)}
        options = {"delay": dice.choice([0, 0, 5000]), "max_retries": 2, **unique, **conflict}
        self.ids.append(job_id)
        self._bureau.queue.enqueue([self._bureau.job(payload=payload, job_id=job_id, **options)])

    def standings(self) -> dict[str, Standing]:
        """Of each job that waits, runs or is dead; what runs begins again."""
        found = {}
        for job_id in self.ids:
            job = self._bureau.queue.find(job_id)
            if job is None or job.state in {"finished", "canceled"}:
                continue
            state = "queued" if job.state == "started" else str(job.state)
            if job.state == "started" and self._bureau.bench.field(job_id, "cancel"):
                continue
            due = self._bureau.bench.registry("scheduled").get(job_id, 0)
            suspect = self._bureau.bench.field(job_id, "suspect") == "1"
            found[job_id] = Standing(state, job.failures, job.payload, round(due / 10), suspect)
        return found


@pytest.mark.parametrize("seed", range(COPIES))
def test_each_job_is_as_it_was(bureau: Bureau, seed: int) -> None:
    bureau.epochs().lift()
    history = History(bureau, seed)
    history.go_on(MOVES)
    copy = take_copy(bureau)
    history.go_on(MOVES)
    before = history.standings()
    go_back(bureau, copy)

    repair(bureau)

    assert history.standings() == before
    assert {job_id for job_id, _ in bureau.inspection.dead(0, 1000)} == {
        job_id for job_id, stands in before.items() if stands.state == "failed"
    }
