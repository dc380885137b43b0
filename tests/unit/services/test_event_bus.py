"""The bus emits what a session committed, all of it and nothing else. Without a server: sqlite will do."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from backend.domain.errors import InvalidPayload
from backend.domain.events.event_record import Emitted
from backend.services.events.event_bus import EventBus


class Told:
    """Where events are emitted to."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def emit(self, name: str, payload: Any, **details: Any) -> Emitted:
        """Notes it; some cannot be emitted."""
        if name == "broken":
            raise ValueError(name)
        self.events.append((name, payload))
        return Emitted(name, (), is_new=True)

    @property
    def names(self) -> list[str]:
        """Of what was emitted, in order."""
        return [name for name, _ in self.events]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def bus(told: Told) -> EventBus:
    return EventBus(told.emit)


def test_what_a_session_was_closed_on_is_not_emitted_by_its_next_commit(
    bus: EventBus, told: Told, session: Session
) -> None:
    bus.publish(session, "order.paid")
    session.close()

    bus.publish(session, "order.sent")
    session.commit()

    assert told.names == ["order.sent"]


def test_of_the_session_of_a_registry_the_same_holds(
    bus: EventBus, told: Told, engine: Engine
) -> None:
    registry = scoped_session(sessionmaker(engine))
    bus.publish(registry, "order.paid")
    registry.close()
    registry.commit()

    bus.publish(registry, "order.sent")
    registry.commit()
    registry.remove()
    with sessionmaker(engine)() as another:
        another.begin()
        another.commit()

    assert told.names == ["order.sent"]


def test_a_savepoint_that_is_closed_takes_its_events_with_it_and_no_others(
    bus: EventBus, told: Told, session: Session
) -> None:
    bus.publish(session, "before")
    savepoint = session.begin_nested()
    bus.publish(session, "lost")
    with session.begin_nested():
        bus.publish(session, "lost too")
    savepoint.close()
    with session.begin_nested(), session.begin_nested():
        bus.publish(session, "inside")
    session.commit()

    assert told.names == ["before", "inside"]


def test_a_payload_is_emitted_as_it_was_when_it_was_published(
    bus: EventBus, told: Told, session: Session
) -> None:
    payload = {"order": {"lines": [1]}}
    bus.publish(session, "order.paid", payload)
    payload["order"]["lines"].append(2)
    session.commit()
    with bus.unit_of_work() as unit:
        unit.publish("order.sent", payload)
        payload["order"]["lines"].append(3)

    assert told.events == [
        ("order.paid", {"order": {"lines": [1]}}),
        ("order.sent", {"order": {"lines": [1, 2]}}),
    ]


def test_a_payload_that_is_not_json_is_refused_while_all_can_still_be_undone(
    bus: EventBus, told: Told, session: Session
) -> None:
    with pytest.raises(InvalidPayload, match=r"event 'order\.paid' is not JSON"):
        bus.publish(session, "order.paid", {"at": object()})
    with pytest.raises(InvalidPayload), bus.unit_of_work() as unit:
        unit.publish("order.paid", {"at": object()})
    session.commit()

    assert told.events == []


def test_whatever_keeps_one_event_from_being_emitted_the_others_are_and_the_commit_stands(
    bus: EventBus, told: Told, session: Session
) -> None:
    for name in ("before", "broken", "behind"):
        bus.publish(session, name)

    session.commit()

    assert told.names == ["before", "behind"]


def test_each_bus_emits_its_own_events_of_a_session(bus: EventBus, session: Session) -> None:
    others = Told()
    bus.publish(session, "mine")
    EventBus(others.emit).publish(session, "theirs")

    session.commit()

    assert others.names == ["theirs"]


def test_a_session_is_not_kept_for_what_it_published(bus: EventBus, engine: Engine) -> None:
    session = Session(engine)
    bus.publish(session, "order.paid")
    session.close()
    gone = weakref.ref(session)

    del session
    gc.collect()

    assert gone() is None
