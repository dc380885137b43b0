"""Which job follows from which event, and what it is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from backend.api.config.record_settings import EventSettings
from backend.domain.errors import ConfigurationError, InvalidPayload, QueueUnavailable
from backend.domain.events.subscription import Subscription, SubscriptionTable
from backend.services.events.event_service import EventService

EVENT = {"user": {"name": "Ada", "roles": ["admin"], "age": None}, "n": 1}


@pytest.mark.parametrize(
    ("template", "payload"),
    [
        (None, EVENT),
        ({}, {}),
        ({"to": "$.user.name"}, {"to": "Ada"}),
        ({"roles": "$.user.roles", "age": "$.user.age"}, {"roles": ["admin"], "age": None}),
        ({"deep": {"list": ["$.n", 2, "three"]}}, {"deep": {"list": [1, 2, "three"]}}),
        (
            {"price": "$$5", "plain": "user.name", "flag": True},
            {"price": "$5", "plain": "user.name", "flag": True},
        ),
    ],
)
def test_a_payload_is_filled_from_the_event(template: Any, payload: Any) -> None:
    subscription = Subscription("e", "greet", "greet", payload=template)

    assert subscription.payload_for(EVENT) == payload


@pytest.mark.parametrize("path", ["$.user.email", "$.n.deeper", "$.", "$.user.roles.0"])
def test_what_the_event_lacks_is_named(path: str) -> None:
    subscription = Subscription("e", "greet", "welcome", payload={"to": path})

    with pytest.raises(InvalidPayload, match="'welcome'") as raised:
        subscription.payload_for(EVENT)

    assert path in str(raised.value)


def test_an_event_nobody_listens_to_has_no_subscriptions() -> None:
    table = SubscriptionTable([Subscription("a", "greet", "greet")])

    assert table.of("b") == ()
    assert table.events() == ["a"]


def test_two_subscriptions_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two subscriptions called 'greet'"):
        SubscriptionTable([Subscription("a", "greet", "greet"), Subscription("a", "x", "greet")])


def test_settings_become_a_table_in_their_order() -> None:
    settings = EventSettings.model_validate(
        {
            "subscriptions": {
                "user.registered": [
                    {"job_type": "send_email", "payload": {"to": "$.email"}, "priority": "high"},
                    {"job_type": "count", "options": {"delay": 5}},
                    {"job_type": "count", "name": "count again"},
                ]
            }
        }
    )

    email, count, again = settings.table().of("user.registered")

    assert (email.job_type, email.priority, email.payload) == (
        "send_email",
        "high",
        {"to": "$.email"},
    )
    assert (count.name, count.options) == ("count", {"delay": 5})
    assert again.name == "count again"


@pytest.mark.parametrize(
    "entry", [{}, {"job_type": "x", "priority": "urgent"}, {"job_type": "x", "colour": 1}]
)
def test_a_wrong_subscription_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EventSettings.model_validate({"subscriptions": {"a": [entry]}})


def test_two_entries_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(ValidationError, match="give one of them another name"):
        EventSettings.model_validate(
            {"subscriptions": {"a": [{"job_type": "x"}, {"job_type": "x"}]}}
        )


class _RedisIsAway:
    """A catalogue that would have to ask Redis for a type that this process has no code of."""

    def get(self, name: str) -> Any:
        raise QueueUnavailable("Redis is away")


def test_a_type_of_others_that_cannot_be_asked_for_now_is_told_and_keeps_nobody_from_starting() -> (
    None
):
    intake: Any = SimpleNamespace(catalogue=_RedisIsAway())
    table = SubscriptionTable([Subscription("order.paid", "of_others", "greet")])

    with capture_logs() as lines:
        EventService(Mock(), intake, table, new_id=str).check_subscriptions()

    assert [(line["event"], line["event_name"]) for line in lines] == [
        ("subscription.not_checked", "order.paid")
    ]
