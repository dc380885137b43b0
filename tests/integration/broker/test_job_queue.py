"""`RedisJobQueue`: accepting jobs and looking at one."""

from __future__ import annotations

import itertools
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as CutOff

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.server import step_sizes
from backend.broker.server.connection import connect
from backend.domain.errors import (
    HistoryBacklogFull,
    InvalidRequest,
    QueueFull,
    QueueUnavailable,
)
from backend.domain.jobs.job_state import JobState
from tests.integration.broker.bench import ERROR, Bench, new_job


def _queue(bench: Bench, **limits: int) -> RedisJobQueue:
    return RedisJobQueue(bench.redis, bench.redis, bench.keys, **limits)


def test_each_job_is_answered_with_its_id_and_whether_it_is_new(bench: Bench) -> None:
    queue = _queue(bench)
    once = {"unique_key": "order-7", "unique_window": 100}

    replies = queue.enqueue(
        [new_job("a"), new_job("a"), new_job("b", **once), new_job("c", **once)]
    )

    assert [(reply.id, reply.created) for reply in replies] == [
        ("a", True),
        ("a", False),
        ("b", True),
        ("b", False),
    ]


def test_more_jobs_than_fit_into_one_step_are_all_accepted_in_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 3)

    replies = _queue(bench).enqueue([new_job(f"j{n}") for n in range(10)])

    assert [reply.id for reply in replies] == bench.queue() == [f"j{n}" for n in range(10)]


@pytest.mark.parametrize("batch", [2, 100])
def test_a_full_queue_says_how_many_were_accepted_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", batch)

    with pytest.raises(QueueFull, match="backlog limit") as refusal:
        _queue(bench, backlog_limit=3).enqueue([new_job(f"j{n}") for n in range(6)])

    assert refusal.value.details == {
        "queue": "normal",
        "accepted": 3,
        "accepted_ids": ["j0", "j1", "j2"],
    }
    assert bench.queue() == ["j0", "j1", "j2"]


def test_what_was_accepted_behind_a_refusal_is_told_by_its_ids(bench: Bench) -> None:
    jobs = [new_job("a"), new_job("b"), new_job("c", "high")]

    with pytest.raises(QueueFull) as refusal:
        _queue(bench, backlog_limit=1).enqueue(jobs)

    assert (refusal.value.details["accepted"], refusal.value.details["accepted_ids"]) == (
        1,
        ["a", "c"],
    )


def test_nothing_more_is_sent_once_a_refusal_is_known(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three calls are on their way when the second is refused; here they are refused too."""
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 1)
    bench.redis.config_resetstat()

    with pytest.raises(QueueFull):
        _queue(bench, backlog_limit=1).enqueue([new_job() for _ in range(20)])

    assert bench.redis.info("commandstats")["cmdstat_fcall"]["calls"] == 5


def test_calls_whose_answers_were_lost_are_sent_again_and_no_job_is_there_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 2)
    read, reads = AbstractConnection.read_response, itertools.count(1)

    def lost(connection: AbstractConnection, *args: Any, **options: Any) -> Any:
        if next(reads) == 3:
            connection.disconnect()
            raise CutOff("cut off")
        return read(connection, *args, **options)

    queue, ids = _queue(bench), [f"j{n}" for n in range(12)]
    bench.functions.check()
    monkeypatch.setattr(AbstractConnection, "read_response", lost)
    replies = queue.enqueue([new_job(job_id) for job_id in ids])

    assert [reply.id for reply in replies] == bench.queue() == ids
    assert [reply.created for reply in replies] == [True] * 12
    assert bench.count("accepted") == 12


def _lose_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one of Redis is not heard by whoever waits for it."""
    read = AbstractConnection.read_response

    def lost(connection: AbstractConnection, *args: Any, **options: Any) -> Any:
        monkeypatch.setattr(AbstractConnection, "read_response", read)
        read(connection, *args, **options)
        connection.disconnect()
        raise CutOff("cut off")

    monkeypatch.setattr(AbstractConnection, "read_response", lost)


@pytest.mark.parametrize("digest", ["", "asked"], ids=["our id", "the caller's id"])
def test_a_job_whose_first_answer_was_lost_is_new_by_the_call_that_made_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, digest: str
) -> None:
    queue = _queue(bench)
    bench.functions.check()
    _lose_an_answer(monkeypatch)

    [reply] = queue.enqueue([new_job("a", digest=digest)])

    assert (reply.id, reply.created, reply.may_be_older) == ("a", True, digest != "")
    assert bench.count("accepted") == 1


def test_a_job_that_is_sent_again_because_it_was_refused_is_new_only_if_it_was_not_there(
    bench: Bench,
) -> None:
    queue = _queue(bench)
    queue.enqueue([new_job("a", digest="asked")])
    bench.redis.function_flush()

    replies = queue.enqueue([new_job("a", digest="asked"), new_job("b", digest="asked")])

    assert [(reply.created, reply.may_be_older) for reply in replies] == [
        (False, False),
        (True, False),
    ]


def test_where_functions_are_missing_all_calls_on_their_way_are_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 2)
    queue, ids = _queue(bench), [f"j{n}" for n in range(12)]
    bench.redis.function_flush()

    replies = queue.enqueue([new_job(job_id) for job_id in ids])

    assert [(reply.id, reply.created) for reply in replies] == [(job_id, True) for job_id in ids]
    assert bench.queue() == ids


def test_any_refusal_in_the_middle_says_how_many_were_accepted_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 2)
    bench.tampered = True
    # No caller can ask for such a window any more: Redis refuses the expiry.
    bad = new_job("bad", unique_key="k", unique_window=float(2**62))

    with pytest.raises(InvalidRequest, match="only the first 2 were accepted") as refusal:
        _queue(bench).enqueue([new_job("a"), new_job("b"), bad, new_job("c")])

    assert refusal.value.details["accepted"] == 2
    assert bench.queue() == ["a", "b"]


def test_what_cannot_be_encoded_leaves_nothing_accepted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 2)
    bad = new_job("bad", options={"tags": object()})

    with pytest.raises(TypeError):
        _queue(bench).enqueue([new_job("a"), new_job("b"), bad])

    assert bench.queue() == []


def test_a_record_too_far_behind_says_how_many_were_accepted_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_sizes, "MOST_JOBS", 2)

    with pytest.raises(HistoryBacklogFull) as refusal:
        _queue(bench, stream_limit=2).enqueue([new_job() for _ in range(6)])

    assert refusal.value.details["accepted"] == 2
    assert refusal.value.details["accepted_ids"] == bench.queue()


def test_a_waiting_job_is_shown_as_it_was_asked_for(bench: Bench) -> None:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    options = {"tags": ["a"], "trace_id": "t", "timeout": 1.5}
    bench.seed(new_job("a", "low:email", options=options, expires_at=expires, payload='{"ä":[1]}'))

    view = _queue(bench).find("a")

    assert view is not None
    assert (view.job_type, view.queue, view.state) == ("greet", "low:email", JobState.QUEUED)
    assert (view.payload, view.attempt, view.max_attempts) == ({"ä": [1]}, 0, 3)
    assert (view.tags, view.trace_id, view.timeout) == (["a"], "t", 1.5)
    assert (view.expires_at, view.cancel_asked, view.progress) == (expires, False, None)


def test_a_scheduled_job_tells_when_it_will_run(bench: Bench) -> None:
    run_at = datetime(2036, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)
    bench.seed(new_job("a", run_at=run_at))

    view = _queue(bench).find("a")

    assert view is not None
    assert view.run_at == run_at


def test_a_finished_job_shows_its_result(bench: Bench) -> None:
    job = bench.started()
    bench.settle(job, "finished", body='{"n":1}', result=b64encode(b'{"n":1}').decode())

    view = _queue(bench).find(job.id)

    assert view is not None
    assert (view.state, view.result, view.attempt) == (JobState.FINISHED, {"n": 1}, 1)
    assert view.ended_at is not None
    assert view.started_at is not None
    assert view.started_at <= view.ended_at


def test_a_dead_job_shows_its_error(bench: Bench) -> None:
    dead = bench.dead()

    view = _queue(bench).find(dead)

    assert view is not None
    assert view.error is not None
    assert (view.error.error, view.failures, view.worker) == ("ValueError", 1, "w1")


def test_a_job_that_redis_does_not_know_is_none(bench: Bench) -> None:
    assert _queue(bench).find("nobody") is None


def test_a_started_job_tells_that_it_was_asked_to_stop(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id)
    bench.settle(job, "failed", body=ERROR)
    running = bench.started()
    bench.cancel(running.id)

    view = _queue(bench).find(running.id)

    assert view is not None
    assert view.cancel_asked


def test_without_redis_there_is_one_clear_error_and_no_long_wait() -> None:
    client = connect("unix:///nonexistent/redis.sock")
    queue = RedisJobQueue(client, client, Keys())

    for call in (lambda: queue.enqueue([new_job()]), lambda: queue.find("a")):
        with pytest.raises(QueueUnavailable, match="check REDIS_URL"):
            call()
