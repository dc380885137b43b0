"""An event on record becomes one job for each subscription, however often it is told."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from backend.domain.errors import (
    HistoryUnavailable,
    InvalidOption,
    InvalidPayload,
    JobNotFound,
    UnknownJobType,
)
from backend.domain.events.subscription import Subscription, SubscriptionTable
from backend.services.events.event_bus import EventBus
from backend.services.events.event_service import EventService
from tests.integration.history.lost_commits import lose_the_commit
from tests.integration.record.bureau import Bureau, new_id

ADA = {"user": {"name": "Ada", "id": 7}}


def test_an_event_becomes_one_job_for_each_subscription(bureau: Bureau) -> None:
    emitted = bureau.event_service.emit_event(
        "user.registered", ADA, trace_id="t-1", context_id="c-1", tenant="acme"
    )
    bureau.relay_all()

    greeting, count = (bureau.queue.find(job_id) for job_id in emitted.job_ids)
    assert greeting is not None
    assert count is not None
    assert (greeting.queue, greeting.payload) == ("high", {"name": "Ada"})
    assert (count.queue, count.payload, count.tags) == ("normal:report", ADA, ["new"])
    assert count.options["event_id"] == emitted.event_id
    assert (count.trace_id, count.options["context_id"]) == ("t-1", "c-1")
    recorded = bureau.event_service.get_event(emitted.event_id)
    assert recorded.job_ids == dict(zip(("greet", "count"), emitted.job_ids, strict=True))
    assert recorded.event.tenant == "acme"


def test_an_event_knows_what_its_jobs_came_to(bureau: Bureau) -> None:
    emitted = bureau.event_service.emit_event("user.registered", ADA, context_id="c-9")
    unrecorded = bureau.event_service.get_event(emitted.event_id)
    bureau.relay_all()
    bureau.run_all('{"greeted": "Ada"}')
    bureau.record()

    recorded = bureau.event_service.get_event(emitted.event_id)

    assert [outcome[:5] for outcome in unrecorded.outcomes] == [
        ("count", emitted.job_ids[1], "", None, None),
        ("greet", emitted.job_ids[0], "", None, None),
    ]
    assert [outcome[:6] for outcome in recorded.outcomes] == [
        ("count", emitted.job_ids[1], "count", "finished", {"greeted": "Ada"}, ""),
        ("greet", emitted.job_ids[0], "greet", "finished", {"greeted": "Ada"}, ""),
    ]
    assert all(outcome.finished_at for outcome in recorded.outcomes)
    in_other_words = bureau.rows(
        "SELECT status, result_payload FROM task_jobs WHERE context_id = 'c-9'"
    )
    assert [tuple(row.values()) for row in in_other_words] == [
        ("succeeded", {"greeted": "Ada"})
    ] * 2


def test_the_events_of_a_context_are_found_the_newest_first(bureau: Bureau) -> None:
    for number in range(3):
        bureau.event_service.emit_event(
            "user.registered", ADA, event_id=f"e-{number}", context_id="c"
        )
    bureau.event_service.emit_event("user.registered", ADA, context_id="another")

    found = bureau.event_service.events_of("c", 2)

    assert [each.event.id for each in found] == ["e-2", "e-1"]
    assert [len(each.outcomes) for each in found] == [2, 2]
    assert bureau.event_service.events_of("nobody's") == []


def test_a_job_of_an_event_has_the_options_of_its_subscription(bureau: Bureau) -> None:
    labels = {"tags": ["new"], "environment": "staging", "tenant": "acme"}
    options = {"max_retries": 0, "result_ttl": 0, **labels}
    table = SubscriptionTable([Subscription("door.opened", "count", "count", options=options)])
    service = EventService(bureau.events, bureau.intake, table, new_id=new_id)

    service.emit_event("door.opened")

    [row] = bureau.rows("SELECT job->'options' options, job->'max_attempts' most FROM job_outbox")
    assert row["most"] == 1
    event_id = row["options"]["event_id"]
    assert row["options"] == {"result_ttl": 0, "version": 3, "event_id": event_id, **labels}


def test_the_same_event_again_makes_no_second_job(bureau: Bureau) -> None:
    first = bureau.event_service.emit_event("user.registered", ADA, event_id="evt-1")
    again = bureau.event_service.emit_event("user.registered", ADA, event_id="evt-1")

    assert (first.is_new, again.is_new) == (True, False)
    assert first.job_ids == again.job_ids
    assert len(bureau.rows("SELECT 1 FROM job_outbox")) == 2


def test_an_event_told_by_many_at_once_is_one(bureau: Bureau) -> None:
    def tell() -> None:
        news.append(
            bureau.event_service.emit_event("user.registered", ADA, event_id="evt-2").is_new
        )

    news: list[bool] = []
    tellers = [threading.Thread(target=tell) for _ in range(6)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()

    assert sorted(news) == [False] * 5 + [True]
    assert len(bureau.rows("SELECT 1 FROM job_outbox")) == 2


def test_an_event_of_a_rolled_back_transaction_never_was(bureau: Bureau) -> None:
    with Session(bureau.engine) as session:
        emitted = bureau.event_service.emit_event("user.registered", ADA, session)
        session.rollback()

    assert bureau.rows("SELECT 1 FROM job_outbox") == []
    with pytest.raises(JobNotFound):
        bureau.event_service.get_event(emitted.event_id)


def test_an_event_nobody_listens_to_is_still_on_record(bureau: Bureau) -> None:
    emitted = bureau.event_service.emit_event("door.opened")

    assert emitted.job_ids == ()
    assert bureau.event_service.get_event(emitted.event_id).event.name == "door.opened"


def test_an_event_that_lacks_what_a_subscription_needs_is_refused_as_a_whole(
    bureau: Bureau,
) -> None:
    with pytest.raises(InvalidPayload, match=r"\$\.user\.name.*'greet'"):
        bureau.event_service.emit_event("user.registered", {"user": {}})

    assert bureau.rows("SELECT 1 FROM event_records") == []


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x", "colour": 1}, {"name": "x", "event_id": "a b"}]
)
def test_a_wrong_event_is_refused(bureau: Bureau, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        bureau.event_service.emit_event(**wrong)


def test_a_subscription_to_a_job_type_that_does_not_exist_is_found(bureau: Bureau) -> None:
    table = SubscriptionTable([Subscription("a", "grete", "grete")])
    service = EventService(bureau.events, bureau.intake, table, new_id=new_id)

    with pytest.raises(UnknownJobType, match="did you mean 'greet'"):
        service.check_subscriptions()


def test_an_event_whose_commit_was_not_answered_is_told_by_its_id_and_can_be_told_again(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_the_commit(bureau.engine, "event_records", monkeypatch)

    with pytest.raises(HistoryUnavailable) as refusal:
        bureau.event_service.emit_event("user.registered", ADA)

    event_id = refusal.value.details["event_id"]
    assert refusal.value.details["may_be_accepted"] is True
    again = bureau.event_service.emit_event("user.registered", ADA, event_id=event_id)
    assert again.is_new is False
    assert len(bureau.rows("SELECT 1 FROM job_outbox")) == 2


@pytest.fixture
def elsewhere() -> Session:
    """A unit of work on a database that is not ours."""
    return Session(create_engine("sqlite://"))


def _events(bureau: Bureau) -> list[str]:
    return [
        row["name"] for row in bureau.rows("SELECT name FROM event_records ORDER BY created_at")
    ]


def test_the_bus_publishes_after_the_commit_and_not_before(
    bureau: Bureau, elsewhere: Session
) -> None:
    bus = EventBus(bureau.event_service.emit_event)

    with elsewhere, elsewhere.begin():
        bus.publish(elsewhere, "door.opened", {"door": 1})
        assert _events(bureau) == []

    assert _events(bureau) == ["door.opened"]


def test_the_bus_forgets_what_was_rolled_back(bureau: Bureau, elsewhere: Session) -> None:
    bus = EventBus(bureau.event_service.emit_event)

    with elsewhere:
        bus.publish(elsewhere, "door.opened")
        elsewhere.rollback()
        bus.publish(elsewhere, "door.closed")
        elsewhere.commit()
        elsewhere.commit()

    assert _events(bureau) == ["door.closed"]


def test_the_bus_keeps_to_savepoints(bureau: Bureau, elsewhere: Session) -> None:
    bus = EventBus(bureau.event_service.emit_event)

    with elsewhere, elsewhere.begin():
        bus.publish(elsewhere, "before")
        with elsewhere.begin_nested():
            bus.publish(elsewhere, "inside")
        assert _events(bureau) == []
        with elsewhere.begin_nested() as savepoint:
            bus.publish(elsewhere, "undone")
            savepoint.rollback()
        bus.publish(elsewhere, "after")

    assert _events(bureau) == ["before", "inside", "after"]


def test_a_unit_of_work_without_a_session_publishes_when_it_ends_well(bureau: Bureau) -> None:
    bus = EventBus(bureau.event_service.emit_event)

    with bus.unit_of_work() as unit:
        unit.publish("door.opened")
        assert _events(bureau) == []
    with contextlib.suppress(ZeroDivisionError), bus.unit_of_work() as unit:
        unit.publish("door.closed")
        _ = 1 / 0

    assert _events(bureau) == ["door.opened"]


def test_an_event_that_cannot_be_published_does_not_undo_what_happened(
    bureau: Bureau, elsewhere: Session
) -> None:
    bus = EventBus(bureau.event_service.emit_event)

    with elsewhere, elsewhere.begin():
        bus.publish(elsewhere, "user.registered", {})
        bus.publish(elsewhere, "door.opened")

    assert _events(bureau) == ["door.opened"]
