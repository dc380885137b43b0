"""Outcomes without bounds fail their own job, once; the process and its neighbours never notice."""

from __future__ import annotations

import sys
from typing import Any

import psutil
import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.broker.bench import new_job
from tests.integration.runtime.cluster import Cluster
from tests.jobs.unbounded import NO_DELAYS, NO_RESULTS


def _naps(pool: Cluster) -> list[str]:
    return [pool.enqueue("nap", {"seconds": 0.5}) for _ in range(3)]


def _undisturbed(pool: Cluster, naps: list[str]) -> None:
    """Each ran once, and its process is still the same."""
    for job_id in naps:
        job = pool.ended(job_id)
        assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 1, 0)
    lines = pool.lines()
    assert all(lines.count(job_id) == 1 for job_id in naps)


def _failed_once(pool: Cluster, job_id: str) -> tuple[str, str]:
    job = pool.ended(job_id)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert pool.lines().count(job_id) == 1
    assert job.error is not None
    return job.error.reason, job.error.message


@pytest.fixture
def process(pool: Cluster) -> psutil.Process:
    """The worker process, which must be the same in the end."""
    return psutil.Process(pool.pids()[0])


@pytest.mark.parametrize("signal", ["snooze", "retry"])
def test_a_delay_that_is_no_time_fails_its_job_and_disturbs_no_other(
    pool: Cluster, process: psutil.Process, signal: str
) -> None:
    naps = _naps(pool)
    jobs = [pool.enqueue("put_off", {"delay": word, "signal": signal}) for word in NO_DELAYS]

    for job_id in jobs:
        reason, message = _failed_once(pool, job_id)
        assert reason == "invalid_delay"
        assert message.startswith("delay is not a time: it must be a number of seconds from 0 to")
    _undisturbed(pool, naps)
    assert process.is_running()
    assert pool.difference() == 0


@pytest.mark.parametrize("job_type", ["return_no_json", "return_no_json_alone"])
def test_a_result_that_is_no_json_has_its_effect_once(pool: Cluster, job_type: str) -> None:
    jobs = {kind: pool.enqueue(job_type, {"kind": kind}) for kind in NO_RESULTS}

    for job_id in jobs.values():
        reason, message = _failed_once(pool, job_id)
        assert reason == "result_not_json"
        assert message.startswith("result")


def test_a_result_with_one_form_in_json_is_kept(pool: Cluster) -> None:
    assert pool.ended(pool.enqueue("return_time")).result == "2026-01-27T08:30:00Z"


@pytest.mark.parametrize("job_type", ["return_much", "return_much_alone"])
def test_a_huge_result_fails_its_job_before_it_is_sent(
    pool: Cluster, process: psutil.Process, job_type: str
) -> None:
    naps = _naps(pool)
    job_id = pool.enqueue(job_type, {"bytes": 200_000_000})

    assert _failed_once(pool, job_id) == (
        "result_too_large",
        (
            "the result has at least 200000000 bytes, 1048576 are allowed (max_result_bytes); "
            "store it as an artifact, or in a table, and return its name"
        ),
    )
    _undisturbed(pool, naps)
    assert process.is_running()


def test_a_result_of_a_megabyte_is_kept(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("return_much", {"bytes": 1_000_000}))

    assert job.result == "x" * 1_000_000


def test_what_has_no_words_is_retried_like_any_other(pool: Cluster) -> None:
    job_id = pool.enqueue("raise_wordless")
    # No scheduler runs here that would bring it back.
    eventually(lambda: pool.job(job_id).state is JobState.SCHEDULED, timeout=20)

    error = pool.job(job_id).error
    assert error is not None
    assert (error.error, error.message) == ("Wordless", "(its text cannot be made)")


def test_logging_fails_no_job(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("log_reserved"))

    assert (job.state, job.attempt, job.result) == (JobState.FINISHED, 1, "logged")
    assert f'"job_id": "{job.id}"' in pool.log()
    assert '"detail_job_id": "y"' in pool.log()


def test_jobs_accepted_before_there_were_bounds_run_and_can_be_listed(pool: Cluster) -> None:
    """As an earlier release took them: a result for ever, and a retry beyond all calendars."""
    for_ever = _old(pool, "note", result_ttl=sys.maxsize)
    late = _old(pool, "fail", max_attempts=2**31, options={"retry_delays": [1e300]})
    unreadable = _old(pool, "note", expires_at_ms=9 * 10**17)

    assert pool.ended(for_ever).state is JobState.FINISHED
    assert pool.ended(unreadable).expires_at is not None
    eventually(lambda: pool.job(late).state is JobState.SCHEDULED, timeout=20)
    assert 0 < pool.platform.redis.ttl(pool.platform.keys.job(for_ever)) <= 31_622_400
    pool.platform.redis.zadd(pool.platform.keys.schedule, {late: 1e15})
    assert [job_id for job_id, _ in pool.platform.inspection.scheduled(0, 1000)].count(late) == 1
    assert pool.job(late).run_at is not None
    assert pool.difference() == 0


def _old(pool: Cluster, job_type: str, expires_at_ms: int = 0, **fields: Any) -> str:
    job = new_job("", "normal", job_type=job_type, payload=f'{{"file":"{pool.file}"}}', **fields)
    pool.platform.job_queue.enqueue([job])
    if expires_at_ms:
        pool.platform.redis.hset(pool.platform.keys.job(job.id), "expires_at", expires_at_ms)
    return job.id


def test_of_many_nothing_is_accepted_when_one_is_refused(pool: Cluster) -> None:
    service = pool.platform.queue_service
    before = pool.platform.inspection.queue_states(["low"])[0].accepted
    good = {"job_type": "note", "payload": {"file": str(pool.file)}, "priority": "low"}

    for bad in ({"max_retries": 2**31}, {"result_ttl": sys.maxsize}, {"retry_delays": [1e300]}):
        with pytest.raises(InvalidOption):
            service.enqueue_many([good] * 150 + [good | bad])

    assert pool.platform.inspection.queue_states(["low"])[0].accepted == before
