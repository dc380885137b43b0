"""What a worker process counts: complete, bounded, and cheap."""

from __future__ import annotations

import threading

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.telemetry.metrics.job_counts import UNKNOWN, JobCounts
from backend.telemetry.metrics.metric_catalogue import (
    ATTEMPTS,
    LATE,
    LOOP_BLOCKS,
    RUNS,
    SECONDS,
    WAITS,
)
from tests.effort import calls_of

_MOST_CALLS = 20


def _outcome(kind: OutcomeKind = OutcomeKind.FINISHED, seconds: float = 0.02) -> Outcome:
    return Outcome(kind, run_seconds=seconds)


def test_attempts_are_counted_by_type_and_outcome() -> None:
    counts = JobCounts("email", ["send_email"])

    counts.count([("send_email", _outcome(), 0.0)])
    counts.count([("send_email", _outcome(), 0.0)])
    counts.count([("send_email", _outcome(OutcomeKind.RETRIED), 0.0)])

    counters = counts.snapshot().counters
    assert counters[ATTEMPTS.name, ("email", "send_email", "finished")] == 2
    assert counters[ATTEMPTS.name, ("email", "send_email", "retried")] == 1


def test_runs_fall_into_the_bucket_of_their_length() -> None:
    counts = JobCounts("email", ["send_email"])

    for seconds in (0.0005, 0.02, 10_000.0):
        counts.count([("send_email", _outcome(seconds=seconds), 0.0)])

    spread = counts.snapshot().spreads[RUNS.name, ("email", "send_email")]
    assert spread.buckets[0] == 1
    assert spread.buckets[SECONDS.index(0.025)] == 1
    assert spread.buckets[-1] == 1
    assert spread.total == 10_000.0205


def test_a_job_type_that_nobody_declared_makes_no_new_series() -> None:
    counts = JobCounts("default", ["greet"])

    for number in range(1000):
        counts.count([(f"made-up-{number}", _outcome(OutcomeKind.FAILED), 0.0)])

    counters = counts.snapshot().counters
    assert counters == {
        (ATTEMPTS.name, ("default", UNKNOWN, "failed")): 1000,
        (LATE.name, ("default",)): 0,
    }


def test_what_alerts_ring_for_is_told_before_it_happens_once() -> None:
    """A counter that is born with its first case has not increased: nothing rings."""
    counts = JobCounts("email", ["send_email", "greet"], at_home=["send_email"])

    assert counts.snapshot().counters == {
        (ATTEMPTS.name, ("email", "send_email", "failed")): 0,
        (ATTEMPTS.name, ("email", UNKNOWN, "failed")): 0,
        (LATE.name, ("email",)): 0,
    }

    counts.count([("send_email", _outcome(OutcomeKind.FAILED), 0.0)])

    assert counts.snapshot().counters[ATTEMPTS.name, ("email", "send_email", "failed")] == 1


def test_a_late_outcome_is_no_attempt_that_ended() -> None:
    counts = JobCounts("default", ["greet"])

    counts.count([(None, _outcome(), 0.0)])
    counts.count([(None, _outcome(OutcomeKind.FAILED), 0.0)])

    snapshot = counts.snapshot()
    assert (snapshot.counters, snapshot.spreads) == ({(LATE.name, ("default",)): 2}, {})


def test_a_job_type_may_be_called_late() -> None:
    counts = JobCounts("default", ["late"])

    counts.count([("late", _outcome(), 0.5)])

    snapshot = counts.snapshot()
    assert snapshot.counters == {
        (ATTEMPTS.name, ("default", "late", "finished")): 1,
        (LATE.name, ("default",)): 0,
    }
    assert snapshot.spreads.keys() == {
        (RUNS.name, ("default", "late")),
        (WAITS.name, ("default", "late")),
    }


def test_waits_are_counted_by_type() -> None:
    counts = JobCounts("default", ["greet"])

    counts.count([("greet", _outcome(), 0.3)])

    assert counts.snapshot().spreads[WAITS.name, ("default", "greet")].total == 0.3


def test_threads_lose_no_count() -> None:
    counts = JobCounts("default", ["greet"])

    def work() -> None:
        for _ in range(5000):
            counts.count([("greet", _outcome(), 0.0)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts.snapshot().counters[ATTEMPTS.name, ("default", "greet", "finished")] == 20_000


def test_counting_costs_next_to_nothing() -> None:
    """A dozen calls, however much was counted before."""
    counts, outcome = JobCounts("default", ["greet"]), _outcome()

    first = calls_of(lambda: counts.count([("greet", outcome, 0.0)]))
    for _ in range(1000):
        counts.count([("greet", outcome, 0.0)])
    later = calls_of(lambda: counts.count([("greet", outcome, 0.0)]))

    assert later == first < _MOST_CALLS


def test_blocks_of_the_loop_are_counted_by_whose_fault_they_were() -> None:
    counts = JobCounts("fetch", ["crawl"])

    counts.count_block("crawl", 5.0)
    for unknown in (None, "made-up-1", "made-up-2"):
        counts.count_block(unknown, 0.4)

    spreads = counts.snapshot().spreads
    assert spreads.keys() == {(LOOP_BLOCKS.name, ("fetch", kind)) for kind in ("crawl", UNKNOWN)}
    assert spreads[LOOP_BLOCKS.name, ("fetch", "crawl")].total == 5.0
    assert sum(spreads[LOOP_BLOCKS.name, ("fetch", UNKNOWN)].buckets) == 3
