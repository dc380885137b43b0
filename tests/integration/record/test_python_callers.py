"""What Python callers do beside enqueueing: they find, cancel, pause, limit, look back, under a name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.errors import HistoryUnavailable, IllegalMove, InvalidOption, JobNotFound
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from backend.services.jobs.job_options import JobRequest
from backend.services.queue_service import QueueService
from tests.integration.record.bureau import Bureau
from workers.job_types.job_handle import Job

_NOTE = {"message": "hello"}
_NOWHERE = "postgresql://tally@127.0.0.1:1/tally"


@pytest.fixture
def make_queue(servers: Servers, redis: Redis) -> Callable[[str], QueueService]:
    """The queue of a deployment with some database, as `QueueService()` is wired."""

    def make(database_url: str) -> QueueService:
        settings = load_settings(redis_url=servers.redis_url, database_url=database_url)
        return Platform(settings).queue_service

    return make


@pytest.fixture
def queue(bureau: Bureau, migrated: str, make_queue: Callable[[str], QueueService]) -> QueueService:
    """One on both stores."""
    return make_queue(migrated)


def _audit(bureau: Bureau) -> list[tuple[str, str, str, str]]:
    """Who did what to what, and what came of it."""
    entries = [row.entry for row in reversed(bureau.audit.search(AuditFilter()))]
    return [(e.actor.name, e.action, e.object, e.outcome.value) for e in entries]


def test_a_job_is_canceled_under_a_name(queue: QueueService, bureau: Bureau) -> None:
    job_id = queue.enqueue_job("log_message", _NOTE)

    assert queue.cancel_job(job_id, reason="not needed", by="nightly") == "canceled"

    assert queue.get_job(job_id).state is JobState.CANCELED
    assert _audit(bureau) == [
        ("nightly", "jobs.cancel", f"job:{job_id}", "intended"),
        ("nightly", "jobs.cancel", f"job:{job_id}", "done"),
    ]
    with pytest.raises(IllegalMove):
        queue.cancel_job(job_id)


def test_a_handle_cancels_its_job(queue: QueueService) -> None:
    job: Job[None] = Job(queue.enqueue_job("log_message", _NOTE), True, queue)

    assert job.cancel(reason="not needed") == "canceled"
    assert job.view().state is JobState.CANCELED


def test_jobs_are_found_live_and_on_record(queue: QueueService, bureau: Bureau) -> None:
    old = queue.enqueue_job("log_message", _NOTE, tags=["vip"])
    bureau.chronicle.record()
    new = queue.enqueue_job("log_message", _NOTE, tags=["vip"])
    queue.enqueue_job("log_message", _NOTE)

    page = queue.search_jobs(JobFilter(tag="vip"))

    assert [job.id for job in page.jobs] == [new, old]
    assert page.sources == ("live", "history")
    recorded = queue.search_jobs(JobFilter(tag="vip"), source="history")
    assert [job.id for job in recorded.jobs] == [old]


def test_a_job_that_left_redis_is_as_the_record_has_it(
    queue: QueueService, bureau: Bureau, redis: Redis
) -> None:
    job_id = queue.enqueue_job("log_message", _NOTE, tenant="acme")
    (claimed,) = bureau.bench.claim()
    bureau.bench.settle(claimed, "finished", body='{"ok":true}', result="eyJvayI6dHJ1ZX0=")
    bureau.chronicle.record()
    live = queue.get_job(job_id)
    redis.flushdb()

    kept = queue.get_job(job_id)

    assert kept.result == {"ok": True} == Job(job_id, True, queue).result(timeout=1)
    assert (kept.id, kept.job_type, kept.queue, kept.state) == (
        live.id, live.job_type, live.queue, live.state,
    )  # fmt: skip
    assert (kept.payload, kept.attempt, kept.options) == (live.payload, live.attempt, live.options)
    assert [each.outcome for each in queue.job_history(job_id).attempts] == ["finished"]


def test_a_job_that_nobody_knows_is_not_found(queue: QueueService) -> None:
    with pytest.raises(JobNotFound, match="no job 'none' on record"):
        queue.get_job("none")


def test_while_the_record_is_away_nobody_says_that_a_job_never_was(
    make_queue: Callable[[str], QueueService], redis: Redis
) -> None:
    with pytest.raises(HistoryUnavailable):
        make_queue(_NOWHERE).get_job("none")


def test_queues_lanes_and_types_are_paused_and_resumed(queue: QueueService, bureau: Bureau) -> None:
    assert queue.pause(queue="high:email", reason="mail server") is True
    assert queue.pause(queue="high:email") is False
    assert queue.pause(lane="email", by="ops")
    assert queue.pause(job_type="log_message")

    assert {pause.what: pause.reason for pause in queue.pauses()} == {
        "queue:high:email": "mail server",
        "lane:email": "",
        "type:log_message": "",
    }
    assert queue.resume(lane="email")
    assert queue.resume(queue="high:email")
    assert queue.resume(job_type="log_message")
    assert queue.pauses() == []
    assert ("ops", "queues.pause_lane", "lane:email", "done") in _audit(bureau)
    with pytest.raises(InvalidOption, match="say one of queue, lane and job_type"):
        queue.pause(queue="high", lane="email")


def test_limits_queues_and_dead_letters_are_seen_and_changed(
    queue: QueueService, bureau: Bureau
) -> None:
    queue.limit("log_message", 3)
    waits = queue.enqueue_job("log_message", _NOTE, "low")
    dead = queue.enqueue_job("log_message", _NOTE, max_retries=0)
    (claimed,) = bureau.bench.claim(queues=("normal",))
    bureau.bench.settle(claimed, "failed", body='{"reason":"exception"}')

    assert queue.limits() == {"log_message": 3}
    assert queue.explain_job(waits).position == 0
    assert {state.name: state.accepted for state in queue.queue_states()} == {"low": 1, "normal": 1}
    assert [job.id for job, _ in queue.dead_jobs().jobs] == [dead]
    assert queue.retry_jobs([dead, waits]) == [dead]
    assert queue.reprioritise_job(dead, "high") == "high"
    assert queue.purge("low", reason="test") == 1
    assert queue.get_job(waits).state is JobState.CANCELED


def test_a_job_of_history_is_replayed_with_another_payload(
    queue: QueueService, bureau: Bureau
) -> None:
    old = queue.enqueue_job("log_message", _NOTE, tenant="acme")
    bureau.chronicle.record()

    new = queue.get_job(queue.replay_job(old, payload={"message": "again"}))

    assert (new.payload, new.labels.replay_of, new.labels.tenant) == (
        {"message": "again"}, old, "acme",
    )  # fmt: skip


def test_looking_before_leaping_enqueues_what_was_shown(queue: QueueService) -> None:
    requests = [{"job_type": "log_message", "payload": _NOTE, "delay": 60}]

    plan = queue.preview_jobs(requests)  # type: ignore[arg-type]
    assert [job.state for job in plan.jobs] == [JobState.SCHEDULED]
    assert plan.token is not None
    [job_id] = queue.enqueue_plan(requests, plan.token)  # type: ignore[arg-type]

    assert queue.get_job(job_id).state is JobState.SCHEDULED
    assert queue.run_job_now(job_id) == "normal"


def test_many_jobs_in_a_transaction_are_accepted_together_or_not(
    queue: QueueService, bureau: Bureau
) -> None:
    requests = [{"job_type": "log_message", "payload": {"message": str(n)}} for n in range(3)]

    with bureau.engine.begin() as connection:
        kept = queue.enqueue_many(requests, session=connection)  # type: ignore[arg-type]
    with bureau.engine.connect() as connection:
        queue.enqueue_many(requests, session=connection)  # type: ignore[arg-type]

    assert bureau.outbox_service.depth().waiting == 3
    assert [queue.get_job(each).payload["message"] for each in kept] == ["0", "1", "2"]


def test_a_test_run_is_flagged_and_comes_with_its_event(queue: QueueService) -> None:
    run = queue.test_job("log_message", _NOTE)

    assert queue.get_job(run.run_id).labels.is_test


@pytest.mark.parametrize("in_session", [False, True])
def test_of_many_the_error_says_which_does_not_fit(bureau: Bureau, *, in_session: bool) -> None:
    queue = QueueService(bureau.queue, bureau.intake, lambda: bureau.outbox_service)
    greet: JobRequest = {"job_type": "greet", "payload": {"name": "Ada"}}
    asked: list[JobRequest] = [greet, greet, {**greet, "queue": "nowhere"}]

    with bureau.engine.begin() as connection:
        session = connection if in_session else None
        with pytest.raises(InvalidOption) as refused:
            queue.enqueue_many(asked, session=session)

    assert refused.value.details == {"field": "queue", "place": 2}
    assert str(refused.value).startswith("jobs[2]: there is no queue 'nowhere'")
