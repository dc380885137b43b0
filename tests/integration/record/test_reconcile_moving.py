"""The books are closed while callers, workers, people and a recorder go on."""

from __future__ import annotations

import threading

from backend.domain.ledger import FaultKind
from backend.loops.recorder import Recorder
from tests.integration.record.bureau import Bureau


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
            self._bureau.enqueue(
                *[
                    self._bureau.job(priority=priority, delay=delay, result_ttl=1)
                    for priority in ("high", "normal", "low")
                    for delay in (0, 0, 0.05)
                ]
            )
            self._stop.wait(0.001)

    def _work(self) -> None:
        kinds = ("finished", "finished", "retried", "released", "failed", "snoozed")
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
            self._stop.wait(0.005)

    def _record(self) -> None:
        while not self._stop.is_set():
            self._recorder.record_batch()


def test_jobs_that_move_raise_no_alarm(office: Bureau) -> None:
    moved = 0
    with Traffic(office):
        for _ in range(8):
            report = office.ledger(patience=20).reconcile()
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
        report = office.ledger(patience=20).reconcile(repair=True)

    assert report.counts == {FaultKind.GHOST: 1}
    assert office.bench.queue("normal:report") == ["victim"]
