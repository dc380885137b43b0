"""A preview tells what stands before a job, how many wait there, when it may start, and its twin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.broker.jobs.gates.fair_queues import RedisFairQueues
from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.broker.jobs.operations import RedisOperations
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.plans.job_preview import GateAhead, JobPreview
from backend.domain.schedules.freeze import Freeze, Window
from backend.services.jobs import preview_service
from backend.services.jobs.job_intake import JobIntake
from tests.integration.record.bureau import Bureau, new_id

ADA = {"job_type": "greet", "payload": {"name": "Ada"}}
UNIQUE = {**ADA, "unique": "started"}
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def worker(bureau: Bureau) -> None:
    """One that serves the queue and has nothing to do, so that nothing is said of workers."""
    queues = ["high", "normal", "low"]
    parts = (bureau.redis, bureau.keys)
    RedisWorkerPresence(
        *parts, name="w1", lane="default", queues=queues, slots=4, lifetime=60
    ).register()


def _preview(bureau: Bureau, request: dict[str, Any] = ADA) -> JobPreview:
    [job] = bureau.previews.preview_jobs([request]).jobs  # type: ignore[list-item]
    return job


def _gate(preview: JobPreview) -> GateAhead:
    assert preview.gates is not None
    [gate] = preview.gates
    return gate


def _is_about(found: datetime | None, wanted: datetime) -> bool:
    return found is not None and abs((found - wanted).total_seconds()) < 60


def test_nothing_stands_before_a_job_that_may_start_at_once(bureau: Bureau) -> None:
    preview = _preview(bureau)

    assert (preview.gates, preview.twin) == ((), None)
    assert _is_about(preview.starts_about, datetime.now(UTC))


def test_a_limit_that_is_full_opens_when_a_job_ends(bureau: Bureau) -> None:
    bureau.enqueue(*(bureau.job() for _ in range(3)))
    bureau.bench.functions.call("limit", "", "", "greet", 1)
    [held] = bureau.bench.claim(3)

    preview = _preview(bureau)

    assert _gate(preview) == GateAhead(
        "limit_full",
        "type:greet",
        f"the job type greet may run 1 at once, and 1 do: {held.id}",
        2,
        None,
    )
    assert preview.starts_about is None


def test_jobs_of_another_tenant_are_not_named(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(tenant="umbrella"), bureau.job())
    bureau.bench.functions.call("limit", "", "", "greet", 1)
    bureau.bench.claim(3)

    [job] = bureau.previews.preview_jobs([ADA], of_tenant="acme").jobs  # type: ignore[list-item]

    assert _gate(job).text == "the job type greet may run 1 at once, and 1 do"


def test_a_rate_tells_when_it_may_start_behind_those_who_wait(bureau: Bureau) -> None:
    RedisOperations(bureau.redis, bureau.keys).rate("greet", Rate(1, 3600.0, 1))
    bureau.enqueue(*(bureau.job() for _ in range(3)))
    bureau.bench.claim(3)

    preview = _preview(bureau)

    gate = _gate(preview)
    assert (gate.code, gate.gate, gate.waiting) == ("rate_used_up", "rate:greet", 2)
    assert _is_about(gate.opens_at, datetime.now(UTC) + 3 * HOUR)
    assert preview.starts_about == gate.opens_at


def test_a_pause_ends_when_somebody_says_so(bureau: Bureau) -> None:
    bureau.bench.functions.call("pause", "type:greet", "ada", "disk")
    bureau.enqueue(bureau.job())
    bureau.bench.claim()

    preview = _preview(bureau)

    gate = _gate(preview)
    assert (gate.code, gate.gate, gate.waiting) == ("paused", "paused:type:greet", 1)
    assert (gate.opens_at, preview.starts_about) == (None, None)


def test_a_freeze_tells_its_end_and_one_that_follows_is_counted(bureau: Bureau) -> None:
    now = datetime.now(UTC)
    first, second = Window(now - HOUR, now + HOUR), Window(now + HOUR, now + 2 * HOUR)
    freezes = RedisFreezes(bureau.redis, bureau.keys)
    freezes.set(Freeze("move", "type:greet", *first), [first], by="ada", reason="")
    freezes.set(Freeze("more", "queue:normal", *second), [second], by="ada", reason="")
    bureau.enqueue(bureau.job())
    bureau.bench.claim()

    preview = _preview(bureau)

    gate = _gate(preview)
    assert (gate.code, gate.gate, gate.waiting) == ("frozen", "frozen:type:greet", 1)
    assert _is_about(gate.opens_at, first.ends_at)
    assert _is_about(preview.starts_about, second.ends_at)


def test_a_delayed_job_starts_no_sooner_than_it_is_due(bureau: Bureau) -> None:
    preview = _preview(bureau, {**ADA, "delay": 7200})

    assert _is_about(preview.starts_about, datetime.now(UTC) + 2 * HOUR)


def test_a_breaker_tells_its_destination_and_one_that_was_opened_by_hand_no_time(
    bureau: Bureau,
) -> None:
    kinds = JobTypeCatalogue([JobType("call", new_id, breaker=Breaker("url"))])
    intake = JobIntake(kinds, bureau.rules, new_id=new_id, now=bureau.clock.now)
    host = "call:down.example.com:443"
    RedisBreakers(bureau.redis, bureau.keys).open(host, by="ada", reason="they move")
    asked = {"job_type": "call", "payload": {"url": "https://down.example.com/"}}
    bureau.enqueue(intake.check("call", asked["payload"], None, {}))  # type: ignore[arg-type]
    bureau.bench.claim()

    [preview] = bureau.previews_of(intake).preview_jobs([asked]).jobs  # type: ignore[list-item]

    gate = _gate(preview)
    assert (gate.code, gate.gate, gate.waiting) == ("breaker_open", f"breaker:{host}", 1)
    assert (gate.opens_at, preview.starts_about) == (None, None)


def test_a_quota_that_is_used_up_tells_that_the_job_would_be_refused(bureau: Bureau) -> None:
    RedisQuotas(bureau.redis, bureau.keys).set("acme", Quota(waiting=1), by="ada", reason="")
    unique = {**UNIQUE, "tenant": "acme"}
    bureau.enqueue(bureau.job(tenant="acme", unique="started"))

    preview = _preview(bureau, {**ADA, "tenant": "acme"})

    assert _gate(preview) == GateAhead(
        "quota_waiting",
        "",
        "of the tenant 'acme' 1 jobs may wait, and 1 do: a new one is refused until one of them has "
        "started",
        1,
        None,
    )
    assert preview.starts_about is None
    # Its twin answers it, whether there is room or not.
    assert _preview(bureau, unique).gates == ()
    assert _preview(bureau, {**ADA, "tenant": "umbrella"}).gates == ()


def test_a_fair_queue_tells_the_place_behind_the_jobs_of_its_key(bureau: Bureau) -> None:
    fair = RedisFairQueues(bureau.redis, bureau.keys)
    fair.set_rule("normal", Fairness("tenant"), by="ada", reason="")
    bureau.enqueue(*(bureau.job(tenant="acme") for _ in range(3)), bureau.job(tenant="umbrella"))

    own, newcomer = (_gate(_preview(bureau, {**ADA, "tenant": t})) for t in ("acme", "initech"))

    assert (own.code, own.gate, own.waiting, own.opens_at) == ("fair_turn", "fair:normal", 3, None)
    assert own.text.startswith("it is number 4 in the line of jobs of tenant 'acme'; ")
    assert newcomer.text == (
        "it is number 1 in the line of jobs of tenant 'initech'; 2 of 3 lines have a turn before its line "
        "has the next"
    )


def test_a_twin_is_named_with_what_makes_it_one_and_nothing_is_changed(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique="started"))

    preview = _preview(bureau, UNIQUE)

    assert preview.twin is not None
    assert preview.twin.words == "job first is the same and keeps others out, until it has started"
    assert preview.starts_about is None
    assert bureau.bench.kinds("first") == ["enqueued"]


def test_of_a_plan_the_second_of_two_that_are_the_same_is_the_first(bureau: Bureau) -> None:
    plan = bureau.previews.preview_jobs([ADA, UNIQUE, UNIQUE])  # type: ignore[list-item]

    assert [job.twin and job.twin.place for job in plan.jobs] == [None, None, 1]
    assert plan.token is not None
    replies = bureau.previews.enqueue_plan([ADA, UNIQUE, UNIQUE], plan.token)  # type: ignore[list-item]
    assert [reply.created for reply in replies] == [True, True, False]
    assert replies[1].id == replies[2].id


def test_a_key_that_belongs_to_another_job_is_refused_as_it_would_be(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="first", idempotency_key="k"))
    asked = {**ADA, "payload": {"name": "Bob"}, "idempotency_key": "k"}

    plan = bureau.previews.preview_jobs([asked])  # type: ignore[list-item]

    [job] = plan.jobs
    assert (job.is_valid, plan.token) == (False, None)
    assert job.error is not None
    assert (job.error["code"], job.error["job_id"]) == ("idempotency_conflict", "first")


def test_what_stands_before_many_jobs_alike_is_asked_once(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_service, "_MOST_FORECASTS", 1)
    keyed = {**ADA, "limit_key": "k", "limit": 1}

    plan = bureau.previews.preview_jobs([ADA, ADA, keyed])  # type: ignore[list-item]

    assert [job.gates for job in plan.jobs] == [(), (), None]
