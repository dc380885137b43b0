"""Domain events that people and tokens emit. Code emits them in its own transaction, by `EventService`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain.access.actor import Actor
from backend.domain.events.event_record import Emitted
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.events.event_service import EventService


class EventActions(ActionFamily):
    """Emit."""

    def __init__(self, log: ActionLog, events: EventService) -> None:
        super().__init__(log)
        self._events = events

    @action("events.emit", "event:{name}")
    def emit(
        self, by: Actor, /, name: str, payload: Mapping[str, Any] | None, **details: Any
    ) -> Effect[Emitted]:
        """Puts an event on record, and enqueues a job for each of its subscriptions."""
        emitted = self._events.emit_event(name, payload, **details)
        return Effect(emitted, [emitted.event_id, *emitted.job_ids])
