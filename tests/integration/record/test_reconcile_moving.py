"""The books are closed while callers, workers, people and a recorder go on.

``TALLY_TEST_RECONCILIATIONS=2000`` closes them that often.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection

from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.domain.ledger.ledger import FaultKind, LiveFacts, Places
from backend.domain.ledger.ledger_ports import Suspect
from backend.history.ledger.ledger_store import PostgresLedgerStore
from backend.loops.recorder import Recorder
from backend.services.ledger.ledger_look import SecondLook
from tests.integration.broker.bench import Bench
from tests.integration.record.bureau import Bureau

#: Callers hold back while more jobs than this are there, so that many rounds stay short.
MOST_JOBS = 2000
RECONCILIATIONS = int(os.environ.get("TALLY_TEST_RECONCILIATIONS", "8"))


class Traffic:
    """Callers, workers, people and a recorder that do not stop while the books are closed."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._stop = threading.Event()
        self._recorder: Recorder = bureau.chronicle.recorder()
        duties = (self._enqueue, self._work, self._move, self._record)
        self._threads = [threading.Thread(target=duty) for duty in duties]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _enqueue(self) -> None:
        while not self._stop.is_set():
            if self._bureau.redis.dbsize() > MOST_JOBS:
                self._stop.wait(0.01)
                continue
            self._bureau.enqueue(
                *[
                    self._bureau.job(priority=priority, delay=delay, result_ttl=1)
                    for priority in ("high", "normal", "low")
                    for delay in (0, 0, 0.05)
                ]
            )
            self._stop.wait(0.001)

    def _work(self) -> None:
        kinds = ("finished", "finished", "retried", "released", "failed", "snoozed", "returned")
        while not self._stop.is_set():
            self._bureau.bench.promote()
            for at, job in enumerate(self._bureau.bench.claim(12)):
                self._bureau.bench.settle(job, kinds[at % len(kinds)], delay=50, body='"x"')

    def _move(self) -> None:
        while not self._stop.is_set():
            waiting = self._bureau.bench.queue("low")
            for job_id in waiting[1:8:3]:
                self._bureau.bench.cancel(job_id)
            for job_id in waiting[2:9:3]:
                self._bureau.bench.reprioritise(job_id, "normal", front=True)
            for job_id in self._bureau.bench.members(self._bureau.keys.dead)[1:9]:
                self._bureau.bench.discard(job_id)
            self._stop.wait(0.005)

    def _record(self) -> None:
        while not self._stop.is_set():
            self._recorder.record_batch()


def test_jobs_that_move_raise_no_alarm(office: Bureau) -> None:
    moved = 0
    with Traffic(office):
        for _ in range(RECONCILIATIONS):
            report = office.ledger(patience=300).reconcile()
            assert report.faults == []
            assert not report.recorder_is_behind
            moved += report.moved

    office.record()
    assert office.ledger().reconcile().is_balanced
    assert moved > 10


def test_a_fault_among_jobs_that_move_is_found_and_repaired(office: Bureau) -> None:
    (victim,) = office.enqueue(office.job("count", payload={}, job_id="victim"))
    office.record()
    office.redis.lrem("rq:queue:normal:report", 0, victim)

    with Traffic(office):
        report = office.ledger(patience=300).reconcile(repair=True)

    assert report.counts == {FaultKind.GHOST: 1}
    assert office.bench.queue("normal:report") == ["victim"]


class ViewOfATakenJob(RedisLedgerView):
    """Misses every list while it reads them, and a worker takes the job before they are counted exactly."""

    bench: Bench

    def places(self, jobs: Collection[LiveFacts]) -> dict[str, Places]:
        """Nothing: the lists moved under its hands."""
        return {job.job_id: {} for job in jobs}

    def recount(self, job: LiveFacts, places: Places) -> Places | None:
        """What a count says that comes just after a claim."""
        self.bench.claim(50)
        return super().recount(job, places)


def test_a_job_that_is_claimed_between_two_looks_at_it_is_no_ghost(office: Bureau) -> None:
    (job_id,) = office.enqueue(office.job())
    office.record()
    view = ViewOfATakenJob(office.redis, office.keys)
    view.bench = office.bench
    look = SecondLook(view, PostgresLedgerStore(office.engine), office.progress, patience=5)

    looked = look.at([Suspect(job_id, by_list=True)])

    assert looked.findings == []
    assert looked.moved == 1
    assert office.bench.field(job_id, "status") == "started"


class ViewOfOneGlance(RedisLedgerView):
    """Sees a job out of its queue once; at the next look it is there, and nothing else has changed."""

    glances = 0

    def recount(self, job: LiveFacts, places: Places) -> Places | None:
        """Once no place at all, then the truth."""
        self.glances += 1
        return {} if self.glances == 1 else super().recount(job, places)


def test_what_is_seen_only_once_is_no_fault(office: Bureau) -> None:
    (job_id,) = office.enqueue(office.job())
    office.redis.lrem("rq:queue:normal", 0, job_id)
    office.record()
    view = ViewOfOneGlance(office.redis, office.keys)
    look = SecondLook(view, PostgresLedgerStore(office.engine), office.progress, patience=5)
    once = look.at([Suspect(job_id, by_list=True)])
    office.redis.rpush("rq:queue:normal", job_id)
    view.glances = 0

    again = look.at([Suspect(job_id, by_list=True)])

    assert [fault.kind for finding in once.findings for fault in finding.faults] == ["ghost"]
    assert again.findings == []
