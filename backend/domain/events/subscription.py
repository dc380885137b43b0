"""Which jobs follow from an event: subscriptions, and how an event's payload becomes a job's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.domain.errors import ConfigurationError, InvalidPayload

_FROM_EVENT = "$."
_ESCAPED = "$$"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One job that is enqueued for each event of a name.

    In ``payload`` a text like ``$.user.email`` takes what the event has there; ``$$`` writes a
    dollar; everything else is meant as it stands. None passes the event's payload on as it is.
    """

    event: str
    job_type: str
    #: Tells two subscriptions of one event apart, also in ids: renaming it is a new subscription.
    name: str
    priority: str | None = None
    payload: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def payload_for(self, event_payload: Mapping[str, Any]) -> dict[str, Any]:
        """The job's payload; raises `InvalidPayload` naming what the event lacks."""
        if self.payload is None:
            return dict(event_payload)
        return {name: self._filled(value, event_payload) for name, value in self.payload.items()}

    def _filled(self, value: Any, event_payload: Mapping[str, Any]) -> Any:
        if isinstance(value, str):
            return self._text(value, event_payload)
        if isinstance(value, Mapping):
            return {name: self._filled(inner, event_payload) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(inner, event_payload) for inner in value]
        return value

    def _text(self, text: str, event_payload: Mapping[str, Any]) -> Any:
        if text.startswith(_ESCAPED):
            return text[1:]
        if not text.startswith(_FROM_EVENT):
            return text
        found: Any = event_payload
        for step in text.removeprefix(_FROM_EVENT).split("."):
            if not isinstance(found, Mapping) or step not in found:
                raise InvalidPayload(
                    f"event {self.event!r} has no {text!r}, which subscription {self.name!r} needs",
                    event=self.event,
                    subscription=self.name,
                )
            found = found[step]
        return found


class SubscriptionTable:
    """Every subscription of the deployment, by the event's name."""

    def __init__(self, subscriptions: Sequence[Subscription] = ()) -> None:
        self._by_event: dict[str, list[Subscription]] = {}
        for subscription in subscriptions:
            others = self._by_event.setdefault(subscription.event, [])
            if any(other.name == subscription.name for other in others):
                raise ConfigurationError(
                    f"event {subscription.event!r} has two subscriptions called "
                    f"{subscription.name!r}; give one of them another name"
                )
            others.append(subscription)

    def of(self, event: str) -> Sequence[Subscription]:
        """The subscriptions of an event; none for one that nobody listens to."""
        return self._by_event.get(event, ())

    def events(self) -> list[str]:
        """Every event that somebody listens to."""
        return sorted(self._by_event)
