"""A job with a callback_url tells how it ended: once for each end, whoever dies in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.domain.jobs.job_event import JobEvent
from backend.history.outbox.callback_store import PostgresCallbackStore
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau

URL = "https://example.com/done"


def _job(bureau: Bureau, **options: Any) -> Any:
    return bureau.job(callback_url=URL, trace_id="t-1", context_id="c-1", **options)


def tell(bureau: Bureau) -> list[Any]:
    """Everything that ended is recorded, told and brought to Redis; the webhook jobs."""
    bureau.record()
    while bureau.callbacks().run_once() == 0.0:
        continue
    bureau.relay_all()
    found = [bureau.queue.find(job_id) for job_id in bureau.bench.queue("normal:webhook")]
    return [job for job in found if job is not None]


def test_a_finished_job_tells_its_id_status_result_and_trace(bureau: Bureau) -> None:
    (job_id,) = bureau.enqueue(_job(bureau))
    bureau.run_all('{"rows":3}')

    (hook,) = tell(bureau)

    assert hook.job_type == "send_webhook"
    assert hook.payload["url"] == URL
    assert hook.payload["secret"] == "main"
    assert hook.payload["body"]["type"] == "job.finished"
    data = hook.payload["body"]["data"]
    assert data == {
        "job_id": job_id,
        "job_type": "greet",
        "status": "finished",
        "attempt": 1,
        "result": {"rows": 3},
        "error": None,
        "reason": None,
        "trace_id": "t-1",
        "context_id": "c-1",
    }
    assert (hook.trace_id, hook.options["parent_id"], hook.tags) == ("t-1", job_id, ["callback"])


def test_a_failed_job_tells_its_error(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)

    (hook,) = tell(bureau)

    assert hook.payload["body"]["type"] == "job.failed"
    assert hook.payload["body"]["data"]["error"] == {
        "reason": "exception",
        "error": "ValueError",
        "message": "no",
    }


def test_a_canceled_job_tells_why(bureau: Bureau) -> None:
    (job_id,) = bureau.enqueue(_job(bureau))
    bureau.bench.cancel(job_id)

    (hook,) = tell(bureau)

    assert hook.payload["body"]["data"]["status"] == "canceled"
    assert hook.payload["body"]["data"]["reason"] == "changed my mind"


def test_a_job_that_will_be_tried_again_tells_nothing_yet(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.bench.settle(bureau.bench.claim()[0], "retried", delay=1000, body=ERROR)

    assert tell(bureau) == []


def test_a_job_without_a_callback_tells_nothing(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(tags=["callback_url"]), bureau.job())
    bureau.run_all()

    assert tell(bureau) == []
    assert bureau.rows("SELECT 1 FROM job_callbacks") == []


def test_each_end_of_a_redriven_job_is_told_once(bureau: Bureau) -> None:
    (job_id,) = bureau.enqueue(_job(bureau))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)
    bureau.record()
    bureau.bench.redrive(job_id)
    bureau.run_all()

    hooks = tell(bureau)

    states = [hook.payload["body"]["data"]["status"] for hook in hooks]
    assert states == ["failed", "finished"]
    assert len({hook.id for hook in hooks}) == 2
    assert len(tell(bureau)) == 2


def test_events_recorded_twice_and_out_of_order_are_told_once(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.run_all()
    events: list[JobEvent] = bureau.bench.events()
    payload = '{"name":"Ada"}'
    events = [event._replace(data=payload) if event.data else event for event in events]

    for event in (*reversed(events), *events):
        bureau.chronicle.write(event)
        bureau.callbacks().run_once()
    bureau.relay_all()

    assert len(bureau.bench.queue("normal:webhook")) == 1
    assert len(bureau.rows("SELECT 1 FROM job_callbacks")) == 1


def test_a_teller_that_dies_before_the_commit_is_made_up_for(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.run_all()
    bureau.record()

    def dies(_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PostgresCallbackStore(bureau.engine, bureau.clock.now).decide(10, dies)

    assert len(tell(bureau)) == 1


def test_many_tellers_share_the_work(bureau: Bureau) -> None:
    bureau.enqueue(*[_job(bureau) for _ in range(120)])
    bureau.run_all()
    bureau.record()
    loops = [bureau.callbacks() for _ in range(3)]

    def work_off(loop: Any) -> None:
        while loop.run_once() == 0.0:
            continue

    threads = [threading.Thread(target=work_off, args=(loop,)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tell(bureau)) == 120


@pytest.mark.parametrize(
    "result",
    ['"' + "x" * 5000 + '"', '["half \\ud800"]', "[" * 200 + "]" * 200],
    ids=["too large", "half a character", "too deep"],
)
def test_a_result_that_no_payload_can_hold_is_left_out_and_said_so(
    bureau: Bureau, result: str
) -> None:
    bureau.enqueue(_job(bureau))
    bureau.run_all(result)

    (hook,) = tell(bureau)

    assert hook.payload["body"]["data"]["result"] is None
    assert hook.payload["body"]["data"]["result_omitted"] is True


def test_a_callback_that_cannot_be_made_is_noted_with_the_reason(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.run_all()
    bureau.record()
    bureau.callback_service._job_type = "send_webhok"

    assert tell(bureau) == []
    (row,) = bureau.rows("SELECT decided_at IS NOT NULL AS done, last_error FROM job_callbacks")
    assert row["done"]
    assert "send_webhok" in row["last_error"]


def test_a_callback_of_a_test_run_is_a_test_run(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau, is_test=True))
    bureau.run_all()

    (hook,) = tell(bureau)

    assert hook.options["is_test"] is True


def test_the_end_of_a_job_wakes_the_teller(bureau: Bureau) -> None:
    loop, stop = bureau.callbacks(), threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        bureau.enqueue(_job(bureau))
        bureau.run_all()
        bureau.record()
        bureau.eventually(lambda: loop.decided == 1, seconds=3)
    finally:
        stop.set()
        thread.join()


def test_what_was_told_long_ago_is_forgotten(bureau: Bureau) -> None:
    bureau.enqueue(_job(bureau))
    bureau.run_all()
    tell(bureau)
    store = PostgresCallbackStore(bureau.engine, bureau.clock.now)

    assert store.clean(60, 10) == 0
    assert store.clean(0, 10) == 1
