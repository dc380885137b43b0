"""No action without a name: written down before it is done, and what came of it after.

While the audit log cannot be written, the whole entry goes to the process log instead and the action
goes on: an operator must be able to pause a queue while Postgres is away. Where it is required, the
action is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor
from backend.domain.audit.audit import ActionOutcome
from backend.domain.errors import InvalidRequest, MigrationError, Unavailable
from backend.telemetry.logs.logger import Logger

log = Logger("tally.audit")
#: Ids that are written out; the number says how many there were.
_MOST_IDS = 1000
T_co = TypeVar("T_co", covariant=True)


class AuditTrail(Protocol):
    """Where entries are kept for good, as `AuditService` does it."""

    def record(self, action: str, actor: Actor, **details: Any) -> object:
        """Adds one row to the end of the log; raises HistoryUnavailable."""


@dataclass(frozen=True, slots=True)
class Effect(Generic[T_co]):
    """What an action came to: ``value`` for whoever called it, the rest for the audit log."""

    value: T_co
    ids: Sequence[str] = ()
    #: How many were affected, where it is not the number of ids.
    affected: int | None = None
    before: Any = None
    after: Any = None


@dataclass(slots=True)
class Attempt:
    """An action under way."""

    effect: Effect[Any] = field(default_factory=lambda: Effect(None))


class ActionLog:
    """Writes the rows of actions: their intent, their outcome, or that they were refused."""

    def __init__(
        self,
        trail: AuditTrail,
        *,
        is_required: bool = False,
        when_lost: Callable[[Exception], None] | None = None,
        when_done: Callable[[str, str, Effect[Any]], None] | None = None,
    ) -> None:
        """``when_lost`` is told when the audit log cannot be written and the action goes on.

        ``when_done`` is told each action that is done, and what to.
        """
        self._trail = trail
        self._is_required = is_required
        self._when_lost = when_lost
        self._when_done = when_done

    @contextmanager
    def around(self, action: str, by: Actor, what: str, reason: str = "") -> Iterator[Attempt]:
        """Writes the intent, lets the action happen, and writes what came of it."""
        by = by if by.request_id else replace(by, request_id=secrets.token_hex(8))
        shared = {"object": what, "reason": reason}
        is_lost = not self._write(action, by, shared, ActionOutcome.INTENDED)
        attempt = Attempt()
        try:
            yield attempt
        except Exception as error:
            self._write(action, by, {**shared, "after": _why(error)}, _outcome_of(error), is_lost)
            raise
        effect = attempt.effect
        if self._when_done is not None:
            self._when_done(action, what, effect)
        came_of_it = {
            "affected_ids": effect.ids[:_MOST_IDS],
            "affected": len(effect.ids) if effect.affected is None else effect.affected,
            "before": effect.before,
            "after": effect.after,
        }
        self._write(action, by, {**shared, **came_of_it}, ActionOutcome.DONE, is_lost)
        log.info("action.done", action=action, object=what, by=by.name, reason=reason)

    def refuse(self, action: str, by: Actor, what: str, why: NotAllowed) -> None:
        """Writes down that somebody we know tried what they may not."""
        self._write(action, by, {"object": what, "after": _why(why)}, ActionOutcome.REFUSED)

    def _may_go_on(self, error: Exception) -> bool:
        return isinstance(error, Unavailable | MigrationError) and not self._is_required

    def _write(
        self,
        action: str,
        by: Actor,
        details: Mapping[str, Any],
        outcome: ActionOutcome,
        is_lost: bool = False,
    ) -> bool:
        """Whether the row is in the audit log."""
        try:
            self._trail.record(action, by, outcome=outcome, **details)
        except Exception as error:
            if outcome is ActionOutcome.INTENDED and not self._may_go_on(error):
                raise
            # What is done is done: whoever is told that it failed would do it again.
            if self._when_lost is not None and not is_lost:
                self._when_lost(error)
            tell_log(action, by, {"outcome": outcome.value, **details}, error)
            return False
        return True


def tell_log(action: str, by: Actor, details: Mapping[str, Any], error: Exception) -> None:
    """The last resort: the entry as a line of the process log, without what is empty."""
    entry = {
        "actor": by.name,
        "role": by.role,
        "source": by.source,
        "request_id": by.request_id,
        "trace_id": by.trace_id,
        **details,
    }
    told = {name: value for name, value in entry.items() if value not in (None, "", (), [])}
    log.error("audit.not_recorded", action=action, cause=str(error), **told)


def _outcome_of(error: Exception) -> ActionOutcome:
    refused = isinstance(error, InvalidRequest | NotAllowed)
    return ActionOutcome.REFUSED if refused else ActionOutcome.FAILED


def _why(error: Exception) -> dict[str, str]:
    return {"error": getattr(error, "code", type(error).__name__), "message": str(error)}
