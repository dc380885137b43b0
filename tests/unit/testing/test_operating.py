"""What an application does beside enqueueing works in memory too: acting, finding, looking back."""

from __future__ import annotations

import pytest

from backend.services.finding.history_service import HistoryService
from tally import HistoryUnavailable, IllegalMove, JobFilter, JobNotFound, JobState
from tally.testing import QueueInTest
from tests.unit.testing.shop import queue, send_receipt


def _receipt(order_id: int = 17, **options: object) -> str:
    return queue.enqueue_job("send_receipt", {"order_id": order_id}, **options)  # type: ignore[arg-type]


def test_a_job_is_withdrawn(jobs: QueueInTest) -> None:
    job_id = _receipt()

    assert queue.cancel_job(job_id, reason="not meant") == "canceled"

    assert jobs.drain() == []
    with pytest.raises(IllegalMove):
        queue.cancel_job(job_id)
    with pytest.raises(JobNotFound):
        queue.cancel_job("nobody")


def test_a_declared_function_enqueues_looks_waits_and_withdraws(jobs: QueueInTest) -> None:
    job = send_receipt.enqueue({"order_id": 17})
    later = send_receipt.enqueue({"order_id": 18}, delay=60)

    assert job.result()["sent"] == 17
    assert later.cancel() == "canceled"
    assert [each.id for each in jobs.enqueued(send_receipt)] == [job.id, later.id]


def test_a_key_that_outlives_a_result_gives_the_one_on_record(jobs: QueueInTest) -> None:
    job = send_receipt.enqueue({"order_id": 17}, idempotency_key="order-17")
    sent = job.result()
    jobs.travel(hours=2)

    again = send_receipt.enqueue({"order_id": 17}, idempotency_key="order-17")

    assert (again.id, again.created) == (job.id, False)
    assert again.result() == sent
    assert queue.find_job(job.id) == again.view()


def test_a_result_that_nobody_can_tell_now_is_not_taken_for_none(
    jobs: QueueInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"idempotency_key": "order-17", "result_ttl": 60}
    job = send_receipt.enqueue({"order_id": 17}, **said)  # type: ignore[arg-type]
    unwanted = send_receipt.enqueue({"order_id": 17}, result_ttl=0)
    jobs.drain()
    monkeypatch.setattr(HistoryService, "get_job", _away)
    assert unwanted.result() is None
    jobs.travel(seconds=61)

    with pytest.raises(HistoryUnavailable, match="ask again later"):
        job.result()

    assert (job.view().state, job.view().is_result_lost) == ("finished", True)
    assert queue.find_job(job.id) == job.view()


def _away(*_: object) -> None:
    raise HistoryUnavailable("Postgres is away")


def test_a_dead_job_is_sent_home(jobs: QueueInTest) -> None:
    job_id = _receipt(13, max_retries=0)
    jobs.drain(raise_errors=False)
    assert [job.id for job in jobs.dead()] == [job_id]

    queue.retry_job(job_id, payload={"order_id": 17})

    assert [job.result["sent"] for job in jobs.drain()] == [17]


def test_a_pause_holds_until_it_is_resumed(jobs: QueueInTest) -> None:
    _receipt()
    queue.pause(job_type="send_receipt", reason="a flood")

    assert jobs.drain() == []
    assert [(pause.what, pause.reason) for pause in queue.pauses()] == [
        ("type:send_receipt", "a flood")
    ]
    queue.resume(job_type="send_receipt")
    assert len(jobs.drain()) == 1


def test_jobs_are_found_in_the_queue_and_on_record(jobs: QueueInTest) -> None:
    done = _receipt(tenant="acme")
    jobs.drain()
    waits = _receipt(tenant="acme")
    _receipt(tenant="other")

    found = {job.id: job.state for job in queue.search_jobs(JobFilter(tenant="acme")).jobs}

    assert found == {done: JobState.FINISHED, waits: JobState.QUEUED}


def test_the_whole_life_of_a_job_is_on_record_long_after_it_has_left_the_queue(
    jobs: QueueInTest,
) -> None:
    job_id = _receipt(result_ttl=60)
    jobs.drain()
    jobs.travel(days=30)

    history = queue.job_history(job_id)

    assert [line.kind for line in history.timeline] == ["enqueued", "started", "finished"]
    assert [attempt.result["sent"] for attempt in history.attempts] == [17]
    assert queue.get_job(job_id).result["sent"] == 17


def test_an_old_job_is_replayed(jobs: QueueInTest) -> None:
    job_id = _receipt(tenant="acme")
    jobs.drain()

    with jobs.expect_enqueued(send_receipt, order_id=17, tenant="acme"):
        queue.replay_job(job_id)


def test_why_a_job_does_not_run_is_explained(jobs: QueueInTest) -> None:
    job_id = _receipt(delay=3600)

    assert "due" in queue.explain_job(job_id).text


def test_many_jobs_are_withdrawn_but_those_that_have_ended(jobs: QueueInTest) -> None:
    done = _receipt(1)
    jobs.drain()
    waiting = [_receipt(2), _receipt(3, delay=60)]

    assert queue.cancel_jobs([done, *waiting], reason="closed") == waiting
    assert jobs.drain() == []


def test_dead_jobs_are_discarded_or_marked_as_done_by_hand(jobs: QueueInTest) -> None:
    gone, by_hand = (_receipt(13, max_retries=0) for _ in range(2))
    jobs.drain(raise_errors=False)

    queue.discard_job(gone, reason="a test")
    queue.resolve_job(by_hand, reason="sent by post")

    assert jobs.dead() == []
    assert jobs.job(by_hand).state is JobState.FINISHED
    with pytest.raises(IllegalMove):
        queue.discard_job(by_hand)


def test_nobody_is_told_to_start_a_worker_for_jobs_that_the_test_works_off(
    jobs: QueueInTest,
) -> None:
    job_id = _receipt()

    waits = queue.explain_job(job_id)
    [worker] = queue.worker_states()

    assert (list(waits.causes), waits.text) == ([], "it is next in line")
    assert (worker.name, worker.state, worker.slots) == ("worker-in-test", "idle", 1)
    jobs.drain()
