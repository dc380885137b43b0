"""What becomes of a job, by what its handler does. One pool of real worker processes for all."""

from __future__ import annotations

import json

import pytest

from backend.domain.errors import InvalidPayload, PayloadTooLarge, UnknownJobType
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


@pytest.fixture(scope="module")
def at_work(deployment: Cluster) -> Cluster:
    """A deployment with one worker process and a scheduler."""
    deployment.start("scheduler")
    deployment.workers()
    return deployment


def test_a_job_runs_and_its_result_can_be_read(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("note", priority="high", tags=["a"], tenant="t"))

    assert job.state is JobState.FINISHED
    assert job.result["attempt"] == 1
    assert job.result["pid"] in pool.pids()
    assert job.tags == ["a"]
    assert pool.lines() == [job.id]


def test_failures_are_retried_after_their_delays_until_one_succeeds(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("fail", {"until": 3}))

    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 3, 2)
    assert job.result == "at last"


def test_a_job_out_of_retries_is_dead_with_its_error(pool: Cluster) -> None:
    dead = pool.platform.inspection.dead_count()
    job = pool.ended(pool.enqueue("fail"))

    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert job.error is not None
    assert (job.error.reason, job.error.error, job.error.message) == (
        "exception",
        "ValueError",
        "as told",
    )
    assert "raise ValueError" in job.error.traceback
    assert pool.platform.inspection.dead_count() == dead + 1


@pytest.mark.parametrize(
    ("word", "state", "attempts", "failures"),
    [
        ("permanent", JobState.FAILED, 1, 1),
        ("later", JobState.FINISHED, 2, 1),
        ("snooze", JobState.FINISHED, 2, 0),
    ],
)
def test_a_handler_may_say_what_its_failure_means(
    pool: Cluster, word: str, state: JobState, attempts: int, failures: int
) -> None:
    job = pool.ended(pool.enqueue("signal_by_word", {"word": word}))

    assert (job.state, job.attempt, job.failures) == (state, attempts, failures)


def test_a_result_that_is_not_json_is_a_failure_that_says_so(pool: Cluster) -> None:
    job = pool.ended(pool.enqueue("unencodable"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.error.message) == (
        "result_not_json",
        "result is an object, which is not JSON",
    )


def test_progress_can_be_read_while_a_job_runs(pool: Cluster) -> None:
    gate = pool.folder / "go"
    job_id = pool.enqueue("hold", {"until": str(gate)})

    eventually(lambda: pool.job(job_id).progress, timeout=10, show=pool.log)

    assert pool.job(job_id).progress == {"done": 1, "total": 2, "note": "holding"}
    gate.touch()
    assert pool.ended(job_id).state is JobState.FINISHED


@pytest.mark.parametrize("job_type", ["turn_pages", "isolated_turn_pages"])
def test_the_last_progress_of_a_job_is_kept(pool: Cluster, job_type: str) -> None:
    job = pool.ended(pool.enqueue(job_type))

    assert job.progress == {"done": 9, "total": 10, "note": "rendering"}


@pytest.mark.parametrize("job_type", ["count_up", "isolated_count_up"])
def test_a_checkpoint_reaches_the_next_attempt(pool: Cluster, job_type: str) -> None:
    job = pool.ended(pool.enqueue(job_type))

    refusal = "a checkpoint may have 16384 bytes as JSON"
    assert (job.attempt, job.result) == (2, [{"ä": 1}, refusal, {"ä": 2}])


def test_an_isolated_job_runs_in_a_process_of_its_own(pool: Cluster) -> None:
    first = pool.ended(pool.enqueue("isolated_note"))
    second = pool.ended(pool.enqueue("isolated_note"))

    assert first.result["pid"] not in pool.pids()
    assert second.result["pid"] == first.result["pid"]
    assert first.progress is not None
    assert first.progress["note"] == "isolated"


def test_what_cannot_be_accepted_is_refused_and_not_enqueued(pool: Cluster) -> None:
    service, before = pool.platform.queue_service, _known(pool)
    with pytest.raises(UnknownJobType, match="did you mean 'note'"):
        service.enqueue_job("notes", {})
    with pytest.raises(InvalidPayload, match="name: Field required"):
        service.enqueue_job("greet", {})
    with pytest.raises(PayloadTooLarge, match="262144 are allowed"):
        service.enqueue_job("note", {"file": "x" * 300_000})

    assert _known(pool) == before


def _known(pool: Cluster) -> tuple[set[bytes], int]:
    """Every job there is, and how many events there were."""
    redis = pool.platform.redis
    return set(redis.scan_iter("rq:job:*")), redis.xlen("rq:tally:events")


@pytest.mark.parametrize("job_type", ["speak", "speak_apart"])
def test_what_a_handler_logs_by_whatever_way_is_in_the_log_without_secrets(
    pool: Cluster, job_type: str
) -> None:
    job = pool.ended(pool.enqueue(job_type))

    lines = [json.loads(line) for line in pool.log().splitlines() if line.startswith("{")]
    told = [line for line in lines if line.get("job_id") == job.id]
    said = [(line["event"], line["level"], line.get("password")) for line in told]
    assert said == [("signed in", "info", "[hidden]"), ("syncing acme", "info", None)]
    assert "starting a connection" not in pool.log()
    assert "hunter2" not in pool.log()
