"""Domain events: each is put on record and becomes one job for each subscription, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend.domain.errors import HistoryUnavailable, InvalidOption, JobNotFound, Unavailable
from backend.domain.events.event_record import Emitted, EventJob, EventRecord
from backend.domain.events.event_record_ports import EventRecordStore, RecordedEvent
from backend.domain.events.subscription import Subscription, SubscriptionTable
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import checked
from backend.domain.jobs.options.trace_parent import trace_id_in
from backend.services.events.event_payload import event_payload_text
from backend.services.jobs.job_intake import JobIntake
from backend.telemetry.logs.logger import Logger

log = Logger("tally.events")

_LONGEST_NAME = 200


class EventService:
    """Emits events. The jobs go through the outbox: they run if, and only if, the event is on record."""

    def __init__(
        self,
        store: EventRecordStore,
        intake: JobIntake,
        subscriptions: SubscriptionTable,
        *,
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._intake = intake
        self._subscriptions = subscriptions
        self._new_id = new_id

    def emit_event(
        self,
        name: str,
        payload: Mapping[str, Any] | None = None,
        session: Any = None,
        **details: Any,
    ) -> Emitted:
        """Says that something happened, in ``session``'s transaction or at once.

        ``session`` is an SQLAlchemy Session or Connection, or a psycopg2 connection or cursor, on the
        jobs database. Details: ``event_id`` (the same id again does nothing), ``source``,
        ``tenant``, ``trace_id`` (or a ``traceparent``), ``context_id``, ``is_test``.

        Without a ``session`` a `HistoryUnavailable` says in ``details["may_be_accepted"]`` whether the
        event may be on record all the same; ``event_id`` is its id then, and emitting it again under that
        is safe.
        """
        event = _event(name, payload or {}, details, self._new_id)
        jobs = [
            EventJob(subscription.name, self._job(subscription, event, payload or {}))
            for subscription in self._subscriptions.of(name)
        ]
        try:
            is_new = self._store.add(event, jobs, session)
        except HistoryUnavailable as error:
            if session is None:
                _tell_of_doubt(error, event.id)
            raise
        return Emitted(event.id, tuple(job.job.id for job in jobs), is_new)

    def get_event(self, event_id: str) -> RecordedEvent:
        """One event with its jobs; raises `JobNotFound`."""
        found = self._store.find(event_id)
        if found is None:
            raise JobNotFound(f"there is no event {event_id!r} on record", event_id=event_id)
        return found

    def events_of(self, context_id: str, limit: int = 50) -> list[RecordedEvent]:
        """The events of one context of the caller's, the newest first, each with what its jobs came to."""
        return self._store.find_context(context_id, limit)

    def check_subscriptions(self) -> None:
        """Raises `InvalidRequest` for a subscription to what does not exist: call it at the start."""
        for event in self._subscriptions.events():
            for subscription in self._subscriptions.of(event):
                try:
                    self._intake.catalogue.get(subscription.job_type)
                    self._intake.check_options(subscription.job_type, subscription.options)
                except InvalidOption as error:
                    raise InvalidOption(
                        f"subscription {subscription.name!r} of event {event!r}: {error}",
                        **error.details,
                    ) from error
                except Unavailable as away:
                    # A type that others published: known again when Redis is, and asked for then.
                    log.warning("subscription.not_checked", event_name=event, error=str(away))

    def _job(
        self, subscription: Subscription, event: EventRecord, payload: Mapping[str, Any]
    ) -> NewJob:
        of_event = {
            "tenant": event.tenant,
            "trace_id": event.trace_id,
            "context_id": event.context_id,
            "is_test": event.is_test,
        }
        options = {
            **subscription.options,
            # An event that says nothing leaves standing what the subscription says.
            **{name: value for name, value in of_event.items() if value},
            "job_id": derived_job_id(event.id, f"subscription:{subscription.name}"),
        }
        return self._intake.check(
            subscription.job_type,
            subscription.payload_for(payload),
            subscription.priority,
            options,
            {"event_id": event.id},
        )


def _tell_of_doubt(error: HistoryUnavailable, event_id: str) -> None:
    may_be = bool(error.details.get("may_be_done"))
    error.details["may_be_accepted"] = may_be
    if may_be:
        error.details["event_id"] = event_id
        words = f"event {event_id} may be on record all the same: emitting it again is safe under that id"
        error.args = (f"{error}; {words}",)


_DETAILS = frozenset({"event_id", "source", "tenant", "trace_id", "context_id", "is_test"})


def _event(
    name: str, payload: Mapping[str, Any], details: Mapping[str, Any], new_id: Callable[[], str]
) -> EventRecord:
    unknown = sorted(details.keys() - _DETAILS)
    if unknown:
        raise InvalidOption(f"an event has no {unknown[0]!r}", field=unknown[0])
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidOption(
            f"an event needs a name of 1 to {_LONGEST_NAME} characters", field="name"
        )
    text = event_payload_text(name, payload)
    return EventRecord(
        id=checked(details["event_id"]) if details.get("event_id") else new_id(),
        name=name,
        payload=text,
        source=details.get("source") or "",
        tenant=details.get("tenant") or "",
        trace_id=trace_id_in(details.get("trace_id") or ""),
        context_id=details.get("context_id") or "",
        is_test=bool(details.get("is_test")),
    )
