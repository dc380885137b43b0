"""Settings of outbox, events, callbacks and the ledger."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from pydantic import field_validator as checks

from backend.api.config.section import Seconds, Section
from backend.domain.errors import ConfigurationError
from backend.domain.events.subscription import Subscription, SubscriptionTable


class OutboxSettings(Section):
    """How the relay empties the outbox."""

    batch: int = Field(100, ge=1, le=1000, description="Most jobs sent in one step.")
    keep_hours: float = Field(
        24,
        ge=0,
        description="Hours a sent job stays at least; longer until it is on record. "
        "It goes with its job when retention takes that.",
    )


class SubscriptionSettings(Section):
    """A job that follows from an event."""

    job_type: str
    name: str = Field("", description="Tells subscriptions of one event apart; the job type's.")
    priority: Literal["high", "normal", "low"] | None = Field(
        None, description="The job type's own unless given."
    )
    payload: dict[str, Any] | None = Field(
        None,
        description="The job's payload: $.user.email takes what the event has there, $$ is a dollar, "
        "anything else is meant as it stands. Not given: the event's own payload.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="What else enqueue_job takes: delay, tags, max_retries…"
    )


class EventSettings(Section):
    """Which jobs follow from which events."""

    subscriptions: dict[str, tuple[SubscriptionSettings, ...]] = Field(
        default_factory=dict, description="By the event's name, one job for each entry."
    )

    @checks("subscriptions")
    @classmethod
    def _told_apart(
        cls, subscriptions: dict[str, tuple[SubscriptionSettings, ...]]
    ) -> dict[str, tuple[SubscriptionSettings, ...]]:
        try:
            _table(subscriptions)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return subscriptions

    def table(self) -> SubscriptionTable:
        """The subscriptions in the domain's words."""
        return _table(self.subscriptions)


class CallbackSettings(Section):
    """How callers are told of the end of their jobs."""

    secret: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]{0,64}$",
        description="Name of the signing secret under webhook.secrets; empty: webhook.default_secret. "
        "Jobs of keys that are bound to a tenant need it in webhook.secret_tenants.",
    )


class LedgerSettings(Section):
    """How Redis and the record are reconciled."""

    repair: bool = Field(
        False, description="Whether the hourly reconciliation puts right what it finds wrong."
    )
    patience: Seconds = Field(
        10, description="Seconds the recorder may take to catch up before the books are judged."
    )


def _table(subscriptions: dict[str, tuple[SubscriptionSettings, ...]]) -> SubscriptionTable:
    return SubscriptionTable(
        [
            Subscription(
                event=event,
                job_type=given.job_type,
                name=given.name or given.job_type,
                priority=given.priority,
                payload=given.payload,
                options=given.options,
            )
            for event, entries in subscriptions.items()
            for given in entries
        ]
    )
